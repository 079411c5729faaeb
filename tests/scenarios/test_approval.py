"""A function of the site's own, from `fengcun inventory` to the day somebody replaces it."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import AGENCY
from tests.scenarios.service import Service, install, started
from tests.world import Database, PostgresWorld

pytestmark = pytest.mark.database

SCHEMA = """
CREATE SCHEMA own;
GRANT USAGE ON SCHEMA own TO PUBLIC;
CREATE FUNCTION own.half(n int) RETURNS int LANGUAGE sql AS 'SELECT n / 2';
CREATE FUNCTION own.quarter(n int) RETURNS int LANGUAGE sql AS 'SELECT own.half(own.half(n))';
"""
SEEN_AFTER_MAX_S = 30.0


@pytest.fixture
def database(postgres: PostgresWorld) -> Iterator[Database]:
    made = postgres.create_database(AGENCY)
    made.run(SCHEMA)
    yield made
    postgres.drop_database(made)


def call(service: Service, sql: str) -> str:
    """The answer, or the rule it is refused by."""
    with service.site.connect("desk") as connection:
        try:
            return str(connection.execute(sql.encode()).fetchone())
        except psycopg.errors.InsufficientPrivilege as refusal:
            return str(refusal.diag.message_hint)


def until(service: Service, sql: str, wanted: str) -> str:
    """The answer, once it says what is wanted or time is up."""
    deadline = time.monotonic() + SEEN_AFTER_MAX_S
    while wanted not in (found := call(service, sql)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_what_was_approved_is_served_until_it_is_something_else(database: Database, tmp_path: Path):
    site = install(database, tmp_path)
    with started(site) as service:
        assert "unvetted-function" in call(service, "SELECT own.quarter(8)")

        listed = json.loads(site.must("inventory", "--config", site.config, "--json"))
        approvals = {item["name"]: item["approval"] for item in listed["items"]}
        policy = site.home / "policy.toml"
        with policy.open("a", encoding="utf-8") as out:
            out.write(f"\n{approvals['own.quarter(integer)']}\n")
        service.process.send_signal(signal.SIGHUP)
        assert until(service, "SELECT own.quarter(8)", "(2,)") == "(2,)"
        assert "unvetted-function" in call(service, "SELECT own.half(8)")

        # Behind the approved function: what its body names now reads a sealed person's name.
        database.run("""
            CREATE OR REPLACE FUNCTION own.half(n int) RETURNS int LANGUAGE sql AS
              'SELECT length(name) FROM base.person WHERE person_id = n'""")
        assert "function-changed" in until(service, "SELECT own.quarter(8)", "function-changed")
        told = site.run("check", "--config", site.config)
        assert told.returncode == 1
        assert "changed-function: own.quarter" in told.stdout

        database.run(SCHEMA.splitlines()[3].replace("CREATE", "CREATE OR REPLACE"))
        assert until(service, "SELECT own.quarter(8)", "(2,)") == "(2,)"
        assert service.stop() == 0
    site.verify()


def test_a_function_that_is_not_there_keeps_the_service_from_starting(
    database: Database, tmp_path: Path
):
    site = install(database, tmp_path)
    with (site.home / "policy.toml").open("a", encoding="utf-8") as out:
        out.write(f'\n[function."own.half(int)"]\ndigest = "sha256:{"0" * 64}"\n')
    done = site.run("serve", "--config", site.config)
    assert done.returncode == 2
    assert 'did you mean "own.half(integer)"?' in done.stderr
