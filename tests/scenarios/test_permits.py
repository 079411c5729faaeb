"""Permits through the real service: granted, revoked, run out, bound to a person and a case, with
every way that a statement can be sent, and with one worker and two. All people are synthetic.

The service runs in the test's own process, for it is asked directly to put permits in force."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest
from psycopg import errors

from proxy.names import PrincipalName
from proxy.policy.permit import Permit, Scope
from proxy.server.service import Service
from proxy.settings import load_settings
from proxy.telemetry.metrics import shared_metrics
from tests.scenarios.service import Site, install
from tests.world import HOST, PASSWORD, Database

pytestmark = pytest.mark.database

SEALED, OTHER = 1, 2
NUMBERS = {SEALED: "P00000001", OTHER: "P00000002"}
ASK = "SELECT person_id FROM base.case_person WHERE person_id IN (1, 2) ORDER BY 1"
AN_HOUR = 3600.0
AT_ONCE_SECONDS = 1.0
# The tests run beside others, and one try may be late for that.
RETURNS_AFTER_SECONDS_MAX = 30.0
PRINCIPALS = """
[[principal]]
name = "court"
kind = "judicial"
match = { user = "agency_app" }

[[principal]]
name = "query-desk"
kind = "counter"
match = { user = "desk" }

[[principal]]
name = "platform"
kind = "platform"
article = "实施办法第10条"
match = { user = "bgcheck" }
"""


def granted(
    number: str = "q-2026-1",
    person: int = SEALED,
    *,
    principal: str = "court",
    scope: Scope = Scope.FULL,
    seconds: float = AN_HOUR,
    operator: str | None = None,
    case: str | None = None,
) -> Permit:
    now = time.time()
    return Permit(
        number, PrincipalName(principal), scope, (NUMBERS[person],), now - 1, now + seconds,
        operator, case,
    )  # fmt: skip


class Running:
    def __init__(self, service: Service, site: Site) -> None:
        self.service, self.site = service, site

    async def permit(self, *permits: Permit) -> None:
        """In force when it returns."""
        async with asyncio.timeout(RETURNS_AFTER_SECONDS_MAX):
            await self.service.permit(permits)

    async def connect(self, user: str = "agency_app") -> psycopg.AsyncConnection[Any]:
        info = self.site.conninfo(user)
        # What it prepares by itself it never prepares again, outside a transaction.
        return await psycopg.AsyncConnection.connect(info, autocommit=True, prepare_threshold=None)

    async def seen(self, user: str = "agency_app", text: str = ASK) -> list[Any]:
        """Of a connection of its own."""
        async with await self.connect(user) as connection:
            return await people(connection, text)


async def people(
    connection: psycopg.AsyncConnection[Any], text: str = ASK, **how: Any
) -> list[Any]:
    rows = await (await connection.execute(text.encode(), **how)).fetchall()
    return [row[0] for row in rows]


@asynccontextmanager
async def running(database: Database, home: Path, workers: int = 1) -> AsyncIterator[Running]:
    for person, number in NUMBERS.items():
        database.run(f"UPDATE base.person SET id_no = '{number}' WHERE person_id = {person}")
    site = install(database, home)
    rules = site.policy.read_text(encoding="utf-8").partition("[[statistic]]")[0]
    site.policy.write_text(rules + PRINCIPALS, encoding="utf-8")
    site.set("listen", f"workers = {workers}")
    service = Service(load_settings(site.config))
    run = asyncio.create_task(service.run())
    serving = asyncio.create_task(service.serving.wait())
    await asyncio.wait((run, serving), return_when=asyncio.FIRST_COMPLETED)
    if run.done():
        run.result()
    try:
        yield Running(service, site)
    finally:
        service.stop()
        await run
        serving.cancel()


@pytest.fixture
async def one(agency_copy: Database, tmp_path: Path) -> AsyncIterator[Running]:
    async with running(agency_copy, tmp_path) as service:
        yield service
    service.site.verify()


@pytest.fixture
async def two(agency_copy: Database, tmp_path: Path) -> AsyncIterator[Running]:
    with shared_metrics():
        async with running(agency_copy, tmp_path, workers=2) as service:
            yield service


async def test_every_worker_takes_it_within_a_second_and_its_end_too(two: Running):
    """Of some tries: the machine may be busy, the product may not."""
    took = []
    for number in range(8):
        permits = () if number % 2 else (granted(f"q-{number}"),)
        started = time.monotonic()
        await two.permit(*permits)
        took.append(time.monotonic() - started)
        assert await two.seen() == ([] if number % 2 else [SEALED])
    assert max(min(took[::2]), min(took[1::2])) < AT_ONCE_SECONDS, took


@pytest.mark.requirement("D5", "Q34")
async def test_it_shows_at_once_and_is_gone_with_the_next_statement(one: Running):
    async with await one.connect() as simple, await one.connect() as extended:
        for _ in range(3):
            assert await people(simple) == []
            assert await people(extended, binary=True) == []
            await one.permit(granted())
            assert await people(simple) == [SEALED]
            assert await people(extended, binary=True) == [SEALED]
            await one.permit(granted("q-2", OTHER))
            assert await people(simple) == [OTHER]
            assert await people(extended, binary=True) == [OTHER]
            await one.permit(granted(), granted("q-2", OTHER))
            assert await people(simple) == [SEALED, OTHER]
            await one.permit()
    assert await one.seen() == []


async def test_it_is_for_nobody_but_its_principal(one: Running):
    await one.permit(
        granted(),
        granted("q-2", principal="platform"),
        granted("q-3", principal="query-desk"),
        granted("q-4", principal="court", scope=Scope.BATCH),
    )
    assert await one.seen() == [SEALED]
    assert await one.seen("desk") == []
    with pytest.raises(errors.InsufficientPrivilege):
        await one.seen("bgcheck")


@pytest.mark.requirement("D6", "D7", "Q15", "Q35")
async def test_another_unit_is_told_of_a_conviction_and_of_nothing_else(one: Running):
    await one.permit(granted(principal="query-desk", scope=Scope.CONVICTION))
    async with await one.connect("desk") as connection:
        told = (
            "SELECT p.name, s.term_months, c.charge_name, s.judgment_no, p.birth_date, cp.case_id"
            " FROM base.person p JOIN base.case_person cp USING (person_id)"
            " JOIN base.sentence s USING (cp_id) LEFT JOIN base.charge c USING (cp_id)"
            f" WHERE p.id_no = '{NUMBERS[SEALED]}'"
        )
        rows = await (await connection.execute(told.encode())).fetchall()
        assert rows == [("甲一", 18, "盗窃罪", None, None, None)]
        copied = b""
        async with connection.cursor().copy("COPY base.sentence TO STDOUT") as copy:
            async for piece in copy:
                copied += bytes(piece)
        assert copied.count(b"1\t1\tGUILTY\tFIXED\t18\t\\N\t\\N\t\\N\t\\N\tt\n") == 1
        for table in (
            "document", "guidance_record", "social_investigation", "non_prosecution", "seal_notice",
        ):  # fmt: skip
            of_theirs = f"SELECT cp_id FROM base.{table} WHERE cp_id = {SEALED}"
            assert await people(connection, of_theirs) == [], table


@pytest.mark.requirement("G2")
async def test_one_bound_to_a_person_and_a_case_counts_where_the_statement_says_so(one: Running):
    await one.permit(granted(operator="u1", case="(2026)7"))
    both = "/* operator=u1 case=(2026)7 */ " + ASK
    async with await one.connect() as connection:
        for text in (
            ASK, "/* operator=u1 */ " + ASK, "/* operator=u2 case=(2026)7 */ " + ASK,
            both + " /* operator=u2 */", "/* operator=u1 case=8 */ " + ASK,
            f"/* operator={'x' * 65} case=(2026)7 */ " + ASK, both.replace("/*", "--", 1).replace(
                "*/", "\n", 1),
        ):  # fmt: skip
            assert await people(connection, text) == [], text
        assert await people(connection, both) == [SEALED]
        assert await people(connection, both, binary=True) == [SEALED]
        await connection.execute("SET fengcun.operator = 'u1'")
        await connection.execute("SET fengcun.case_no = '（2026）7'")
        assert await people(connection) == [SEALED]
        await connection.execute("SET fengcun.operator = 'u2'")
        assert await people(connection) == []
        assert await people(connection, both) == []
        together = "SET fengcun.operator = 'u1'; " + ASK
        cursor = await connection.execute(together.encode())
        assert cursor.nextset()
        assert await cursor.fetchall() == [(SEALED,)]


async def test_it_ends_by_the_clock_and_a_clock_that_goes_back_revives_nothing(one: Running):
    permit = granted(seconds=AT_ONCE_SECONDS)
    await one.permit(permit)
    async with await one.connect() as connection:
        seen = await people(connection)
        assert seen == [SEALED] or time.time() >= permit.valid_until
        while time.time() < permit.valid_until:
            await asyncio.sleep(0.05)
        assert await people(connection) == []
        clock = one.service.post.permits.clock  # type: ignore[attr-defined]
        clock.wall = lambda: permit.valid_until - 0.5
        assert await people(connection) == []


async def test_what_was_prepared_under_a_permit_is_stale_when_that_changes(one: Running):
    site = one.site
    await one.permit(granted())
    async with await one.connect() as connection:
        await connection.execute("PREPARE p AS " + ASK)
        assert await people(connection, "EXECUTE p") == [SEALED]
        await one.permit()
        for _ in range(2):
            with pytest.raises(errors.FeatureNotSupported):
                await connection.execute("EXECUTE p")
        await one.permit(granted())
        assert await people(connection, "EXECUTE p") == [SEALED]
        await one.permit(granted(), granted("q-2", OTHER))
        with pytest.raises(errors.FeatureNotSupported):
            await connection.execute("EXECUTE p")
        await one.permit(granted())
        connection.prepare_threshold = 1
        assert await people(connection, prepare=True) == [SEALED]
        assert await people(connection, prepare=True) == [SEALED]
        await one.permit()
        with pytest.raises(errors.FeatureNotSupported):
            await people(connection, prepare=True)
        # By which the driver, too, forgets what it has prepared.
        await connection.execute("DEALLOCATE ALL")
        assert await people(connection, prepare=True) == []
    other = await asyncpg.connect(
        host=HOST, port=site.port, user="agency_app", password=PASSWORD, database=site.database.name
    )
    prepared = await other.prepare(ASK)
    assert await prepared.fetch() == []
    await one.permit(granted())
    with pytest.raises(asyncpg.FeatureNotSupportedError):
        await prepared.fetch()
    # It prepares again by itself where it keeps the statements.
    assert await other.fetch(ASK) == [(SEALED,)]
    await one.permit()
    assert await other.fetch(ASK) == []
    await other.close()


@pytest.mark.parametrize("hold", ["", "WITH HOLD "])
async def test_a_cursor_ends_with_the_permit_it_was_opened_under(one: Running, hold: str):
    await one.permit(granted(), granted("q-2", OTHER))
    async with await one.connect() as connection:
        await connection.execute("BEGIN")
        await connection.execute(f"DECLARE c CURSOR {hold}FOR {ASK}")
        if hold:
            await connection.execute("COMMIT")
        assert await people(connection, "FETCH 1 FROM c") == [SEALED]
        await one.permit(granted("q-2", OTHER))
        for text in ("FETCH 1 FROM c", "FETCH BACKWARD ALL FROM c", "MOVE 1 IN c"):
            with pytest.raises(errors.InsufficientPrivilege) as refused:
                await connection.execute(text)
            assert "permit-ended" in (refused.value.diag.message_hint or "")
            if not hold:
                break
        await connection.execute("ROLLBACK" if not hold else "CLOSE c")
        # One that was opened without a permit goes on as it was.
        await one.permit()
        await connection.execute("BEGIN")
        await connection.execute(f"DECLARE c CURSOR FOR {ASK}")
        await one.permit(granted())
        assert await people(connection, "FETCH ALL FROM c") == []
        await connection.execute("ROLLBACK")


async def test_a_portal_that_is_read_in_parts_ends_with_its_permit(one: Running):
    await one.permit(granted(), granted("q-2", OTHER))
    site = one.site
    client = await asyncpg.connect(
        host=HOST, port=site.port, user="agency_app", password=PASSWORD, database=site.database.name
    )
    begun = client.transaction()
    await begun.start()
    cursor = await client.cursor(ASK)
    assert await cursor.fetch(1) == [(SEALED,)]
    await one.permit(granted())
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await cursor.fetch(1)
    await begun.rollback()
    assert await client.fetch(ASK) == [(SEALED,)]
    await client.close()


@pytest.mark.requirement("G3")
async def test_the_ledger_names_the_permit_of_what_it_is_about_and_of_nothing_else(one: Running):
    await one.permit(granted())
    assert await one.seen() == [SEALED]
    await one.seen(text="SELECT 1 AS nothing")
    await one.permit(granted(), granted("q-2", OTHER))
    assert await one.seen() == [SEALED, OTHER]
    await one.permit()
    assert await one.seen() == []
    found = [
        (header["rule"], header.get("permit"), header.get("permits"))
        for entry in one.site.entries("decision")
        if "base.case_person" in json.loads(entry["payload"])["text"]
        or "nothing" in json.loads(entry["payload"])["text"]
        for header in [entry["header"]]
    ]
    assert found == [
        ("permitted-rows", "q-2026-1", None),
        ("nothing-protected", None, None),
        ("permitted-rows", None, ["q-2", "q-2026-1"]),
        ("sealed-rows", None, None),
    ]
    log = one.site.errors
    assert not log.exists() or NUMBERS[SEALED] not in log.read_text(encoding="utf-8")


async def test_every_worker_takes_it_at_once_and_one_that_is_replaced_has_it(two: Running):
    async def everywhere() -> set[tuple[int, ...]]:
        return {tuple(await two.seen()) for _ in range(12)}

    async with await two.connect() as one_kept, await two.connect() as another:
        for _ in range(3):
            await two.permit(granted())
            assert await everywhere() == {(SEALED,)}
            assert await people(one_kept) == await people(another) == [SEALED]
            await two.permit()
            assert await everywhere() == {()}
            assert await people(one_kept) == await people(another) == []
    await two.permit(granted())
    crew = two.service.post
    before = {worker.process_id for worker in crew._workers.values()}  # type: ignore[attr-defined]
    for worker in list(crew._workers.values()):  # type: ignore[attr-defined]
        worker._process.kill()
    async with asyncio.timeout(60):
        while not (await two.service.health()).ready or before & {
            worker.process_id
            for worker in crew._workers.values()  # type: ignore[attr-defined]
        }:
            await asyncio.sleep(0.1)
    assert await everywhere() == {(SEALED,)}
    await two.permit()
    assert await everywhere() == {()}
