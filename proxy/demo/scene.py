"""What a step of the tour has to show, as values; `screen` gives them a form. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from proxy.errors import FengcunError


class ClaimFailed(FengcunError):
    """The tour was about to show something that is not so. Nothing shown was printed blindly."""

    label = "demo"


def require(holds: bool, claim: str) -> None:
    """Raise `ClaimFailed` unless the claim holds."""
    if not holds:
        raise ClaimFailed(f"the demo does not hold what it says: {claim}")


@dataclass(frozen=True, slots=True)
class Words:
    """The same in Chinese and in English."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class Rows:
    """An answer: column names, rows as text (None is NULL), and the command tag."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]
    tag: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """An error, as a client sees it."""

    sqlstate: str
    message: str
    detail: str
    hint: str


@dataclass(frozen=True, slots=True)
class Lines:
    """Something that is text already: messages of the protocol, the output of a command."""

    lines: tuple[str, ...]


Answer: TypeAlias = Rows | Refusal | Lines


@dataclass(frozen=True, slots=True)
class Panel:
    """An answer, and who gave it to whom."""

    label: Words
    answer: Answer


@dataclass(frozen=True, slots=True)
class Entry:
    """One of the ledger's, by its public header; ``payload`` where it was decrypted."""

    index: int
    kind: str
    header: Mapping[str, object]
    payload: str | None = None

    def word(self, name: str) -> str:
        """A field of the header, empty where it has none."""
        value = self.header.get(name)
        return value if isinstance(value, str) else ""


@dataclass(frozen=True, slots=True)
class Scene:
    """One step. ``asked`` is the SQL or the command; ``shown`` has been asserted, not hoped for."""

    title: Words
    why: Words
    asker: str
    asked: str
    panels: tuple[Panel, ...]
    shown: Words
    recorded: Entry | None = None
