"""The courier: carries what the notary publishes to a witness, and brings back the cosignature.

    python -m ledger.courier --log DIR --log-key FILE --witness-key FILE --url URL

A process of its own, without any key. Prints one line for each thing that happens: `kept
<size> <Unix seconds>` at the start, where the log was cosigned before, `cosigned` likewise when it
is, `failed <how>` when not. With `--notary`, what is cosigned is also handed to the
notary on that socket, and the courier goes when the notary has published more.

Exit codes: 0 stopped by a signal, after one last attempt; 1 the notary is gone, or the log cannot
be read; 2 configuration; 3 the witness has shown that this log was rolled back or forked.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ledger.asking import HttpWitness, confine, witness_at
from ledger.errors import ConfigurationError, FormatError, LedgerDamaged, LedgerError
from ledger.fetch import DirectoryLog
from ledger.guard import EXIT_CONFIGURATION, add_witness_arguments
from ledger.keys import load_verifier_keys, load_witness_key
from ledger.note import VerifierKey
from ledger.wire import ReceiptReader, encode_cosigned
from ledger.witnessed import (
    CosignedNote,
    Failing,
    NotCosigned,
    WitnessUnavailable,
    contradiction,
    have_cosigned,
    keep,
    kept,
    open_cosigned,
    published_size,
)

INTERVAL_MS: Final = 5_000
FIRST_BACKOFF_SECONDS: Final = 0.25
BACKOFF_SECONDS_MAX: Final = 30.0
_LAST_ATTEMPT_SECONDS_MAX: Final = 3.0
EXIT_FAILED: Final = 1
EXIT_CONTRADICTED: Final = 3


class NotaryLine(asyncio.Protocol):
    """To a notary that withholds its receipts. `news` is set when it has published more."""

    def __init__(self, news: asyncio.Event) -> None:
        self._news = news
        self._reader = ReceiptReader()
        self._transport: asyncio.WriteTransport | None = None
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def bring(self, note: bytes) -> None:
        """A cosigned checkpoint, or nothing, to be told what is published."""
        if self._transport is not None:
            self._transport.write(encode_cosigned(note))

    def data_received(self, data: bytes) -> None:
        self._reader.feed(data)
        try:
            if self._reader.receipts():
                self._news.set()
        except FormatError:
            self.connection_lost(None)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)


class Courier:
    """One log, one witness. Everything it is told is checked before it is kept or handed on."""

    def __init__(
        self,
        log: Path,
        log_keys: Sequence[VerifierKey],
        witness: VerifierKey,
        http: HttpWitness,
        interval_seconds: float,
    ) -> None:
        self._log = log
        self._reader = DirectoryLog(log)
        self._log_keys = log_keys
        self._witness = witness
        self._http = http
        self._kept = self._what_is_kept()
        self._cosigned_size = self._kept.checkpoint.size if self._kept else 0
        self._interval_seconds = interval_seconds
        self._unkept: bytes | None = None
        self._kept_at = time.monotonic()
        self.line: NotaryLine | None = None
        self.news = asyncio.Event()
        self.stopping = asyncio.Event()

    def _what_is_kept(self) -> CosignedNote | None:
        """A hint for the first submission, no more: the witness says where that is wrong."""
        try:
            return kept(self._log, self._witness)
        except FormatError:
            return None

    def connect(self, line: NotaryLine) -> None:
        """Who brought the last one may have died before the notary read it: so it comes again."""
        self.line = line
        line.bring(self._kept.note if self._kept else b"")

    async def run(self) -> None:
        """Until `stopping` is set. Raises `LedgerDamaged` when the witness contradicts the log."""
        if self._kept:
            _say("kept", self._kept.checkpoint.size, self._kept.cosigned.time_seconds)
        failed_count = 0
        while not self.stopping.is_set():
            self.news.clear()
            if time.monotonic() - self._kept_at >= self._interval_seconds:
                self._keep()
            try:
                await self.go()
                failed_count = 0
            except WitnessUnavailable as error:
                _say("failed", error.failing)
                failed_count += 1
            if failed_count:
                # News must not cut this short: who is down is not asked at every commit.
                backoff_seconds = FIRST_BACKOFF_SECONDS * 2 ** min(failed_count - 1, 10)
                await _until((self.stopping,), min(backoff_seconds, BACKOFF_SECONDS_MAX))
            else:
                await _until((self.stopping, self.news), self._interval_seconds)
        try:
            async with asyncio.timeout(_LAST_ATTEMPT_SECONDS_MAX):
                await self.go()
        except (WitnessUnavailable, TimeoutError):
            pass  # the next start asks the witness what it saw
        self._keep()

    async def go(self) -> None:
        """Have what is published cosigned, if that is more than before.

        Raises `WitnessUnavailable`, and `LedgerDamaged` when the witness contradicts the log.
        """
        if published_size(self._reader) <= self._cosigned_size:
            return
        try:
            found = await have_cosigned(
                self._reader, self._witness, self._http.ask, self._cosigned_size
            )
        except NotCosigned as error:
            await self._require_proof(error)
            raise WitnessUnavailable(str(error), Failing.UNPROVEN) from error
        self._cosigned_size = found.checkpoint.size
        # Handed on first: the witness remembers, whether or not this machine lives to keep it.
        if self.line is not None:
            self.line.bring(found.note)
        self._unkept = found.note
        if self.line is None or time.monotonic() - self._kept_at >= self._interval_seconds:
            self._keep()
        _say("cosigned", found.checkpoint.size, found.cosigned.time_seconds)

    def _keep(self) -> None:
        """Receipts that wait for a journey do not wait for a sync of what others remember, too: so
        with a notary to hand on to this is done once an interval, and at the end."""
        if self._unkept is not None:
            keep(self._log, self._witness, self._unkept)
            self._unkept, self._kept_at = None, time.monotonic()

    async def _require_proof(self, error: NotCosigned) -> None:
        """Anybody can say that there is another history; only two signatures show it."""
        try:
            note = await self._http.latest(self._log_keys[0].name)
            if note is None:
                return
            seen = open_cosigned(note, self._log_keys, self._witness)
        except (WitnessUnavailable, FormatError):
            return
        how = contradiction(self._reader, seen.checkpoint)
        if how is not None:
            # The next start finds it even where the witness is out of reach then.
            keep(self._log, self._witness, note)
            raise LedgerDamaged(f"{how}, says {self._witness.name}") from error


def _say(*words: object) -> None:
    print(*words, flush=True)


async def _until(events: Sequence[asyncio.Event], seconds_max: float) -> None:
    """Return when one is set, or after that long."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waiting, timeout=seconds_max, return_when=asyncio.FIRST_COMPLETED)
    for each in waiting:
        each.cancel()


