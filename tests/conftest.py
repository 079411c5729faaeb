"""Fixtures everything below tests/ may ask for. The server starts on first use, not before."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proxy.server.interpreter import collect_less
from tests.world import SQL, Database, PostgresWorld

collect_less()

AGENCY = "agency_template"
AGENCY_FILES = ("roles.sql", "schema.sql", "seed.sql", "oracle.sql", "grants.sql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresWorld]:
    """One PostgreSQL cluster for the whole session."""
    with PostgresWorld() as world:
        world.create_template(AGENCY, AGENCY_FILES)
        yield world


@pytest.fixture(scope="session")
def agency(postgres: PostgresWorld) -> Database:
    """The agency's database, shared: tests that write take `agency_copy`."""
    return postgres.create_database(AGENCY, name="agency")


@pytest.fixture
def agency_copy(postgres: PostgresWorld) -> Iterator[Database]:
    """A database of its own for one test."""
    copy = postgres.create_database(AGENCY)
    yield copy
    postgres.drop_database(copy)


@pytest.fixture(scope="session")
def agency_pruned(postgres: PostgresWorld) -> Database:
    """The agency's database with every sealed row deleted and every masked column overwritten."""
    pruned = postgres.create_database(AGENCY, name="agency_pruned")
    pruned.run((SQL / "pruned.sql").read_text(encoding="utf-8"))
    return pruned
