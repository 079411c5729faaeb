"""The real service in front of D, and D' where sealed rows are deleted, with a session on each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from tests.conftest import AGENCY
from tests.scenarios.service import Service, running_service
from tests.world import SQL, Database, PostgresWorld


@dataclass(frozen=True, slots=True)
class Pair:
    """Sessions are of an ordinary user, its search_path set."""

    service: Service
    full: Database
    pruned: Database

    def ours(self, *, autocommit: bool = True) -> psycopg.Connection:
        """A session through the service."""
        return _set(self.service.site.connect("desk"), autocommit=autocommit)

    def theirs(self, *, autocommit: bool = True) -> psycopg.Connection:
        """A session with D' itself."""
        return _set(self.pruned.connect("desk"), autocommit=autocommit)


@contextmanager
def running_pair(postgres: PostgresWorld, home: Path, extra_sql: str = "") -> Iterator[Pair]:
    """Both databases with `extra_sql` run on them, and the service with its ledger in `home`."""
    full, pruned = postgres.create_database(AGENCY), postgres.create_database(AGENCY)
    pruned.run((SQL / "pruned.sql").read_text(encoding="utf-8"))
    for database in (full, pruned):
        database.run(extra_sql)
    with running_service(full, home) as service:
        yield Pair(service, full, pruned)


def _set(connection: psycopg.Connection, *, autocommit: bool = True) -> psycopg.Connection:
    connection.execute("SET search_path = base, public")
    connection.autocommit = autocommit
    return connection
