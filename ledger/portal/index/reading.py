"""The entries of a log as the index takes them, read bundle by bundle.

A file that is missing or breaks off leaves entries that are marked as missing, and what follows is
read nevertheless: a supervisor sees more, and where the hole is. At the end of a log there is no
telling a hole from a copy that is still being made, so reading stops there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from hashlib import sha256
from typing import Final, NamedTuple, TypeAlias

from ledger.fetch import LogReader, read_bundle
from ledger.portal.index.headline import Headline, flawed, headline
from ledger.portal.index.model import Flaw
from ledger.portal.logs import LogUnreadable, Trouble, reading_errors
from ledger.tile import TILE_WIDTH, BrokenBundle, tile_width

MISSING_BUNDLES_MAX: Final = 16
"""In a row; more of them are no hole but the end of what is there."""


class Mark(NamedTuple):
    """An entry by which a log is known again."""

    number: int
    digest: str  # SHA-256 of its bytes, in hexadecimal


class Taken(NamedTuple):
    """The entries of one bundle, and the last of them that was there."""

    headlines: list[Headline]
    last: Mark | None

    def since(self, start: int) -> Taken:
        found = [each for each in self.headlines if each.number >= start]
        return self if len(found) == len(self.headlines) else Taken(found, self.last)


Each: TypeAlias = Callable[[range], Iterable[Taken | None]]


class LogContent:
    """The published part of one log, of `size` entries."""

    def __init__(self, log: str, reader: LogReader, origin: str, size: int) -> None:
        self.log = log
        self.reader = reader
        self.origin = origin.encode()
        self.size = size

    def entries(self, number: int) -> list[bytes] | None:
        """Of one bundle, as many as there are; None where its file is missing.

        Raises `LogUnreadable` where nothing can be read at all.
        """
        with reading_errors(self.log):
            try:
                return read_bundle(self.reader, number, tile_width(0, number, self.size))
            except FileNotFoundError:
                return None
            except BrokenBundle as error:
                return error.items[: tile_width(0, number, self.size)]

    def entry(self, index: int) -> bytes | None:
        """One of them, or None."""
        found = self.entries(index // TILE_WIDTH)
        offset = index % TILE_WIDTH
        return found[offset] if found is not None and offset < len(found) else None

    def bundle(self, number: int) -> Taken | None:
        """A whole bundle; None where its file is missing. Raises `LogUnreadable`."""
        entries = self.entries(number)
        if entries is None:
            return None
        base = number * TILE_WIDTH
        found = [headline(data, self.origin, base + at) for at, data in enumerate(entries)]
        last = Mark(base + len(entries) - 1, sha256(entries[-1]).hexdigest()) if entries else None
        return Taken(found + self._missing(number)[len(found) :], last)

    def _missing(self, number: int) -> list[Headline]:
        base, width = number * TILE_WIDTH, tile_width(0, number, self.size)
        return [flawed(base + at, Flaw.MISSING) for at in range(width)]

    def bundles(self, start: int, each: Each | None = None) -> Iterator[Taken]:
        """From entry `start` to the end, in order. Raises `LogUnreadable` at what is no hole.

        `each` may read the bundles of a range in some other way than one after the other.
        """
        numbers = range(start // TILE_WIDTH, -(-self.size // TILE_WIDTH))
        if start >= self.size:
            return
        holes: list[int] = []
        for number, found in zip(numbers, (each or self._each)(numbers), strict=True):
            if found is None:
                holes.append(number)
                if len(holes) > MISSING_BUNDLES_MAX:
                    break
                continue
            for hole in holes:
                yield Taken(self._missing(hole), None).since(start)
            holes.clear()
            yield found.since(start)
        if holes:
            detail = f"第 {holes[0] * TILE_WIDTH} 号起 / from entry {holes[0] * TILE_WIDTH} on"
            raise LogUnreadable(self.log, Trouble.ENTRIES_GONE, detail)

    def _each(self, numbers: range) -> Iterator[Taken | None]:
        return map(self.bundle, numbers)