async def run(arguments: argparse.Namespace) -> int:
    """The whole life of a courier; its exit code. Raises `LedgerError`."""
    log_keys = load_verifier_keys(arguments.log_key)
    witness = load_witness_key(arguments.witness_key)
    loop = asyncio.get_running_loop()
    async with witness_at(arguments.url, arguments.ca_file) as http:
        interval_seconds = arguments.interval_ms / 1000
        courier = Courier(arguments.log, log_keys, witness, http, interval_seconds)
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, courier.stopping.set)
        running = asyncio.create_task(courier.run())
        waited: set[asyncio.Future[None]] = {running}
        if arguments.notary is not None:
            try:
                _, line = await loop.create_unix_connection(
                    lambda: NotaryLine(courier.news), str(arguments.notary)
                )
            except OSError:
                running.cancel()
                return EXIT_FAILED
            courier.connect(line)
            waited.add(line.lost)
        await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
            return 0
        # A notary that ends in good order hangs up, too; what it published last is worth a journey.
        courier.stopping.set()
        await running
        return EXIT_FAILED


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ledger.courier", description=__doc__)
    add_witness_arguments(parser)
    parser.add_argument("--interval-ms", type=int, default=INTERVAL_MS)
    parser.add_argument("--notary", type=Path, help="the socket of a notary that withholds")
    arguments = parser.parse_args(argv)
    confine()
    try:
        return asyncio.run(run(arguments))
    except LedgerDamaged as error:
        print(f"fengcun courier: {error}", file=sys.stderr)
        return EXIT_CONTRADICTED
    except (LedgerError, OSError) as error:
        print(f"fengcun courier: {error}", file=sys.stderr)
        return EXIT_CONFIGURATION if isinstance(error, ConfigurationError) else EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
