"""What the witness saw of the log last: asked before the notary signs anything."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import signal
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from proxy.errors import ConfigurationError, WitnessUnavailable
from proxy.server.child import ends_with_parent
from proxy.settings.service import Ledger, Witness

_ANSWER_SECONDS_MAX: Final = 60.0
_CONFIGURATION_EXIT: Final = 2
_AGREED: Final = "agreed"
_UNREACHABLE: Final = "unreachable"
_SAID: Final = re.compile(rb"(agreed|unknown|unreachable) ([a-z-]*)\n")
_log = logging.getLogger(__name__)


def witness_arguments(ledger: Ledger, witness: Witness, url: str) -> tuple[str, ...]:
    """What `ledger.guard` and `ledger.courier` are told."""
    return (
        *("--log", str(ledger.directory)),
        *(word for file in _log_keys(ledger.keys) for word in ("--log-key", str(file))),
        *("--witness-key", str(witness.key_file)),
        *("--url", url),
        *(("--ca-file", str(witness.ca_file)) if witness.ca_file is not None else ()),
    )


def _log_keys(keys: Path) -> list[Path]:
    """Public keys of all that may have signed a checkpoint of this log; the present one first."""
    others = (*keys.glob("log.next.vkey"), *sorted(keys.glob("retired/log-*.vkey")))
    return [keys / "log.vkey", *others]


@asynccontextmanager
async def ask_witness(ledger: Ledger) -> AsyncIterator[tuple[str, ...]]:
    """What the notary has to be told, for as long as it starts.

    Raises `ConfigurationError`, and `WitnessUnavailable` where the witness is required and does
    not agree, whatever the reason: an impostor must not achieve more than a broken network.
    """
    witness = ledger.witness
    if witness is None:
        yield ()
        return
    known = ("--witness-key", str(witness.key_file))
    if witness.url is None:
        yield (*known, "--witness-answer", "kept")
        return
    with tempfile.TemporaryDirectory(prefix="fengcun-witness-") as directory:
        seen = Path(directory) / "seen"
        answer, how = await _ask(*witness_arguments(ledger, witness, witness.url), seen=seen)
        if answer != _AGREED:
            _tell(answer, how, required=witness.required)
        yield (
            *(*known, "--witness-answer", answer),
            *(("--seen", str(seen)) if seen.exists() else ()),
            *(("--withhold",) if witness.required else ()),
        )


def _tell(answer: str, how: str, *, required: bool) -> None:
    if required:
        raise WitnessUnavailable(
            "the witness is required and did not confirm what it saw last"
            f" ({how or answer}): nothing was signed; see `The witness` in deploy/README.md"
        )
    if answer == _UNREACHABLE:
        _log.warning(
            "the witness was not heard; the log is held against what is kept of it here",
            extra={"kind": how},
        )
    else:
        _log.warning("the witness knows nothing of this log: hand it log.vkey")


async def _ask(*arguments: str, seen: Path) -> tuple[str, str]:
    """The answer, and how it failed. A guard that dies or hangs has heard nothing."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ledger.guard", *arguments, "--output", str(seen)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        start_new_session=True,
        preexec_fn=ends_with_parent(signal.SIGKILL),
    )
    try:
        async with asyncio.timeout(_ANSWER_SECONDS_MAX):
            said, _ = await process.communicate()
    except TimeoutError:
        return _UNREACHABLE, "crashed"
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode == _CONFIGURATION_EXIT:
        raise ConfigurationError("the witness cannot be asked: see the message above")
    found = _SAID.fullmatch(said)
    if process.returncode != 0 or found is None:
        return _UNREACHABLE, "crashed"
    return found[1].decode(), found[2].decode()
