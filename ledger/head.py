"""The head of the log, remembered outside of it: what was there last cannot be taken back unseen.

    <log directory>.head        the last checkpoint that was published, as it was signed

An older copy of a log is valid in itself, and a notary that goes on from it signs a second history.
The memory is written after each publication, so it is never ahead of what is durable, and lies
where restoring the log does not restore it: on another disk, best of all. It tells of an accident;
who can write to both can take both back, and that only a witness sees.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.disk import replace_file
from ledger.errors import ConfigurationError, FormatError, LedgerDamaged
from ledger.note import VerifierKey


def default_head(log: Path) -> Path:
    """Beside the log directory, by the name under which that is reached: a link that is turned to
    another copy keeps its memory."""
    absolute = Path(os.path.abspath(log))
    return absolute.with_name(f"{absolute.name}.head")


class HeadMemory:
    """One file. Everything blocks."""

    def __init__(self, path: Path, log: Path) -> None:
        """Raises `ConfigurationError` for a path within the log, which is restored with it."""
        if Path(os.path.realpath(path)).is_relative_to(os.path.realpath(log)):
            raise ConfigurationError(f"{path} has to lie outside of {log}: ledger.head_file")
        self.path = path

    def note(self) -> bytes | None:
        """What was remembered last, None where nothing ever was."""
        try:
            return self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise ConfigurationError(f"cannot read {self.path}: {error.strerror}") from error

    def remember(self, note: bytes) -> None:
        """Durable when this returns. Raises `OSError`."""
        replace_file(self.path, note)

    def checkpoint(self, keys: Sequence[VerifierKey]) -> Checkpoint | None:
        """Raises `LedgerDamaged`: what cannot be read was not forgotten."""
        note = self.note()
        if note is None:
            return None
        try:
            return open_checkpoint(note, keys)
        except FormatError as error:
            raise LedgerDamaged(
                f"{self.path} is no checkpoint of this log: it was damaged, or belongs to an"
                " earlier log of this host and has to be kept with that"
            ) from error

    def begin(self, note: bytes) -> None:
        """The first `remember` of a process. Raises `ConfigurationError`."""
        try:
            self.remember(note)
        except OSError as error:
            raise ConfigurationError(
                f"cannot remember the head of the log in {self.path} ({error.strerror}): set"
                " ledger.head_file to a place the service may write to"
            ) from error


def require_memory(remembered: Checkpoint | None, size: int, memory: HeadMemory) -> None:
    """A log in use whose head nobody remembers may be any older copy. Raises
    `ConfigurationError`; only a log that holds its genesis entry alone is new."""
    if remembered is None and size > 1:
        raise ConfigurationError(
            f"{memory.path} is not there to say that these {size} entries are all: if they are,"
            " run `fengcun ledger remember`; if this is an older copy, create a new log"
        )
