"""Which entries somebody wants to see, decided on their bytes. Pure.

A header has one spelling, and no value in it holds a quote. So `"rule":"sealed-rows"` stands in a
header line if and only if the field has that value, and most entries are never parsed.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Final

from ledger.fields import EntryKind

_KIND_OPENING: Final = b'{"kind":"'
_SUBJECT_FIELDS: Final = ("subjects", "person")


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """All that is given must hold; an empty one lets everything through."""

    kinds: frozenset[EntryKind] = frozenset()
    since: str | None = None  # as `moments.parse_moment` gives it; that moment is in
    until: str | None = None  # that moment is out
    words: tuple[tuple[str, str], ...] = ()  # field and value: principal, verdict, rule, ...
    subject: str | None = None  # a pseudonym
    _needles: tuple[bytes, ...] = field(init=False, repr=False)
    _openings: tuple[bytes, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        needles = [f'"{name}":{_spelled(value)}'.encode() for name, value in self.words]
        if self.subject is not None:
            needles.append(_spelled(self.subject).encode())
        openings = tuple(_KIND_OPENING + kind.value.encode() + b'"' for kind in self.kinds)
        object.__setattr__(self, "_needles", tuple(needles))
        object.__setattr__(self, "_openings", openings)

    def may_hold(self, bundle: bytes) -> bool:
        """False where none of a bundle's entries can match; looks at no entry."""
        if not all(needle in bundle for needle in self._needles):
            return False
        return not self._openings or any(opening in bundle for opening in self._openings)

    def matches(self, data: bytes) -> bool:
        """`data` is one entry as it was signed."""
        lines = data.split(b"\n", 5)
        if len(lines) < 6:
            return False
        time, header = lines[3].decode("ascii", "replace"), lines[4]
        if self._openings and not header.startswith(self._openings):
            return False
        if self.since is not None and time < self.since:
            return False
        if self.until is not None and time >= self.until:
            return False
        if not all(needle in header for needle in self._needles):
            return False
        return self.subject is None or _concerns(header, self.subject)


def _spelled(value: str) -> str:
    """As a header spells it. What it cannot spell becomes what stands in none."""
    return json.dumps(value, ensure_ascii=False)


def _concerns(header: bytes, pseudonym: str) -> bool:
    """Is that person among those the entry names, and not the same digits in another field?"""
    try:
        fields = json.loads(header)
    except (ValueError, RecursionError):
        return False
    named = [fields.get(name) for name in _SUBJECT_FIELDS]
    return any(pseudonym in each if isinstance(each, list) else pseudonym == each for each in named)
