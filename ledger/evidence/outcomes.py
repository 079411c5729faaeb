"""What became of decisions: rows and bytes that were released, found further on in the log."""

from __future__ import annotations

from collections.abc import Iterable

from ledger.entry import Entry, parse_entry
from ledger.evidence.filters import EntryFilter
from ledger.evidence.scan import scan
from ledger.fetch import LogReader
from ledger.fields import EntryKind

_OUTCOMES = EntryFilter(kinds=frozenset({EntryKind.OUTCOME}))


def outcomes_of(reader: LogReader, decisions: Iterable[int]) -> dict[int, tuple[int, Entry]]:
    """By index of the decision, the outcome's index and entry; those without one are left out.

    Reads on from the first of them until each has its outcome, or to the end of the log.
    """
    waiting = set(decisions)
    found: dict[int, tuple[int, Entry]] = {}
    if not waiting:
        return found
    for each in scan(reader, _OUTCOMES, start=min(waiting)):
        entry = parse_entry(each.data)[0]
        decision = entry.header.get("decision")
        if isinstance(decision, int) and decision in waiting:
            waiting.remove(decision)
            found[decision] = each.index, entry
            if not waiting:
                break
    return found
