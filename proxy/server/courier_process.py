"""The courier as a child process of the service: goes to the witness, and holds no key."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

from proxy.server.child import ends_with_parent
from proxy.server.guard_process import witness_arguments
from proxy.settings.service import Ledger
from proxy.telemetry.labels import WitnessFailure
from proxy.telemetry.metrics import Metrics

_FAILED_EXIT: Final = 1
_CONTRADICTED_EXIT: Final = 3
_FIRST_PAUSE_SECONDS: Final = 0.25
_PAUSE_SECONDS_MAX: Final = 30.0
_STOP_SECONDS_MAX: Final = 5.0
# The notary writes an entry a minute, so that there is always something to cosign.
_SILENT_SECONDS_MAX: Final = 180.0
_HOW: Final = {
    failure.value.encode(): failure
    for failure in (
        WitnessFailure.UNREACHABLE,
        WitnessFailure.REFUSED,
        WitnessFailure.UNKNOWN_LOG,
        WitnessFailure.NONSENSE,
        WitnessFailure.UNPROVEN,
    )
}
_SAID: Final = re.compile(
    rb"(kept|cosigned) (\d{1,19}) (\d{1,19})\n|failed (%b)\n" % b"|".join(_HOW)
)
_log = logging.getLogger(__name__)


class Courier:
    """Started and watched: one that dies starts again, and takes nothing with it.

    `contradicted` is called once, when the witness has shown another history of the log. Where no
    witness is asked over a network there is nothing to start.
    """

    def __init__(self, ledger: Ledger, metrics: Metrics, contradicted: Callable[[], None]) -> None:
        self._ledger = ledger
        self._metrics = metrics
        self._contradicted = contradicted
        self._process: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._failing: str | None = None
        self._heard_at = time.monotonic()
        self._pause_seconds = _FIRST_PAUSE_SECONDS

    @property
    def process_id(self) -> int | None:
        """Of the one that runs."""
        return self._process.pid if self._process is not None else None

    @property
    def is_well(self) -> bool:
        """Whether the witness cosigned lately, or is not asked at all."""
        if self._watch is None:
            return True
        witness = self._ledger.witness
        interval_seconds = witness.interval_ms / 1000 if witness is not None else 0.0
        return time.monotonic() - self._heard_at <= _SILENT_SECONDS_MAX + interval_seconds

    def start(self) -> None:
        """Start it where there is a witness to go to; the notary serves already."""
        witness = self._ledger.witness
        if witness is None or witness.url is None:
            return
        arguments = (
            *witness_arguments(self._ledger, witness, witness.url),
            *("--interval-ms", str(witness.interval_ms)),
            *(("--notary", str(self._ledger.socket_path)) if witness.required else ()),
        )
        self._metrics.witness_cosigned(0, time.time())
        self._watch = asyncio.create_task(self._run(arguments))

    async def stop(self) -> None:
        """Let it take along what was published last, and wait until it is gone."""
        self._stopping.set()
        if self._watch is None:
            return
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(signal.SIGTERM)
        await asyncio.wait((self._watch,), timeout=_STOP_SECONDS_MAX)
        if self._process is not None and self._process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
            await asyncio.wait((self._watch,), timeout=_STOP_SECONDS_MAX)
        self._watch.cancel()

    async def _run(self, arguments: tuple[str, ...]) -> None:
        while not self._stopping.is_set():
            try:
                code = await self._go(arguments)
            except OSError:
                # No process to be had now: as if it had died.
                code = _FAILED_EXIT
            if code == _CONTRADICTED_EXIT:
                self._contradicted()
                return
            if self._stopping.is_set():
                return
            self._failed(WitnessFailure.CRASHED)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._pause_seconds):
                    await self._stopping.wait()
            self._pause_seconds = min(2 * self._pause_seconds, _PAUSE_SECONDS_MAX)

    async def _go(self, arguments: tuple[str, ...]) -> int:
        """One life of it; its exit code."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ledger.courier", *arguments),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            # A terminal's Ctrl-C reaches the whole group: what is published last is taken along.
            start_new_session=True,
            preexec_fn=ends_with_parent(signal.SIGTERM),
        )
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            if (said := _SAID.fullmatch(line)) is not None:
                self._heard(said)
        return await self._process.wait()

    def _heard(self, said: re.Match[bytes]) -> None:
        match said[1], said[4]:
            case b"kept", _:
                self._metrics.witness_cosigned(int(said[2]), int(said[3]))
            case b"cosigned", _:
                # By our own clock: whoever waits for the next one waits here.
                self._metrics.witness_cosigned(int(said[2]), time.time())
                self._heard_at = time.monotonic()
                self._pause_seconds = _FIRST_PAUSE_SECONDS
                if self._failing is not None:
                    self._failing = None
                    _log.info("the witness cosigns again", extra={"tree_size": int(said[2])})
            case _, how:
                self._failed(_HOW[how])

    def _failed(self, failure: WitnessFailure) -> None:
        self._metrics.witness_failed(failure)
        if self._failing != failure.value:
            self._failing = failure.value
            _log.warning("the witness does not cosign", extra={"kind": failure.value})
