"""The logs that a supervisor was given: where each is, under which key, and its name for people.

One that cannot be read does not keep the others from being read: each method raises for its own.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from ledger.errors import ConfigurationError, FormatError, LedgerError, SignatureInvalid
from ledger.fetch import CHECKPOINT_PATH, DirectoryLog, LogReader
from ledger.note import VerifierKey, parse_note
from ledger.portal.http_log import HttpLog

NAME_CHARACTERS_MAX: Final = 40
_NOT_IN_NAMES: Final = frozenset(":,/\\?#&=%\"'<>")
_SCHEMES: Final = ("http://", "https://")


class Trouble(StrEnum):
    """Why a log cannot be read."""

    NOT_THERE = "not-there"
    UNREACHABLE = "unreachable"
    NOT_SIGNED = "not-signed"
    OTHER_LOG = "other-log"
    DAMAGED = "damaged"
    ENTRIES_GONE = "entries-gone"


_SENTENCES: Final[Mapping[Trouble, str]] = {
    Trouble.NOT_THERE: "此处没有账本 / there is no log at this place",
    Trouble.UNREACHABLE: "无法读取 / it cannot be read",
    Trouble.NOT_SIGNED: "检查点不是由所给公钥签名 / its checkpoint is not signed by the key given",
    Trouble.OTHER_LOG: "此处是另一份账本 / another log is at this place",
    Trouble.DAMAGED: "检查点受损 / its checkpoint is damaged",
    Trouble.ENTRIES_GONE: "记录缺失 / entries are missing",
}


class LogUnreadable(LedgerError):
    """One log, of which nothing new can be read now. What was indexed of it stays."""

    def __init__(self, log: str, trouble: Trouble, detail: str = "") -> None:
        """`detail` is ours, or the operating system's; never what stands in the log."""
        sentence = f"{log}: {_SENTENCES[trouble]}"
        super().__init__(f"{sentence} ({detail})" if detail else sentence)
        self.log = log
        self.trouble = trouble
        self.detail = detail


@contextmanager
def reading_errors(log: str) -> Iterator[None]:
    """Around what reads a log: `LogUnreadable` where that fails, but for a file that is missing."""
    try:
        yield
    except FileNotFoundError:
        raise
    except ConnectionError as error:
        raise LogUnreadable(log, Trouble.UNREACHABLE, str(error)) from None
    except OSError as error:
        detail = error.strerror or type(error).__name__
        raise LogUnreadable(log, Trouble.UNREACHABLE, detail) from None


@dataclass(frozen=True, slots=True)
class Source:
    """One log as it is configured."""

    name: str
    """For people, and for the addresses of pages: short, one for each log."""
    place: str
    """A directory, or the URL of one."""
    keys: tuple[VerifierKey, ...]
    """Of the checkpoints; more than one where the log changed its key. All have the log's name."""
    ca_file: Path | None = None

    @property
    def origin(self) -> str:
        """The name of the log, as the keys have it."""
        return self.keys[0].name

    @property
    def remote(self) -> bool:
        return self.place.startswith(_SCHEMES)

    def reader(self) -> LogReader:
        """A new one, over a connection of its own. Nothing that it reads was checked."""
        if self.remote:
            return HttpLog(self.place, self.ca_file)
        return DirectoryLog(Path(self.place))

    def checkpoint(self, reader: LogReader | None = None) -> Checkpoint:
        """The published one, signed by a key that was given. Raises `LogUnreadable`."""
        return self.signed_checkpoint(reader)[1]

    def signed_checkpoint(self, reader: LogReader | None = None) -> tuple[bytes, Checkpoint]:
        """The note as it is published, and what it says. Raises `LogUnreadable`."""
        try:
            with reading_errors(self.name):
                note = (reader or self.reader()).read(CHECKPOINT_PATH)
            if parse_checkpoint_text(parse_note(note).text).origin != self.origin:
                raise LogUnreadable(self.name, Trouble.OTHER_LOG)
            return note, open_checkpoint(note, self.keys)
        except FileNotFoundError:
            raise LogUnreadable(self.name, Trouble.NOT_THERE) from None
        except SignatureInvalid:
            raise LogUnreadable(self.name, Trouble.NOT_SIGNED) from None
        except FormatError:
            raise LogUnreadable(self.name, Trouble.DAMAGED) from None


def source_of(name: str, place: str, keys: Iterable[str], *, ca_file: Path | None = None) -> Source:
    """`keys` are texts of public keys, as `log.vkey` has them. Raises `ConfigurationError`.

    Whether there is a log at the place is not asked: it may come back later.
    """
    if not _is_name(name):
        raise ConfigurationError(
            f"a log has a short name of 1 to {NAME_CHARACTERS_MAX} letters, such as 公安"
        )
    try:
        parsed = tuple(dict.fromkeys(VerifierKey.parse(text) for text in keys))
    except FormatError as error:
        raise ConfigurationError(f"the public key for {name} is none: {error}") from None
    if len({key.name for key in parsed}) != 1:
        raise ConfigurationError(f"{name} needs public keys, all of one log")
    source = Source(name, place, parsed, ca_file)
    if source.remote:
        HttpLog(place, ca_file)  # says what is wrong with it
    elif not place or "://" in place:
        raise ConfigurationError("a log is at a directory, or at http://… or https://…")
    return source


def sources_of(sources: Iterable[Source]) -> dict[str, Source]:
    """By name. Raises `ConfigurationError` where two have one name, or are one log."""
    found: dict[str, Source] = {}
    for source in sources:
        if source.name in found:
            raise ConfigurationError(f"two logs are named {source.name}")
        if any(source.origin == other.origin for other in found.values()):
            raise ConfigurationError(f"the log {source.origin} was given twice")
        found[source.name] = source
    return found


def _is_name(name: str) -> bool:
    """It stands in addresses and in the index's file names, and is read aloud."""
    return (
        0 < len(name) <= NAME_CHARACTERS_MAX
        and name.isprintable()
        and name == name.strip()
        and unicodedata.normalize("NFC", name) == name
        and _NOT_IN_NAMES.isdisjoint(name)
    )
