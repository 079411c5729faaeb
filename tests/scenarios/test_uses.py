"""How often a permit is used: counted exactly, across workers, restarts and crashes. All people are
synthetic."""

from __future__ import annotations

import json
import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import asyncpg
import psycopg
import pytest
from psycopg import errors

from tests.scenarios.service import FENGCUN, ROOT, Site, install, until_it_answers
from tests.scenarios.test_budget import at_once, serving
from tests.scenarios.test_desk_page import AGENCY, APPLICATION, OFFICERS, PASSWORD, PERSON, permit
from tests.scenarios.test_permits import ASK, OTHER, SEALED, Running, granted, people, running
from tests.world import HOST, Database, free_port
from tests.world import PASSWORD as DATABASE_PASSWORD

pytestmark = pytest.mark.database

TOLD = (
    "SELECT s.term_months FROM base.person p JOIN base.case_person USING (person_id)"
    f" JOIN base.sentence s USING (cp_id) WHERE p.id_no = '{PERSON}'"
)
CLIENTS = 20


def counter(database: Database, home: Path) -> tuple[Site, int]:
    """A site with a desk, two officers, two workers, and its desk's port."""
    database.run(f"UPDATE base.person SET id_no = '{PERSON}' WHERE person_id = {SEALED}")
    site, port = install(database, home), free_port()
    site.set("listen", "workers = 2")
    for line in (
        f'agency = "{AGENCY}"', 'directory = "desk"', 'officers_file = "officers.toml"',
        f"port = {port}",
    ):  # fmt: skip
        site.set("desk", line)
    for name, role in OFFICERS.items():
        command = [*FENGCUN, "desk", "officer", "add", name, "--role", role]
        config = ["--config", str(site.config)]
        subprocess.run([*command, *config], cwd=ROOT, input=PASSWORD, text=True, check=True)
    return site, port


def grant(site: Site, port: int, uses_max: int) -> str:
    """An officer takes in an application for so many uses, another grants it: its number."""
    url, given = f"http://{HOST}:{port}", json.dumps({**APPLICATION, "uses_max": uses_max})
    done = permit(url, site, "clerk-li", "apply", "--file", "-", "--json", given=given)
    assert done.returncode == 0, done.stderr
    number = str(json.loads(done.stdout)["number"])
    assert permit(url, site, "chief-wang", "grant", number).returncode == 0
    return number


def told(site: Site, times: int = 1) -> list[int]:
    """How many sealed rows each of so many statements showed, in one session."""
    with site.connect() as connection:
        return [len(connection.execute(TOLD.encode()).fetchall()) for _ in range(times)]


def uses_recorded(site: Site, number: str) -> int:
    headers = [entry["header"] for entry in site.entries("decision")]
    return sum(header.get("permit") == number for header in headers)


@pytest.mark.requirement("D8")
def test_ten_uses_are_ten_for_twenty_clients_that_race_in_two_workers(agency_copy, tmp_path):
    site, port = counter(agency_copy, tmp_path)
    with serving(site) as service:
        until_it_answers(port, service.process)
        assert told(site) == [0]
        first = grant(site, port, 10)
        found: list[int] = []
        at_once(CLIENTS, lambda _: found.extend(told(site)))
        assert sorted(found) == [0] * 10 + [1] * 10
        assert told(site, 3) == [0] * 3
        second = grant(site, port, 2)
        assert told(site, 3) == [1, 1, 0]
    site.verify()
    assert [uses_recorded(site, each) for each in (first, second)] == [10, 2]


@pytest.mark.requirement("D8")
def test_a_restart_and_a_kill_give_no_use_back_and_take_none(agency_copy, tmp_path):
    site, port = counter(agency_copy, tmp_path)
    with serving(site) as service:
        until_it_answers(port, service.process)
        number = grant(site, port, 8)
        assert told(site, 3) == [1] * 3
    with serving(site) as service:
        until_it_answers(port, service.process)
        assert told(site, 2) == [1] * 2
        service.kill()
    with serving(site) as service:
        until_it_answers(port, service.process)
        assert told(site) == [1]
        service.kill()
    site.log.with_name("log.budget").unlink()
    with serving(site) as service:
        until_it_answers(port, service.process)
        assert told(site, 4) == [1, 1, 0, 0]
    with serving(site) as service:
        until_it_answers(port, service.process)
        assert told(site, 2) == [0, 0]
    site.verify()
    assert uses_recorded(site, number) == 8


