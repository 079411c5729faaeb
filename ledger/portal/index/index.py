"""The index over all logs of a portal: one list of them, each from a file of its own."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, cast

from ledger.errors import LedgerError
from ledger.fields import EntryKind
from ledger.portal.index.conditions import SELECT
from ledger.portal.index.counting import count_log, offset_hours, values_of
from ledger.portal.index.files import IndexFiles
from ledger.portal.index.filling import read_meta
from ledger.portal.index.headline import KIND_CODES, time_text
from ledger.portal.index.model import (
    LIMIT_MAX,
    By,
    Counted,
    Each,
    LogState,
    Neighbours,
    Page,
    Position,
    Query,
    Rebuilt,
    Refreshed,
    Row,
    Tally,
)
from ledger.portal.index.refreshing import Progress, refresh
from ledger.portal.index.schema import reading
from ledger.portal.index.walking import Raw, Walk, one_row, rows_of
from ledger.portal.logs import Source

SEARCH_SECONDS: Final = 2.0
_ATTEMPTS_MAX: Final = 5
_NEVER_MS: Final = -(2**62)
CHINA_MINUTES: Final = 480
"""Days are those of the clock in China, unless another is asked for."""


class IndexUnreadable(LedgerError):
    """One log's index file is damaged; the next refresh makes it anew."""

    def __init__(self, log: str) -> None:
        super().__init__(f"{log}: 索引受损，将自动重建 / the index is damaged and is made anew")
        self.log = log


