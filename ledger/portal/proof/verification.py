"""One verification of a log, against what the procuratorate holds of it and what witnesses signed.

It ends in a `Verdict` whatever happens: what is not understood is not intact.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import ConfigurationError, FormatError, LedgerError
from ledger.fetch import CHECKPOINT_PATH, DirectoryLog, LogReader
from ledger.note import VerifierKey
from ledger.portal.http_log import HttpLog
from ledger.portal.proof.verdict import Unsure, Verdict, WitnessSeen, intact, invalid, unsure
from ledger.portal.proof.verdict import witness_note as note_of
from ledger.verify import LogInvalid, verify_log
from ledger.witnessed import COSIGNED_FOLDER, CosignedNote, open_cosigned

WITNESS_AGE_SECONDS_MAX: Final = 26 * 3600.0
"""A witness is asked every day; two hours are for a day that was late."""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Job:
    """What is to be verified: a log's directory or URL, and what it is held against, as texts."""

    log: str
    keys: tuple[str, ...]
    ca_file: str | None = None
    held: str | None = None
    """The signed checkpoint that the procuratorate kept of it."""
    also_held: tuple[str, ...] = ()
    """Further checkpoints kept elsewhere, on a medium say."""
    witnesses: tuple[str, ...] = ()
    witness_age_seconds_max: float = WITNESS_AGE_SECONDS_MAX

    def to_bytes(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False).encode()

    @classmethod
    def parse(cls, data: bytes) -> Job:
        row = json.loads(data)
        for name in ("keys", "also_held", "witnesses"):
            row[name] = tuple(row[name])
        return cls(**row)


@dataclass(frozen=True, slots=True)
class Verified:
    """`note` is the signed checkpoint that was verified, to be held from now on; None if none."""

    verdict: Verdict
    note: str | None = None


class _RememberingDirectory(DirectoryLog):
    """Remembers which checkpoint was read, so that this one and no later one is kept."""

    note = b""

    def read(self, path: str) -> bytes:
        data = super().read(path)
        if path == CHECKPOINT_PATH:
            self.note = data
        return data


class _RememberingUrl(HttpLog):
    """The same."""

    note = b""

    def read(self, path: str) -> bytes:
        data = super().read(path)
        if path == CHECKPOINT_PATH:
            self.note = data
        return data


def verified(job: Job, now_seconds: float, progress: Progress) -> Verified:
    """Never raises for anything that is wrong with the log or with what it is held against."""
    try:
        return _verified(job, now_seconds, progress)
    except LogInvalid as error:
        return Verified(invalid(error))
    except Unsure as error:
        return Verified(unsure(error.code, str(error)))
    except FileNotFoundError:
        return Verified(unsure("no-log"))
    except (OSError, LedgerError) as error:
        return Verified(unsure("unreadable", f"{type(error).__name__}: {error}"))
    except Exception as error:  # noqa: BLE001  (a hostile log must not pass by an error of ours)
        return Verified(unsure("unsure", type(error).__name__))


def _verified(job: Job, now_seconds: float, progress: Progress) -> Verified:
    reader = _reader(job)
    keys = [VerifierKey.parse(text) for text in job.keys]
    if not keys:
        raise ConfigurationError("no public key is registered for this log")
    held = None if job.held is None else _held(job.held, keys)
    seen = [] if held is None else [held]
    seen += [_held(text, keys) for text in job.also_held]
    cosigned = [
        (key, _cosigned(reader, keys, key)) for key in map(VerifierKey.parse, job.witnesses)
    ]
    seen += [each.checkpoint for _, each in cosigned if each is not None]
    report = verify_log(reader, keys, seen=seen, progress=progress)
    checkpoint = open_checkpoint(reader.note, keys)
    if (checkpoint.origin, checkpoint.size) != (report.origin, report.published_size):
        raise Unsure("unsure", "the checkpoint changed while it was verified")
    witnesses = [
        _seen(key, each, now_seconds, job.witness_age_seconds_max) for key, each in cosigned
    ]
    held_count = max([each.size for each in seen], default=None)
    return Verified(intact(report, held_count, witnesses), reader.note.decode())


def _reader(job: Job) -> _RememberingDirectory | _RememberingUrl:
    if job.log.startswith(("http://", "https://")):
        return _RememberingUrl(job.log, None if job.ca_file is None else Path(job.ca_file))
    if not Path(job.log).is_dir():
        raise FileNotFoundError(job.log)
    return _RememberingDirectory(Path(job.log))


def _held(text: str, keys: Sequence[VerifierKey]) -> Checkpoint:
    try:
        return open_checkpoint(text.encode(), keys)
    except (FormatError, UnicodeEncodeError) as error:
        raise Unsure("copy-unreadable", str(error)) from error


def _cosigned(
    reader: LogReader, keys: Sequence[VerifierKey], witness: VerifierKey
) -> CosignedNote | None:
    try:
        note = reader.read(f"{COSIGNED_FOLDER}/{witness.id.hex()}")
        return open_cosigned(note, keys, witness)
    except FileNotFoundError:
        return None
    except FormatError as error:
        raise Unsure("witness-unreadable", f"{witness.name}: {error}") from error


def _seen(
    key: VerifierKey, found: CosignedNote | None, now_seconds: float, age_seconds_max: float
) -> WitnessSeen:
    if found is None:
        return WitnessSeen(key.name, note="witness-silent")
    time_seconds = found.cosigned.time_seconds
    note = note_of(time_seconds, now_seconds, age_seconds_max)
    return WitnessSeen(key.name, found.checkpoint.size, time_seconds, note)
