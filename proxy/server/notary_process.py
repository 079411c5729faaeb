"""The notary as a child process of the service: the only one with the signing key."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from typing import Final

from proxy.errors import ConfigurationError, RecordUnavailable
from proxy.server.child import ends_with_parent
from proxy.settings.service import Ledger

_READY: Final = b"ready\n"
_START_SECONDS_MAX: Final = 300.0
_STOP_SECONDS_MAX: Final = 60.0
# One that hangs gets no longer to drain: what was acknowledged is durable already.
_HUNG_STOP_SECONDS_MAX: Final = 2.0
_CONFIGURATION_EXIT: Final = 2


class NotaryProcess:
    """A running notary; `exited` is done when it is gone, for whatever reason."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.hangs = False
        self.process_id = process.pid
        self.exited = asyncio.create_task(process.wait())

    async def stop(self) -> None:
        """Ask it to drain and stop, and wait until it has."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(_HUNG_STOP_SECONDS_MAX if self.hangs else _STOP_SECONDS_MAX):
                await asyncio.shield(self.exited)
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()


async def start_notary(ledger: Ledger, *arguments: str) -> NotaryProcess:
    """Start it and wait until it serves, which includes recovering its log.

    Its errors go to our stderr, one line each. Raises `ConfigurationError` when it cannot use what
    is configured, `RecordUnavailable` when the ledger is damaged or fails.
    """
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ledger.notary"),
        *("--log", str(ledger.directory)),
        *("--keys", str(ledger.keys)),
        *("--socket", str(ledger.socket_path)),
        *("--proxy-id", ledger.proxy_id),
        *(() if ledger.head_file is None else ("--head", str(ledger.head_file))),
        *(("--force-filesystem",) if ledger.force_filesystem else ()),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        # A terminal's Ctrl-C reaches the whole group: the notary has to outlive the sessions.
        start_new_session=True,
        preexec_fn=ends_with_parent(signal.SIGTERM),
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(_START_SECONDS_MAX):
            line = await process.stdout.readline()
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    if line == _READY:
        return NotaryProcess(process)
    if await process.wait() == _CONFIGURATION_EXIT:
        raise ConfigurationError("the notary did not start: see its message above")
    raise RecordUnavailable("the ledger cannot be opened: see the notary's message above")