class Index:
    """Threads may ask and refresh at once; one log is refreshed by one of them at a time."""

    def __init__(self, files: IndexFiles) -> None:
        self._files = files
        self._refreshing = {name: threading.Lock() for name in files.names}
        self._damaged: set[str] = set()

    @classmethod
    def open(cls, directory: Path, names: Iterable[str]) -> Index:
        """Of the logs with these names; what is there of others is removed.

        Raises `ConfigurationError` where the directory cannot be used.
        """
        return cls(IndexFiles(directory, names))

    def close(self) -> None:
        """After it, another process may use the directory."""
        self._files.close()

    def refresh(self, source: Source, progress: Progress | None = None) -> Refreshed:
        """Index what its log has published since. Blocks, for minutes where there is much of it.

        Raises `logs.LogUnreadable`, with all that could be read indexed, and `sqlite3.Error` where
        the disk is full or fails.
        """
        with self._refreshing[source.name]:
            distrusted = source.name in self._damaged
            done = refresh(
                self._files, source, progress or (lambda done, total: None), distrusted=distrusted
            )
            self._damaged.discard(source.name)
            return done

    def search(
        self,
        query: Query,
        after: Position | None = None,
        limit: int = 50,
        *,
        seconds: float = SEARCH_SECONDS,
    ) -> Page:
        """Up to `limit` entries, the newest first; `seconds` is when it stops to look further.

        Raises `FormatError` for a date that there is not, and `IndexUnreadable`.
        """
        limit = max(1, min(limit, LIMIT_MAX))
        deadline = time.monotonic() + seconds
        numbers = dict(after.numbers) if after is not None else {}
        with ExitStack() as stack:
            walks: dict[str, Walk] = {}
            connections: dict[str, sqlite3.Connection] = {}
            for name in self._wanted(query.logs):
                connection = stack.enter_context(self._reading(name))
                connections[name] = connection
                size = _end(connection)
                start = min(numbers.get(name, size), size)
                walks[name] = Walk(connection, query, start, deadline)
                stack.callback(walks[name].close)
            found, position = _merge(walks, limit)
            rows = _rows(connections, found)
        more = not all(walk.ended and position[name] == 0 for name, walk in walks.items())
        return Page(tuple(rows), Position.of(position) if more else None)

    def tail(self, after: Position, limit: int = 50, *, logs: Iterable[str] = ()) -> Page:
        """Entries indexed since, the oldest first; `after` of the page is never None.

        Raises `IndexUnreadable`.
        """
        limit = max(1, min(limit, LIMIT_MAX))
        numbers = dict(after.numbers)
        with ExitStack() as stack:
            connections: dict[str, sqlite3.Connection] = {}
            coming: dict[str, Iterator[Raw]] = {}
            for name in self._wanted(frozenset(logs)):
                connection = stack.enter_context(self._reading(name))
                connections[name] = connection
                numbers.setdefault(name, _end(connection))
                text = f"{SELECT} FROM entry WHERE number >= ? ORDER BY number LIMIT ?"
                coming[name] = connection.execute(text, (numbers[name], limit))
            found = _oldest(coming, limit)
            numbers |= {name: cast("int", raw[0]) + 1 for name, raw in found}
            rows = _rows(connections, found)
        return Page(tuple(rows), Position.of(numbers))

    def end(self) -> Position:
        """Where a tail begins that is to show only what comes from now on."""
        numbers = {}
        for name in self._wanted(frozenset()):
            with self._reading(name) as connection:
                numbers[name] = _end(connection)
        return Position.of(numbers)

    def count_by(
        self, by: By, each: Each, tally: Tally | None = None, *, offset_minutes: int = CHINA_MINUTES
    ) -> list[Counted]:
        """How many entries, by one field and over time; in order of time, then of the field.

        `offset_minutes`: the clock whose days and months are meant. Raises `FormatError` for one
        that is not whole hours from UTC, and for a date that there is not; `IndexUnreadable`.
        """
        hours, tally = offset_hours(offset_minutes), tally or Tally()
        sums: dict[tuple[str, str], tuple[int, int]] = {}
        for name in self._wanted(tally.logs):
            with self._reading(name) as connection:
                for each_one in count_log(connection, name, by, each, tally, hours):
                    key = each_one.when, each_one.value
                    entries_count, rows_count = sums.get(key, (0, 0))
                    sums[key] = (
                        entries_count + each_one.entries_count,
                        rows_count + each_one.rows_count,
                    )
        return [Counted(*key, *counts) for key, counts in sorted(sums.items())]

    def values(self, by: By) -> list[str]:
        """What that field has been, for somebody to choose among."""
        if by is By.LOG:
            return self._files.names
        found: set[str] = set()
        for name in self._wanted(frozenset()):
            with self._reading(name) as connection:
                found.update(values_of(connection, by))
        return sorted(found)

    def row(self, log: str, number: int) -> Row | None:
        """One entry; None where it is not indexed. Raises `IndexUnreadable`."""
        if log not in self._wanted(frozenset({log})):
            return None
        with self._reading(log) as connection:
            return one_row(connection, log, "number = ?", number)

    def neighbours(self, log: str, number: int) -> Neighbours | None:
        """What belongs to an entry; None where it is not indexed. Raises `IndexUnreadable`."""
        if log not in self._wanted(frozenset({log})):
            return None
        with self._reading(log) as connection:
            row = one_row(connection, log, "number = ?", number)
            if row is None:
                return None
            decision = outcome = before = after = None
            if row.decision is not None:
                of_it = "number = ? AND kind = ?"
                code = KIND_CODES[EntryKind.DECISION]
                decision = one_row(connection, log, of_it, row.decision, code)
            if row.kind is EntryKind.DECISION:
                outcome = one_row(connection, log, "decision = ? ORDER BY number", number)
            if row.session is not None:
                same = "session = (SELECT session FROM entry WHERE number = ?)"
                text = f"{same} AND number < ? ORDER BY number DESC"
                before = one_row(connection, log, text, number, number)
                text = f"{same} AND number > ? ORDER BY number"
                after = one_row(connection, log, text, number, number)
        return Neighbours(decision, outcome, before, after)

    def states(self) -> list[LogState]:
        """Of each log that is indexed at all. Raises `IndexUnreadable`."""
        found = []
        for name in self._wanted(frozenset()):
            with self._reading(name) as connection:
                found.append(_state(connection, name))
        return found

    def _wanted(self, logs: frozenset[str]) -> list[str]:
        names = self._files.names
        return [name for name in names if (not logs or name in logs) and self._files.path(name)]

    @contextmanager
    def _reading(self, name: str) -> Iterator[sqlite3.Connection]:
        """One state of that log's index."""
        with ExitStack() as stack:
            connection = self._connected(name, stack)
            try:
                yield connection
            except sqlite3.DatabaseError as error:
                if not isinstance(error, sqlite3.OperationalError):
                    self._damaged.add(name)
                raise IndexUnreadable(name) from None

    def _connected(self, name: str, stack: ExitStack) -> sqlite3.Connection:
        """The file may just have given way to its next generation: then that one is opened."""
        for _ in range(_ATTEMPTS_MAX):
            path = self._files.path(name)
            assert path is not None
            try:
                return stack.enter_context(reading(path))
            except sqlite3.OperationalError:
                if path == self._files.path(name):
                    break
            except sqlite3.DatabaseError:
                break
        self._damaged.add(name)
        raise IndexUnreadable(name)


