"""What belongs to one entry, found near it in the log and proved: outcome, permits, neighbours.

Searching proves nothing, and finds what the log's files let it find; what is handed out was proved,
each entry for itself. How far was searched is told, for "none found" is said of that alone.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ledger.errors import FormatError
from ledger.evidence.filters import EntryFilter
from ledger.evidence.proven import KeyHint, ProvenEntry, ProvenLog
from ledger.evidence.scan import scan
from ledger.fetch import CHECKPOINT_PATH, LogReader
from ledger.fields import EntryKind
from ledger.note import VerifierKey
from ledger.tile import TILE_WIDTH

OUTCOME_WITHIN: Final = 64 * TILE_WIDTH
"""Entries after a decision among which its outcome is looked for."""
SESSION_WITHIN: Final = 8 * TILE_WIDTH
"""Entries before and after, among which neighbours of the same session are looked for."""
PERMIT_WITHIN: Final = 2048 * TILE_WIDTH
"""Entries before a decision among which its permit is looked for."""
NEIGHBOURS_MAX: Final = 10  # on each side
_PERMITS_MAX: Final = 4
_PERMIT_ENTRIES_MAX: Final = 8
_LOGS_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Around:
    """`decision` is what an outcome is of. `unproved` are numbers that were found and failed."""

    entry: ProvenEntry
    decision: ProvenEntry | None = None
    outcome: ProvenEntry | None = None
    permits: tuple[ProvenEntry, ...] = ()
    neighbours: tuple[ProvenEntry, ...] = ()
    unproved: tuple[int, ...] = ()


class ProvenLogs:
    """Logs as they were proved last; one is made anew when it has grown to what is asked for.

    Making one reads what `hint` does not know of the log, for entries that change keys. Belongs to
    no thread.
    """

    def __init__(self, hint: Callable[[str], KeyHint | None] = lambda name: None) -> None:
        """`hint` is given the name of a log."""
        self._hint = hint
        self._lock = threading.Lock()
        self._logs: dict[str, ProvenLog] = {}

    def log(
        self, name: str, reader: LogReader, keys: Iterable[VerifierKey], index: int | None = None
    ) -> ProvenLog:
        """One that holds entry `index`, if the published log does; without one, the log as it is
        published. Raises as `ProvenLog` does."""
        given = tuple(keys)
        with self._lock:
            known = self._logs.get(name)
            same = known is not None and tuple(known.keys) == given
            if known is not None and same and index is not None and index < known.size:
                return known
            note = reader.read(CHECKPOINT_PATH)
            if known is None or known.note != note or not same:
                if len(self._logs) >= _LOGS_MAX:
                    self._logs.clear()
                known = self._logs[name] = ProvenLog(reader, given, note, self._hint(name))
            return known


def around(log: ProvenLog, index: int) -> Around:
    """Raises `FormatError` where the entry itself is not as it was signed, or is not there."""
    entry = log.entry(index)
    header, kind = entry.entry.header, entry.entry.kind
    proving = _Proving(log, index)
    decision = outcome = None
    permits: list[ProvenEntry] = []
    if kind is EntryKind.OUTCOME and isinstance(of := header.get("decision"), int):
        decision = proving.one(of) if of < index else None
        if decision is not None and decision.entry.kind is not EntryKind.DECISION:
            decision = None
    if kind is EntryKind.DECISION:
        outcome = proving.first(_outcomes_of(log, index))
        for number in _permits_of(header):
            permits += proving.all(_permit_entries(log, index, number))
    neighbours = proving.all(_of_session(log, index, str(header.get("session", ""))))
    return Around(
        entry, decision, outcome, tuple(permits), tuple(neighbours), tuple(proving.failed)
    )


class _Proving:
    """Proves what was found, and keeps the numbers of what could not be."""

    def __init__(self, log: ProvenLog, index: int) -> None:
        self._log = log
        self._index = index
        self.failed: list[int] = []

    def one(self, index: int) -> ProvenEntry | None:
        try:
            return self._log.entry(index)
        except FormatError:
            self.failed.append(index)
            return None

    def all(self, indices: Iterable[int]) -> list[ProvenEntry]:
        proved = [self.one(index) for index in indices if index != self._index]
        return [each for each in proved if each is not None]

    def first(self, indices: Iterable[int]) -> ProvenEntry | None:
        return next(iter(self.all(indices)), None)


def _permits_of(header: Mapping[str, object]) -> list[str]:
    several = header.get("permits")
    named = several if isinstance(several, list) else []
    one = header.get("permit")
    # Each is a search through much of the log, and the log says how many there are.
    return [str(each) for each in ([one] if isinstance(one, str) else named)][:_PERMITS_MAX]


def _search(log: ProvenLog, wanted: EntryFilter, start: int, end: int) -> Iterator[int]:
    """Numbers in order; ends early where the files cannot be read, which `核验` tells of."""
    try:
        for found in scan(log.reader, wanted, start=max(0, start), end=min(end, log.size)):
            yield found.index
    except (FormatError, FileNotFoundError):
        return


def _outcomes_of(log: ProvenLog, index: int) -> list[int]:
    wanted = EntryFilter(kinds=frozenset({EntryKind.OUTCOME}))
    needle = f'"decision":{index},'.encode()
    try:
        for found in scan(
            log.reader, wanted, start=index + 1, end=min(index + OUTCOME_WITHIN, log.size)
        ):
            if needle in found.data:
                return [found.index]
    except (FormatError, FileNotFoundError):
        return []
    return []


def _permit_entries(log: ProvenLog, index: int, number: str) -> list[int]:
    """From later to earlier bundles, until its beginning was found."""
    wanted = EntryFilter(kinds=frozenset({EntryKind.PERMIT}), words=(("permit", number),))
    begun = EntryFilter(words=(("event", "received"),))
    found: list[int] = []
    last = index // TILE_WIDTH
    for bundle in range(last, max(-1, last - PERMIT_WITHIN // TILE_WIDTH), -1):
        first, end = bundle * TILE_WIDTH, min((bundle + 1) * TILE_WIDTH, index)
        here = list(_search(log, wanted, first, end))
        found = [*here, *found]
        if len(found) > _PERMIT_ENTRIES_MAX or any(_is(log, begun, at) for at in here):
            break
    return found[:_PERMIT_ENTRIES_MAX]


def _is(log: ProvenLog, wanted: EntryFilter, index: int) -> bool:
    return any(True for _ in _search(log, wanted, index, index + 1))


def _of_session(log: ProvenLog, index: int, session: str) -> list[int]:
    if not session:
        return []
    wanted = EntryFilter(words=(("session", session),))
    start, end = index - SESSION_WITHIN, index + SESSION_WITHIN
    found = list(_search(log, wanted, start, end))
    before = [each for each in found if each < index][-NEIGHBOURS_MAX:]
    return [*before, *[each for each in found if each > index][:NEIGHBOURS_MAX]]
