"""An erasure by order of law: what it says, and what it excuses. Pure.

The payload goes, the entry and every proof stay. An entry of kind `erasure` names the order and
the indices; only the notary's keys write one. It excuses what lies before it, never what follows:
nobody orders the erasure of a record that is not yet there. A frozen log takes no entry any more:
what goes from one is ordered by an entry of a log that continues it, which names it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from ledger.entry import Entry
from ledger.fields import LIST_ITEMS_MAX, EntryKind, Header

RANGE_MAX: Final = 100_000
_DIGITS_MAX: Final = 15


@dataclass(frozen=True, slots=True)
class Order:
    """Who ordered it and by what law; no person, no case number."""

    number: str
    authority: str
    article: str | None = None


def erasure_headers(
    order: Order, indices: Sequence[int], log: str | None = None
) -> Iterator[Header]:
    """The headers of the entries that record the order, as many as its indices need. ``log`` is
    the origin of the earlier log that they are of."""
    for start in range(0, len(indices), LIST_ITEMS_MAX):
        yield {
            "order": order.number,
            "authority": order.authority,
            "article": order.article,
            "entries": [str(index) for index in indices[start : start + LIST_ITEMS_MAX]],
            "log": log,
        }


def erased_by(entry: Entry) -> tuple[str, list[int]]:
    """The log of which an erasure entry names payloads, and their indices: of its own log those
    before it. None for any other entry, nor for one that calls its own log an earlier one."""
    named = entry.header.get("entries") if entry.kind is EntryKind.ERASURE else None
    log = entry.header.get("log")
    if not isinstance(named, list) or log == entry.origin:
        return entry.origin, []
    indices = [
        int(text)
        for text in named
        if text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX and str(int(text)) == text
    ]
    if log is not None:
        return str(log), indices
    return entry.origin, [index for index in indices if index < entry.sequence]


@dataclass(slots=True)
class Payloads:
    """What is here of the payloads of a log, told in any order and judged when all is told.

    A copy without any payload file is a witness's and legitimate. Where there is one, all have to
    be, and each payload in them that no order erased.
    """

    present_count: int = 0
    files_here: bool = False  # one payload file at least
    absent_count: int = 0  # payloads whose file is not here
    absent_first: int | None = None
    gaps: set[int] = field(default_factory=set)  # signed, and not in the file that is here
    erased: set[int] = field(default_factory=set)  # named by an erasure entry
    elsewhere: dict[str, set[int]] = field(default_factory=dict)  # and of earlier logs, by origin

    def hear(self, entry: Entry) -> None:
        """What an entry orders."""
        if entry.kind is EntryKind.ERASURE:
            log, indices = erased_by(entry)
            own = log == entry.origin
            (self.erased if own else self.elsewhere.setdefault(log, set())).update(indices)

    def absent(self, index: int) -> None:
        """The whole file of this payload is not here."""
        self.absent_count += 1
        if self.absent_first is None or index < self.absent_first:
            self.absent_first = index

    def merge(self, other: Payloads) -> None:
        """Add what was told to another."""
        self.present_count += other.present_count
        self.files_here |= other.files_here
        firsts = [first for first in (self.absent_first, other.absent_first) if first is not None]
        self.absent_count += other.absent_count
        self.absent_first = min(firsts, default=None)
        self.gaps |= other.gaps
        self.erased |= other.erased
        for log, indices in other.elsewhere.items():
            self.elsewhere.setdefault(log, set()).update(indices)

    def without_order(self) -> int | None:
        """The first payload that is missing and should not be."""
        missing = self.gaps - self.erased
        if self.files_here and self.absent_first is not None:
            missing.add(self.absent_first)
        return min(missing, default=None)

    @property
    def erased_count(self) -> int:
        """Erased by order, and gone."""
        return len(self.gaps & self.erased)

    @property
    def unfinished_count(self) -> int:
        """Recorded as erased, and still here: the erasure has to be run again."""
        return len(self.erased - self.gaps) if self.files_here else 0


def indices_from(words: Iterable[str]) -> list[int]:
    """`7` and ranges `12-40`, sorted and each once. Raises `ValueError` with the word."""
    indices: set[int] = set()
    for word in words:
        first, dash, last = word.partition("-")
        numbers = [first, last] if dash else [first]
        if not all(n.isascii() and n.isdigit() and len(n) <= _DIGITS_MAX for n in numbers):
            raise ValueError(f"{word[:40]!r} is no index: write 7, or 12-40")
        start, end = int(numbers[0]), int(numbers[-1])
        if end < start or end - start >= RANGE_MAX:
            raise ValueError(f"{word[:40]!r} is no range of at most {RANGE_MAX:,}")
        indices.update(range(start, end + 1))
    return sorted(indices)
