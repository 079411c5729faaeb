"""One number of a report, and what of a report may leave the building. Pure.

A small number may point at somebody, so it is withheld; and so is what would give it away by
subtraction.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ledger.portal.words import Words

SMALL: Final = 10
"""A number below this, and not zero, may point at somebody."""


class Section(StrEnum):
    """The parts of a report, in their order."""

    ACCESS = "access"
    MONTHS = "months"
    RULES = "rules"
    PERMITS = "permits"
    CERTIFICATES = "certificates"
    OPINIONS = "opinions"
    PERMITS_BY_MONTH = "permits-by-month"
    PERMITS_BY_LOG = "permits-by-log"
    OPINIONS_BY_MONTH = "opinions-by-month"
    OPINIONS_BY_LOG = "opinions-by-log"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number. ``number`` None: withheld. ``days``: it counts days, and points at nobody.
    ``percent``: it is a share of the others of its ``row``. A row is withheld as a whole."""

    section: Section
    words: Words
    number: int | None
    days: bool = False
    percent: bool = False
    row: str = ""

    @property
    def counts(self) -> bool:
        """Whether it counts something, and so may be small."""
        return not self.days and not self.percent


def for_outside(report: Iterable[Figure]) -> list[Figure]:
    """With small cells withheld; and where a section withholds one alone, which its neighbours
    could give away, its next smallest, too. Of a table whole rows are withheld: `withheld_rows`."""
    found = list(report)
    hidden = {at for at, each in enumerate(found) if not each.row and _is_small(each)}
    for section in Section:
        here = [(at, each) for at, each in enumerate(found) if each.section is section]
        cells = [at for at, each in here if each.counts and not each.row]
        inside = [at for at in cells if at in hidden]
        others = [at for at in cells if at not in hidden and found[at].number]
        if len(inside) == 1 and others:
            hidden.add(min(others, key=lambda at: found[at].number or 0))
        rows: dict[str, list[int]] = {}
        for _, each in here:
            if each.row and each.counts:
                rows.setdefault(each.row, []).append(each.number or 0)
        gone = withheld_rows(rows)
        hidden |= {at for at, each in here if each.row in gone}
    return [replace(each, number=None) if at in hidden else each for at, each in enumerate(found)]


def withheld_rows(rows: Mapping[str, Sequence[int]]) -> frozenset[str]:
    """Rows of a table that must not be shown: the numbers of each, in one order, the total first.

    The totals of all rows are known from another table of the same matters. So what all that are
    withheld have in common, which is those totals less what is shown, must not be small either;
    so it is never one row's alone, which has a small number in it.
    """
    gone = {name for name, cells in rows.items() if any(0 < cell < SMALL for cell in cells)}
    while gone and len(gone) < len(rows) and not _enough([rows[name] for name in gone]):
        gone.add(min(rows.keys() - gone, key=lambda name: (rows[name][0], name)))
    return frozenset(gone)


def _enough(gone: Sequence[Sequence[int]]) -> bool:
    sums = [sum(cells) for cells in zip(*gone, strict=True)]
    return not any(0 < each < SMALL for each in sums)


def _is_small(figure: Figure) -> bool:
    return figure.counts and figure.number is not None and 0 < figure.number < SMALL
