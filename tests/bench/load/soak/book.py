"""What one client of a soak knows to be true, and what it was told."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from random import Random

import asyncpg
import psycopg

from tests.bench.load.soak.truth import Truth
from tests.scenarios.service import Site

# Too large for four bytes, so that a binary parameter always has eight.
MARKS_FROM = 100_000_000_000
MARKS_A_CLIENT = 1_000_000_000
GONE_AFTER_MAX_S = 60.0
LOOK_AGAIN_S = 0.1

LOST = frozenset(
    ("08000", "08001", "08003", "08006", "57P01", "57P02", "57P03", "53300", "57P05", "25P03")
)
"""What an end of the connection may be called; nothing else excuses a missing answer."""
STALE = frozenset(("0A000", "26000"))
"""A prepared statement has to be prepared again."""


class Wrong(Exception):
    """An answer that is not the right one; the text says what, without the rows."""


def is_lost(error: BaseException) -> bool:
    """Whether the connection has ended: the one error that may come at any time."""
    sqlstate = getattr(error, "sqlstate", None)
    if sqlstate is not None:
        return sqlstate in LOST
    if type(error) is asyncpg.InternalClientError:
        # asyncpg's own, when a cancel request for a connection that has ended could not be sent.
        return str(error).startswith("cannot switch to state")
    ended = (psycopg.OperationalError, asyncpg.InterfaceError, OSError)
    return isinstance(error, ended)


@dataclass(slots=True)
class Told:
    """What all clients of one kind were told; each kind is served by a thread of its own."""

    answers: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    lost_count: int = 0
    marks: dict[int, str] = field(default_factory=dict)
    """Of what was answered, and of what kind it was."""


class Book:
    """The rows that a client has written, and the marks that it has used.

    ``rows`` is what the database holds for sure. A write that was not answered may have happened or
    not: `settle` says which, once the server has done with the connection that it came by.
    """

    def __init__(self, number: int, site: Site, truth: Truth, seed: int) -> None:
        self.number = number
        self.site = site
        self.truth = truth
        self.random = Random(seed * 1000 + number)
        self.told = Told()
        self.rows: dict[int, int] = {}
        self.maybe: Mapping[int, int] | None = None
        # Since it last was settled.
        self.connected = False
        self._marks_count = 0

    @property
    def name(self) -> str:
        """Its application_name."""
        return f"soak-{self.number}"

    def mark(self) -> int:
        """A number that stands in no other statement of anybody."""
        self._marks_count += 1
        return MARKS_FROM + self.number * MARKS_A_CLIENT + self._marks_count

    def answered(self, kind: str, mark: int | None = None) -> None:
        """An answer came, and was right."""
        self.told.answers[kind] = self.told.answers.get(kind, 0) + 1
        if mark is not None:
            self.told.marks[mark] = kind

    def require(self, holds: bool, what: str) -> None:
        """Raises `Wrong` where it does not hold."""
        if not holds:
            raise Wrong(f"{self.name}: {what}")

    def intend(self, changes: Mapping[int, int]) -> None:
        """A write is about to be sent: if it happens, all of it does."""
        self.maybe = {**self.rows, **changes}

    def wrote(self) -> None:
        """It was acknowledged."""
        assert self.maybe is not None
        self.rows, self.maybe = dict(self.maybe), None

    def gave_up(self) -> None:
        """It was refused, or taken back."""
        self.maybe = None

    def settle(self) -> None:
        """The connection is lost: find out which of the two it is. Raises `Wrong`."""
        if not self.connected:
            return
        self.connected = False
        found = self._found()
        possible = [self.rows] if self.maybe is None else [self.rows, self.maybe]
        self.maybe = None
        if found not in possible:
            lost = sorted(key for key in self.rows if key not in found)
            self.rows = found
            raise Wrong(f"{self.name}: rows are not what was acknowledged; {len(lost)} are missing")
        self.rows = found

    def _found(self) -> dict[int, int]:
        """Asked of the database itself, when none of this client's sessions are left there."""
        deadline = time.monotonic() + GONE_AFTER_MAX_S
        while time.monotonic() < deadline:
            try:
                with self.site.database.connect() as connection:
                    session = "SELECT 1 FROM pg_stat_activity WHERE application_name = %s"
                    if connection.execute(session, [self.name]).fetchone() is None:
                        sql = "SELECT key, value FROM soaked WHERE client = %s"
                        return dict(connection.execute(sql, [self.number]).fetchall())
            except psycopg.OperationalError:
                pass  # the database is down, too
            time.sleep(LOOK_AGAIN_S)
        raise Wrong(f"{self.name}: its session is still there after {GONE_AFTER_MAX_S:.0f} s")
