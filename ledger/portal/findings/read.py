"""The last scan of each rule, from its entries' payloads (实施办法第22条). Pure.

A scan writes as many entries for a rule as its keys need, numbered from 1; whether it found
anything stands in the payload alone, which is the same length always.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ledger.errors import FormatError
from ledger.portal.index.model import Row

UNSEALING: Final = frozenset({"unsealed", "unsealed-without-ground", "five-years-exactly"})
"""Rules about what was unsealed or may have to be; all others are about what ought to be sealed."""
PARTS_MAX: Final = 64
"""Entries of one rule and scan that are shown; each has hundreds of keys."""


@dataclass(frozen=True, slots=True)
class Part:
    """What one entry says. ``found_count`` None: the rule could not be run, and ``failed`` says
    why; ``new_count`` None: nothing was known to compare with. ``keys`` are rows of ``columns``."""

    title: str
    database: str
    found_count: int | None
    new_count: int | None
    not_listed_count: int
    failed: str | None
    columns: tuple[str, ...]
    keys: tuple[tuple[str, ...], ...]
    number: int
    parts_count: int


@dataclass(frozen=True, slots=True)
class Scan:
    """A rule's last scan of one database: ``first`` is its part with number 1, ``keys`` those of
    all its parts that were given."""

    first: Part
    keys: tuple[tuple[str, ...], ...]
    numbers: tuple[int, ...]  # of the entries, oldest first


class LastScans:
    """Of one rule in one log, from its entries' payloads, the newest first."""

    def __init__(self) -> None:
        self._parts: dict[str, dict[int, tuple[int, Part]]] = {}

    def add(self, number: int, part: Part) -> bool:
        """The payload of entry ``number``; False where it is of an older scan, as all before it
        are."""
        parts = self._parts.setdefault(part.database, {})
        newest = next(iter(parts.values()), None)
        if newest is not None and part.number >= min(parts):
            return False
        parts[part.number] = number, part
        return True

    @property
    def scans(self) -> list[Scan]:
        """One for each database, as far as their entries were given."""
        found = []
        for _, parts in sorted(self._parts.items()):
            in_order = [parts[number] for number in sorted(parts)]
            keys = tuple(key for _, part in in_order for key in part.keys)
            numbers = tuple(number for number, _ in in_order)
            found.append(Scan(in_order[0][1], keys, numbers))
        return found


def by_rule(rows: Iterable[Row]) -> dict[tuple[str, str], list[Row]]:
    """Entries of kind ``finding``, the newest first, by log and rule, `PARTS_MAX` of each."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        if row.rule is not None:
            kept = found.setdefault((row.log, row.rule), [])
            kept += [row] * (len(kept) < PARTS_MAX)
    return found


def part_of(payload: bytes) -> Part:
    """Raises `FormatError` for a payload that is none of a scan."""
    try:
        said = json.loads(payload)
        return Part(
            title=str(said["title"]),
            database=str(said["database"]),
            found_count=_count(said["found"]),
            new_count=_count(said["new"]),
            not_listed_count=int(said["not_listed"]),
            failed=None if said["failed"] is None else str(said["failed"]),
            columns=tuple(map(str, said["columns"])),
            keys=tuple(tuple(_shown(each) for each in key) for key in said["keys"]),
            number=int(said["part"]),
            parts_count=int(said["parts"]),
        )
    except (ValueError, KeyError, TypeError, RecursionError):
        raise FormatError("this payload is none of a scan") from None


def _count(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int):
        raise TypeError
    return value


def _shown(value: object) -> str:
    return "—" if value is None else str(value)
