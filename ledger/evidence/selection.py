"""Which entries a pack is about, and which others a reader needs to check those.

Ranges are (first, last), both in, in order and apart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ledger.errors import FormatError
from ledger.evidence.filters import EntryFilter
from ledger.evidence.moments import parse_moment
from ledger.evidence.proven import ProvenLog
from ledger.evidence.scan import scan
from ledger.fields import EntryKind
from ledger.tile import TILE_WIDTH

_INDEX: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
_EPOCH_KEY: Final = b'"purpose":"epoch"'
_PAYLOAD: Final = b"payload chacha20poly1305-epoch "


@dataclass(frozen=True, slots=True)
class Selection:
    ranges: tuple[tuple[int, int], ...]
    context: tuple[int, ...]
    """The genesis entry, each entry that changes a key, and those that name data keys in use."""

    @property
    def count(self) -> int:
        return sum(last - first + 1 for first, last in self.ranges)

    def bundles(self) -> Iterator[int]:
        """Numbers of the bundles of the log to look into, in order."""
        last = -1
        for first, end in sorted([*self.ranges, *((index, index) for index in self.context)]):
            for number in range(max(last + 1, first // TILE_WIDTH), end // TILE_WIDTH + 1):
                yield number
                last = number

    def within(self, first: int, last: int) -> list[tuple[int, str]]:
        """Index and role of each entry from `first` to `last`."""
        roles = {index: "context" for index in self.context if first <= index <= last}
        for start, end in self.ranges:
            if start <= last and end >= first:
                roles |= dict.fromkeys(range(max(start, first), min(end, last) + 1), "selected")
        return sorted(roles.items())


def select(
    log: ProvenLog,
    *,
    since: str | int | None = None,
    until: str | None = None,
    indices: Iterable[int] = (),
) -> Selection:
    """What lies from `since` to `until`, both an index or a time, and `indices` besides.

    An int as `since` is a size: the first entry that an earlier checkpoint did not cover. Raises
    `FormatError` for an index that is not published, and where nothing is selected.
    """
    wanted = [(index, index) for index in indices]
    if since is not None or until is not None:
        wanted += _between(log, "0" if since is None else str(since), until)
    if any(last >= log.size for _, last in wanted):
        raise FormatError(f"the log has {log.size} published entries: that index is not one")
    ranges = _merged(wanted)
    if not ranges:
        raise FormatError("there is no such entry: nothing to export")
    return Selection(ranges, _context(log, ranges))


def _between(log: ProvenLog, since: str, until: str | None) -> list[tuple[int, int]]:
    first, end, after, before = 0, log.size, None, None
    if _INDEX.fullmatch(since):
        first = int(since)
    else:
        after = parse_moment(since)
    if until is not None and _INDEX.fullmatch(until):
        end = min(end, int(until) + 1)
    elif until is not None:
        before = parse_moment(until, until=True)
    if after is None and before is None:
        return [(first, end - 1)] if first < end else []
    # Times may go backwards, so every entry is asked.
    wanted = EntryFilter(since=after, until=before)
    return list(_runs(each.index for each in scan(log.reader, wanted, start=first, end=end)))


def _runs(indices: Iterable[int]) -> Iterator[tuple[int, int]]:
    first = last = -2
    for index in indices:
        if index != last + 1:
            if first >= 0:
                yield first, last
            first = index
        last = index
    if first >= 0:
        yield first, last


def _merged(ranges: Iterable[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(last, merged[-1][1])
        else:
            merged.append((first, last))
    return tuple(merged)


def _context(log: ProvenLog, ranges: tuple[tuple[int, int], ...]) -> tuple[int, ...]:
    needed = {0}
    for first, last in ranges:
        for found in scan(log.reader, EntryFilter(), start=first, end=last + 1):
            if (epoch := _epoch(found.data)) is not None:
                needed.add(epoch)
    keys = EntryFilter(kinds=frozenset({EntryKind.KEY}))
    for found in scan(log.reader, keys, end=ranges[-1][1] + 1):
        if _EPOCH_KEY not in found.data:
            needed.add(found.index)
    selected = sorted(needed)
    inside = [i for i in selected if any(first <= i <= last for first, last in ranges)]
    return tuple(index for index in selected if index not in inside)


def _epoch(data: bytes) -> int | None:
    """The epoch that the entry's payload line names; it is judged later, when it is proved."""
    line = data.split(b"\n", 6)[5:6]
    if not line or not line[0].startswith(_PAYLOAD):
        return None
    digits = line[0].split(b" ")[2]
    return int(digits) if digits.isdigit() and len(digits) < 19 else None