@pytest.fixture
async def one(agency_copy: Database, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(agency_copy, tmp_path) as service:
        yield service
    service.site.verify()


@pytest.mark.requirement("D8")
async def test_one_that_is_used_up_counts_no_more_and_the_other_does(one: Running):
    await one.permit(replace(granted(), uses_max=1), granted("q-2", OTHER))
    async with await one.connect() as connection:
        assert await people(connection, "SELECT 1") == [1]
        assert await people(connection) == [SEALED, OTHER]
        assert await people(connection) == [OTHER]
        assert await people(connection, binary=True) == [OTHER]
        # It is as used up as it was when it is put in force again.
        await one.permit()
        await one.permit(replace(granted(), uses_max=1))
        assert await people(connection) == []
        await one.permit(replace(granted("q-3"), uses_max=2))
        assert await people(connection, binary=True) == [SEALED]
        assert await people(connection, binary=True) == [SEALED]
        # What was parsed under it is stale; the next is judged without.
        with pytest.raises(errors.FeatureNotSupported):
            await people(connection, binary=True)
        assert await people(connection, binary=True) == []


async def test_what_is_refused_or_has_failed_before_it_is_recorded_uses_nothing(one: Running):
    await one.permit(replace(granted(), uses_max=1))
    async with await one.connect() as connection:
        for text in ("SELECT nothing FROM", f"{ASK}; CREATE ROLE somebody", "FETCH ALL FROM c"):
            with pytest.raises(psycopg.Error):
                await connection.execute(text.encode())
        assert await people(connection) == [SEALED]
        assert await people(connection) == []


async def test_the_last_use_of_a_cursor_or_a_portal_is_its_last_recorded_one(one: Running):
    await one.permit(replace(granted(), uses_max=2))
    async with await one.connect() as connection:
        await connection.execute("BEGIN")
        await connection.execute(f"DECLARE c CURSOR FOR {ASK}")
        assert await people(connection, "FETCH 1 FROM c") == [SEALED]
        with pytest.raises(errors.InsufficientPrivilege) as refused:
            await connection.execute("FETCH BACKWARD ALL FROM c")
        assert "permit-ended" in (refused.value.diag.message_hint or "")
        await connection.execute("ROLLBACK")
        # PREPARE is one, and so is each EXECUTE.
        await one.permit(replace(granted("q-3"), uses_max=2))
        await connection.execute("PREPARE p AS " + ASK)
        assert await people(connection, "EXECUTE p") == [SEALED]
        with pytest.raises(errors.FeatureNotSupported):
            await connection.execute("EXECUTE p")
        # What the server looks up when it runs it is recorded at the Bind and at the Execute.
        await one.permit(replace(granted("q-4"), uses_max=3))
        await connection.execute("BEGIN")
        await connection.execute(f"DECLARE c CURSOR FOR {ASK}")
        assert await people(connection, "FETCH 1 FROM c", binary=True) == [SEALED]
        with pytest.raises(errors.InsufficientPrivilege):
            await connection.execute("FETCH 1 FROM c")
        await connection.execute("ROLLBACK")
    await one.permit(replace(granted("q-2"), uses_max=2))
    client = await asyncpg.connect(
        host=HOST, port=one.site.port, user="agency_app", password=DATABASE_PASSWORD,
        database=one.site.database.name, statement_cache_size=0,
    )  # fmt: skip
    begun = client.transaction()
    await begun.start()
    # The Bind and its first Execute are one record, each further Execute is one more.
    cursor = await client.cursor(f"SELECT person_id FROM ({ASK}) q, generate_series(1, 9)")
    assert await cursor.fetch(1) == [(SEALED,)]
    assert await cursor.fetch(1) == [(SEALED,)]
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await cursor.fetch(1)
    await begun.rollback()
    await client.close()
