"""Declared statistics through the real service: true totals for exactly one statement, small cells
withheld, and no way around. All people are synthetic."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import asyncpg
import pytest
from psycopg import errors

from tests.conftest import AGENCY
from tests.scenarios.service import Service, Site, install, started
from tests.scenarios.statistics import (
    CELLS,
    DECLARED,
    ROLE,
    Cells,
    asked,
    cells_of,
    fill,
    truth,
    visible,
)
from tests.scenarios.workers import until
from tests.world import PostgresWorld

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def service(postgres: PostgresWorld, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    database = postgres.create_database(AGENCY)
    database.run(ROLE)
    fill(database, CELLS)
    site = install(database, tmp_path_factory.mktemp("statistics"))
    text = site.policy.read_text(encoding="utf-8")
    user = 'match = { user = "statistics" }\nbulk = "refused"\n'
    assert user in text
    # What else it may read is stripped, and not refused, so that one number can be compared.
    more = 'match = { user = "statistics" }\n[principal.limits]\nrows_per_statement = 40\n'
    site.policy.write_text(text.replace(user, more), encoding="utf-8")
    with started(site) as running:
        yield running
        assert running.stop() == 0, site.errors.read_text(encoding="utf-8")
    site.verify()


@pytest.fixture
def site(service: Service) -> Site:
    return service.site


@pytest.mark.requirement("Q08", "Q09")
def test_the_declared_statement_counts_all_rows_and_withholds_small_cells(site):
    found = asked(site, DECLARED)
    assert found == truth(site.database)
    assert found[("盗窃", 2023)] == 30  # 29, of which 10 can be seen
    assert found == {
        ("盗窃", 2023): 30, ("诈骗", 2024): 20, ("诈骗", 2025): 20, ("抢劫", 2024): 10,
        ("抢劫", 2025): 10, ("抢夺", 2025): 10, (None, 2024): 15,
    }  # fmt: skip
    decided = site.entries("decision")[-1]
    assert (decided["header"]["rule"], decided["header"]["verdict"]) == ("statistic", "strip")
    assert decided["header"]["article"] == "实施办法第5条"


SAME = {
    "spaces and comments": DECLARED.replace("\n", " -- as ever\n") + ";",
    "who asks": "/* operator=021377 case=x1 */ " + DECLARED,
    "keywords": DECLARED.replace("SELECT", "select").replace("AS c", "c").replace("c.", "C."),
    "quotes": DECLARED.replace("base.case_file", '"base"."case_file"'),
    "the constant": DECLARED.replace("DATE '2026-01-01'", "CAST('2026-01-01' AS date)"),
}


@pytest.mark.parametrize("sql", SAME.values(), ids=SAME)
@pytest.mark.requirement("Q08")
def test_spelling_does_not_matter(site, sql):
    assert asked(site, sql) == truth(site.database)


ANOTHER = {
    "another date": DECLARED.replace("2026", "2025"),
    "another alias": DECLARED.replace("AS c", "AS d").replace("c.", "d."),
    "more conditions": DECLARED.replace("GROUP", "AND c.case_id <> 1\nGROUP"),
    "one condition less": DECLARED.replace("WHERE c.closed_on < DATE '2026-01-01'\n", ""),
    "another title": DECLARED.replace("AS cases", "AS n"),
    "in a subquery": f"SELECT * FROM ({DECLARED}) AS q",
    "in WITH": f"WITH q AS ({DECLARED}) SELECT * FROM q",
    "in a union": f"{DECLARED} UNION ALL SELECT NULL, 0, 0 WHERE false",
    "having": DECLARED + "HAVING count(*) > 0",
    "ordered": DECLARED + "ORDER BY 1, 2",
    "limited": DECLARED + "LIMIT 1000",
    "rolled up": DECLARED.replace(
        "c.cause, EXTRACT(year FROM c.closed_on)\n", "ROLLUP (c.cause, 2)\n"
    ).replace("EXTRACT(year FROM c.closed_on)", "2023"),
    "filtered": DECLARED.replace("count(*)", "count(*) FILTER (WHERE c.case_id > 0)"),
    "distinct": DECLARED.replace("SELECT", "SELECT DISTINCT"),
    "without inheritance": DECLARED.replace("FROM base", "FROM ONLY base"),
    "without its schema": DECLARED.replace("base.case_file", "case_file"),
    "sampled": DECLARED.replace("AS c", "AS c TABLESAMPLE SYSTEM (100)"),
}


@pytest.mark.parametrize("sql", ANOTHER.values(), ids=ANOTHER)
@pytest.mark.requirement("Q08", "Q09")
def test_anything_else_of_the_same_principal_is_stripped(site, sql):
    """As if it were asked of the reference views; once before and once behind the declared one."""
    views = sql.replace("base.case_file", "sealed.case_file").replace(
        " case_file", " sealed.case_file"
    )
    with site.connect("statistics", options="-c search_path=base,public") as connection:
        for _ in range(2):
            try:
                found = Counter(connection.execute(sql.encode()).fetchall())
            except errors.InsufficientPrivilege:
                assert "TABLESAMPLE" in sql
            else:
                assert found == Counter(site.database.run(views))
            again = connection.execute(DECLARED.encode()).fetchall()
            assert cells_of(again) == truth(site.database)


@pytest.mark.parametrize("user", ["desk", "agency_app"])
@pytest.mark.requirement("Q08")
def test_nobody_else_is_given_the_plan(site, user):
    for _ in range(2):
        assert asked(site, DECLARED) == truth(site.database)
        assert asked(site, DECLARED, user) == visible(site.database)


def test_two_in_one_message_are_statements_like_any_other(site):
    with site.connect("statistics") as connection:
        cursor = connection.execute(f"{DECLARED}; {DECLARED}".encode())
        assert cells_of(cursor.fetchall()) == visible(site.database)


def test_in_other_statements_it_is_stripped(site):
    """COPY, DECLARE and PREPARE give what everybody is given; EXPLAIN and tables nothing."""
    expected = visible(site.database)
    with site.connect("statistics") as connection:
        with connection.cursor().copy(f"COPY ({DECLARED}) TO STDOUT".encode()) as copy:
            copy.set_types(["varchar", "int4", "int8"])
            assert cells_of(list(copy.rows())) == expected
        connection.execute(f"PREPARE one AS {DECLARED}".encode())
        assert cells_of(connection.execute("EXECUTE one").fetchall()) == expected
        connection.execute("BEGIN")
        connection.execute(f"DECLARE two CURSOR FOR {DECLARED}".encode())
        assert cells_of(connection.execute("FETCH ALL FROM two").fetchall()) == expected
        connection.execute("COMMIT")
        for more in ("CREATE TEMP TABLE kept AS", "EXPLAIN"):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(f"{more} {DECLARED}".encode())


def test_a_view_of_it_is_stripped(site):
    site.database.run(
        f"CREATE VIEW base.yearly AS {DECLARED}; GRANT SELECT ON base.yearly TO PUBLIC"
    )
    served: list[Cells] = []

    def known() -> bool:
        try:
            served.append(asked(site, "SELECT * FROM base.yearly"))
        except errors.UndefinedTable:
            return False
        return True

    try:
        until(known)
        assert served == [visible(site.database)]
    finally:
        site.database.run("DROP VIEW base.yearly")


@pytest.mark.parametrize(
    "setting",
    [
        "SET search_path = public",
        "SET timezone = 'Pacific/Kiritimati'",
        "SET datestyle = 'SQL, DMY'",
        "SET client_encoding = 'GBK'",
        "SET client_encoding = 'LATIN1'",
        "CREATE TEMP TABLE case_file (cause text, closed_on date)",
        "SET SESSION AUTHORIZATION desk",
        "SET ROLE agency_app",
        "SET search_path = pg_temp, base",
    ],
)
@pytest.mark.requirement("Q08")
def test_no_setting_of_a_session_changes_it(site, setting):
    with site.connect("statistics") as connection:
        try:
            connection.execute(setting.encode())
        except errors.InsufficientPrivilege:
            assert "ROLE" in setting or "AUTHORIZATION" in setting or "pg_temp" in setting
        try:
            found = connection.execute(DECLARED.encode()).fetchall()
        except errors.UntranslatableCharacter:
            assert "LATIN1" in setting  # which has no Chinese: the server's own error
        else:
            assert cells_of(found) == truth(site.database)


async def test_a_prepared_name_stands_for_what_it_was_given_to(site):
    connection = await asyncpg.connect(
        host="127.0.0.1", port=site.port, user="statistics", password="synthetic-not-secret",
        database=site.database.name,
    )  # fmt: skip
    try:
        counted = await connection.prepare(DECLARED)
        other = await connection.prepare(DECLARED.replace("2026", "2025"))
        for _ in range(2):
            assert cells_of([tuple(row) for row in await counted.fetch()]) == truth(site.database)
            rest = {cell: n for cell, n in visible(site.database).items() if cell[1] < 2025}
            assert cells_of([tuple(row) for row in await other.fetch()]) == rest
        async with connection.transaction():
            pieces = [tuple(row) async for row in counted.cursor(prefetch=2)]
        assert cells_of(pieces) == truth(site.database)
    finally:
        await connection.close()


WRITES = [
    "INSERT INTO base.case_file (case_id, case_no, org_code) VALUES (1, '1', '1')",
    "UPDATE base.case_file SET cause = '诈骗' WHERE case_id = 3",
    "DELETE FROM base.case_person WHERE cp_id = 3",
    "WITH w AS (UPDATE base.case_file SET cause = 'x' RETURNING 1) SELECT * FROM w",
    "COPY base.case_file FROM STDIN",
]


@pytest.mark.parametrize("sql", WRITES)
@pytest.mark.requirement("Q09")
def test_who_counts_does_not_write(site, sql):
    """A cell could be filled with rows of one's own until it shows."""
    denied = pytest.raises(errors.InsufficientPrivilege)
    with site.connect("statistics") as connection, denied as refused:
        connection.execute(sql.encode())
    assert str(refused.value.diag.message_hint).startswith("rule statistic-write")


@pytest.mark.requirement("Q09")
def test_one_record_more_or_less_does_not_show(site):
    """From none sealed to nine there is nothing to be seen, and a cell of ten of which one goes is
    not there. Only at the border of ten, and of each five, does one record change a number."""
    cell = ("走私", 2022)
    seen = []
    for _ in range(12):
        fill(site.database, {cell: (1, 0)})
        found = asked(site, DECLARED)
        assert found == truth(site.database)
        seen.append(found.get(cell))
    assert seen == [None] * 9 + [10] * 3
    site.database.run(
        "UPDATE base.case_file SET cause = '走私罪' WHERE case_id IN"
        " (SELECT case_id FROM base.case_file WHERE cause = '走私' LIMIT 3)"
    )
    found = asked(site, DECLARED)
    assert found == truth(site.database)
    assert cell not in found


def test_explain_and_check_know_it(site):
    told = site.must("explain", "--config", site.config, "--as", "statistics", DECLARED)
    assert "statistic" in told
    assert "closed-cases-by-cause" in told
    told = site.must("explain", "--config", site.config, "--as", "query-desk", DECLARED)
    assert "sealed-rows" in told
