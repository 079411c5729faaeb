"""The real service before a database that has one of nearly everything."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import AGENCY
from tests.scenarios.service import Site, install, started
from tests.world import Database, PostgresWorld

CATALOGUE = Path(__file__).with_name("catalogue.sql")
ADMINISTRATOR = """
[[principal]]
name = "dba"
kind = "administrator"
match = { user = "agency_scram" }
"""


OPEN = """
[relation."shop.summary"]
open = true
"""


@pytest.fixture(scope="module")
def shop(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The service; without it, the same database by its own port."""
    database = postgres.create_database(AGENCY)
    database.run(CATALOGUE.read_text(encoding="utf-8"))
    yield from served(database, tmp_path_factory.mktemp("shop"), ADMINISTRATOR + OPEN)
    postgres.drop_database(database)


@pytest.fixture(scope="module")
def tutorial(
    postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Site, Database]]:
    """The service before an empty schema, and a database that is equal to its own."""
    ours, equal = postgres.create_database(AGENCY), postgres.create_database(AGENCY)
    for database in (ours, equal):
        database.run("""
            CREATE SCHEMA tutorial AUTHORIZATION agency_scram;
            GRANT USAGE ON SCHEMA tutorial TO desk""")
    for site in served(ours, tmp_path_factory.mktemp("tutorial"), ADMINISTRATOR):
        yield site, equal
    for database in (ours, equal):
        postgres.drop_database(database)


def served(database: Database, home: Path, added: str) -> Iterator[Site]:
    """With the shipped policy, and what is added to it."""
    site = install(database, home)
    with (home / "policy.toml").open("a", encoding="utf-8") as policy:
        policy.write(added)
    with started(site) as service:
        yield site
        assert service.stop() == 0, site.errors.read_text(encoding="utf-8")
    site.verify()
