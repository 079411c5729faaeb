"""A worker of the proxy before a database that everybody may write to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.drivers.harness import RunningProxy
from tests.world import Database, PostgresWorld

SCHEMA = """
CREATE TABLE person (id int PRIMARY KEY, name text NOT NULL, born date);
INSERT INTO person SELECT i, 'synthetic ' || i, date '1990-01-01' + i FROM generate_series(1, 50) i;
CREATE SCHEMA other;
CREATE TABLE other.person (id int PRIMARY KEY, name text NOT NULL);
INSERT INTO other.person VALUES (1, 'of another schema');
"""


@pytest.fixture
def database(postgres: PostgresWorld) -> Iterator[Database]:
    """A database of this test's own."""
    made = postgres.create_database()
    made.run(SCHEMA)
    yield made
    postgres.drop_database(made)


@pytest.fixture
def proxy(database: Database) -> Iterator[RunningProxy]:
    """A worker that passes everything, except what a comment marks."""
    with RunningProxy(database) as running:
        yield running
