"""Before a notary signs anything: what did the witness see of this log last?

    python -m ledger.guard --log DIR --log-key FILE --witness-key FILE --url URL --output FILE

Prints one line, `<answer> <how it failed>`, and writes the checkpoint that the witness showed to
the output file, for `ledger.notary --seen`, which judges it. Holds no key and changes nothing in
the log. Exit codes: 0 asked, whatever came of it; 2 configuration.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

from ledger.asking import confine, witness_at
from ledger.errors import ConfigurationError, FormatError
from ledger.fetch import DirectoryLog, LogReader
from ledger.keys import load_verifier_keys, load_witness_key
from ledger.note import VerifierKey
from ledger.witnessed import (
    Failing,
    NotCosigned,
    WitnessUnavailable,
    contradiction,
    have_cosigned,
    open_cosigned,
    published_size,
)

# How far the witness's clock may be from ours: so old may a recorded answer be that is played back.
CLOCKS_APART_SECONDS_MAX: Final = 120
EXIT_CONFIGURATION: Final = 2


class Answer(StrEnum):
    """What the witness said; the field `witness` of a `boot` entry."""

    AGREED = "agreed"  # it showed what it saw last, and that is what it sees now
    UNKNOWN = "unknown"  # it says that it saw nothing of this log
    UNREACHABLE = "unreachable"  # no answer that proves itself


@dataclass(frozen=True, slots=True)
class Seen:
    """`note`: a checkpoint that the log signed and the witness cosigned, if it showed one.

    Whatever the answer is: a log without that checkpoint was rolled back or forked.
    """

    answer: Answer
    note: bytes | None = None
    failing: Failing | None = None


class Witness(Protocol):
    """What is needed of `ledger.asking.HttpWitness`."""

    async def ask(self, submission: bytes) -> tuple[int, bytes]: ...

    async def latest(self, origin: str) -> bytes | None: ...


async def what_was_seen(
    reader: LogReader,
    log_keys: Sequence[VerifierKey],
    key: VerifierKey,
    witness: Witness,
    clock: Callable[[], float],
) -> Seen:
    """Ask a witness. `clock` gives Unix seconds.

    What it shows may be an old answer that somebody played back. So it is also asked to cosign
    what is published here: only it can, and with the time of now it says that it saw nothing else.
    """
    note: bytes | None = None
    try:
        note = await witness.latest(log_keys[0].name)
        if note is None:
            return Seen(Answer.UNKNOWN)
        try:
            seen = open_cosigned(note, log_keys, key).checkpoint
        except FormatError as error:
            note = None
            raise WitnessUnavailable(
                f"it shows no checkpoint: {error}", Failing.NONSENSE
            ) from error
        if seen.size > published_size(reader):
            # Rolled back, or published by a machine that died before it was durable: the
            # write-ahead log tells, and the notary reads it.
            return Seen(Answer.AGREED, note)
        try:
            fresh = await have_cosigned(reader, key, witness.ask, seen.size)
        except NotCosigned as error:
            if contradiction(reader, seen):
                return Seen(Answer.AGREED, note)
            raise WitnessUnavailable(str(error), Failing.UNPROVEN) from error
    except WitnessUnavailable as error:
        return Seen(Answer.UNREACHABLE, note, error.failing)
    except (FormatError, OSError):
        # Of the log's own files. The notary says what is wrong with them, where it reads them.
        return Seen(Answer.UNREACHABLE, note, Failing.UNPROVEN)
    if abs(fresh.cosigned.time_seconds - clock()) > CLOCKS_APART_SECONDS_MAX:
        return Seen(Answer.UNREACHABLE, note, Failing.CLOCK)
    return Seen(Answer.AGREED, fresh.note)


async def ask(arguments: argparse.Namespace) -> Seen:
    """Raises `ConfigurationError`."""
    log_keys = load_verifier_keys(arguments.log_key)
    key = load_witness_key(arguments.witness_key)
    async with witness_at(arguments.url, arguments.ca_file) as witness:
        return await what_was_seen(DirectoryLog(arguments.log), log_keys, key, witness, time.time)


def add_witness_arguments(parser: argparse.ArgumentParser) -> None:
    """What everybody is told who asks a witness about a log."""
    parser.add_argument("--log", type=Path, required=True, help="log directory")
    parser.add_argument("--log-key", type=Path, action="append", required=True)
    parser.add_argument("--witness-key", type=Path, required=True)
    parser.add_argument("--url", required=True, help="the witness's submission prefix")
    parser.add_argument("--ca-file", type=Path, help="who may have signed its certificate")


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m ledger.guard", description=__doc__)
    add_witness_arguments(parser)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args(argv)
    confine()
    try:
        seen = asyncio.run(ask(arguments))
    except ConfigurationError as error:
        print(f"fengcun guard: {error}", file=sys.stderr)
        return EXIT_CONFIGURATION
    if seen.note is not None:
        arguments.output.write_bytes(seen.note)
    print(seen.answer, seen.failing or "", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