def _end(connection: sqlite3.Connection) -> int:
    """One more than the number of the last entry."""
    (last,) = connection.execute("SELECT max(number) FROM entry").fetchone()
    return 0 if last is None else last + 1


def _newness(found: tuple[str, Raw]) -> tuple[int, str, int]:
    name, raw = found
    number, time_ms = raw[0], raw[1]
    return (
        time_ms if isinstance(time_ms, int) else _NEVER_MS,
        name,
        number if isinstance(number, int) else 0,
    )


def _merge(walks: dict[str, Walk], limit: int) -> tuple[list[tuple[str, Raw]], dict[str, int]]:
    """The newest of what the logs have next, again and again; and where each of them then is.

    Where one log's next entry was not found in time, nobody knows what comes next.
    """
    heads = {name: walk.next() for name, walk in walks.items()}
    found: list[tuple[str, Raw]] = []
    while len(found) < limit:
        if any(head is None and not walks[name].ended for name, head in heads.items()):
            break
        waiting = [(name, head) for name, head in heads.items() if head is not None]
        if not waiting:
            break
        chosen = max(waiting, key=_newness)
        found.append(chosen)
        heads[chosen[0]] = walks[chosen[0]].next()
    position = {}
    for name, head in heads.items():
        position[name] = walks[name].reached if head is None else cast("int", head[0]) + 1
    return found, position


def _oldest(coming: dict[str, Iterator[Raw]], limit: int) -> list[tuple[str, Raw]]:
    """The oldest of what the logs have next, again and again."""
    heads = {name: next(raws, None) for name, raws in coming.items()}
    found: list[tuple[str, Raw]] = []
    while len(found) < limit:
        waiting = [(name, head) for name, head in heads.items() if head is not None]
        if not waiting:
            break
        found.append(min(waiting, key=_newness))
        name = found[-1][0]
        heads[name] = next(coming[name], None)
    return found


def _rows(connections: dict[str, sqlite3.Connection], found: list[tuple[str, Raw]]) -> list[Row]:
    """In the same order, each log's words looked up at once."""
    rows: dict[tuple[str, int], Row] = {}
    for name, connection in connections.items():
        raws = [raw for log, raw in found if log == name]
        rows.update({(name, row.number): row for row in rows_of(connection, name, raws)})
    return [rows[name, cast("int", raw[0])] for name, raw in found]


def _state(connection: sqlite3.Connection, name: str) -> LogState:
    try:
        meta = read_meta(connection)
        rebuilt = Rebuilt(str(meta["rebuilt"]))
    except (ValueError, KeyError):
        raise sqlite3.DatabaseError("not an index") from None
    run = connection.execute
    (flawed_count,) = run("SELECT count(*) FROM entry WHERE flaw IS NOT NULL").fetchone()
    first = run("SELECT time_ms FROM entry ORDER BY number LIMIT 1").fetchone()
    last = run("SELECT time_ms FROM entry ORDER BY number DESC LIMIT 1").fetchone()
    return LogState(
        name,
        str(meta["origin"]),
        cast("int", meta["size"]),
        flawed_count,
        _moment(first),
        _moment(last),
        str(meta["refreshed_at"]),
        rebuilt,
        str(meta["rebuilt_at"]),
    )


def _moment(found: tuple[int | None] | None) -> str:
    return "" if found is None or found[0] is None else time_text(found[0])
