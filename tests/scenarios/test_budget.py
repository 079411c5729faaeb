"""How many people are asked for: named, counted and refused by a real service of two workers."""

# ruff: noqa: SIM117
from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import errors

from tests.scenarios.service import Service, Site, install, started
from tests.scenarios.workers import WORKERS, health, until
from tests.world import Database

pytestmark = pytest.mark.database

NAMED = "SELECT name FROM person WHERE id_no = %s"
REFUSED = errors.InsufficientPrivilege


def number(nth: int) -> str:
    """A synthetic identity number that nobody in the database has."""
    return f"11010519900101{nth:04}"


A, B = number(1), number(2)
KEY = "SELECT person_id FROM person"
WHOLE = (
    "SELECT ch.* FROM person p JOIN case_person cp USING (person_id)"
    " JOIN charge ch ON ch.cp_id = cp.cp_id JOIN case_file f ON f.case_id = cp.case_id"
)
SERVED = [
    f"SELECT * FROM person WHERE id_no = '{A}'",
    f"SELECT p.name FROM person p WHERE p.id_no IN ('{A}', '{B}') ORDER BY 1 OFFSET 1",
    f"SELECT name FROM person WHERE id_no = ANY ('{{{A},{B}}}')",
    f"SELECT name FROM person p JOIN (VALUES ('{A}'), ('{B}')) v(n) ON p.id_no = v.n",
    f"{WHOLE} WHERE p.id_no = '{A}'",
    f"SELECT * FROM case_person WHERE person_id = ({KEY} WHERE id_no = '{A}')",
    f"SELECT * FROM case_person WHERE person_id IN ({KEY} WHERE id_no = '{A}')",
    "SELECT * FROM case_person WHERE person_id = 5 AND role <> 'PARTY'",
    f"SELECT name FROM person WHERE id_no = '{A}' OR id_no = '{B}'",
    "SELECT count(*) FROM case_person",
    "SELECT main_before_18, count(*) FROM case_person GROUP BY 1",
    f"SELECT string_agg(name, ',') FROM person WHERE id_no = '{A}'",
    "SELECT 1",
]
REFUSED_TEXTS = [
    "SELECT * FROM case_person",
    "SELECT name FROM person WHERE id_no LIKE '110105%'",
    f"SELECT name FROM person WHERE id_no >= '{A}'",
    f"SELECT name FROM person WHERE id_no BETWEEN '{A}' AND '{A}'",
    "SELECT name FROM person WHERE birth_date < '2000-01-01'",
    "SELECT name FROM person ORDER BY person_id LIMIT 1 OFFSET 7",
    "SELECT string_agg(name, ',') FROM person",
    "SELECT json_agg(p) FROM person p",
    "SELECT name, count(*) FROM person GROUP BY 1",
    "SELECT max(name) FROM person",
    "SELECT count(*) FROM person WHERE id_no LIKE '1%'",
    f"SELECT name FROM person WHERE id_no = lower('{A}')",
    f"SELECT name FROM person WHERE id_no = '{A[:6]}' || '{A[6:]}'",
    f"SELECT name FROM person WHERE id_no = '{A}'::varchar(4)",
    f"SELECT name FROM person WHERE id_no = '{A}' OR true",
    f"SELECT name FROM person WHERE id_no = '{A}' OR name = 'x'",
    f"SELECT name FROM person WHERE NOT id_no <> '{A}'",
    "SELECT name FROM person WHERE id_no IN (SELECT id_no FROM person)",
    f"SELECT q.name FROM person p, person q WHERE p.id_no = '{A}'",
    f"SELECT q.name FROM person p LEFT JOIN person q ON p.id_no = '{A}'",
    f"SELECT p.name FROM person p LEFT JOIN person q ON p.id_no = '{A}'",
    f"{WHOLE} JOIN case_person c2 ON c2.case_id = cp.case_id WHERE p.id_no = '{A}'",
    f"WITH q AS (SELECT * FROM person) SELECT y.name FROM q x, q y WHERE x.id_no = '{A}'",
    f"SELECT name FROM person WHERE id_no = '{A}' UNION ALL SELECT name FROM person",
    f"SELECT * FROM (SELECT id_no, lag(name) OVER () FROM person) q WHERE q.id_no = '{A}'",
    "COPY person TO STDOUT",
    f"COPY (SELECT name FROM person WHERE id_no = '{A}') TO STDOUT",
    "DECLARE c CURSOR WITH HOLD FOR SELECT name FROM person",
    "PREPARE x AS SELECT name FROM person",
    "CREATE TEMP TABLE t AS SELECT * FROM person",
    "SELECT name FROM person WHERE id_no = '不详'",
    f"SELECT 1; SELECT name FROM person WHERE id_no = '{A}'; SELECT name FROM person",
    f"SELECT name FROM person WHERE id_no IN ({', '.join(repr(number(n)) for n in range(6))})",
]


@contextmanager
def budget(
    database: Database, home: Path, limits: str, *, bulk: str = "counted", workers: int = WORKERS
) -> Iterator[Service]:
    site = install(database, home)
    site.set("listen", f"workers = {workers}")
    with site.policy.open("a", encoding="utf-8") as policy:
        policy.write(f'bulk = "{bulk}"\nlimits = {{ {limits} }}\n')
    with serving(site) as service:
        yield service


@contextmanager
def serving(site: Site) -> Iterator[Service]:
    with started(site) as service:
        until(lambda: health(site)[0] == 200)
        yield service
        if service.process.poll() is None:
            assert service.stop() == 0, site.errors.read_text(encoding="utf-8")


def asks(site: Site, *people: str, setting: str = "") -> list[str]:
    """What comes of asking for them, one by one: served, or the rule that refuses."""
    out = []
    with site.connect() as connection:
        if setting:
            connection.execute(setting.encode())
        for each in people:
            try:
                connection.execute(NAMED, (each,))
                out.append("served")
            except psycopg.Error as error:
                out.append(str(error.diag.message_hint).removeprefix("rule ").split(",")[0])
    return out


def at_once(count: int, do: Callable[[int], None]) -> None:
    threads = [threading.Thread(target=do, args=(nth,)) for nth in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.requirement("Q45", "C5")
def test_the_limit_is_exact_for_clients_that_race_in_two_workers(agency_copy, tmp_path):
    with budget(agency_copy, tmp_path, "subjects_per_day = 30") as service:
        assert asks(service.site, *map(number, range(25))) == ["served"] * 25
        found: list[str] = []
        at_once(20, lambda nth: found.extend(asks(service.site, number(100 + nth))))
        assert sorted(found) == ["served"] * 5 + ["subject-budget"] * 15
        # who was asked for before may be asked for again, however the number is spelt
        assert asks(service.site, number(3), " ".join(number(4))) == ["served"] * 2
        assert asks(service.site, number(999)) == ["subject-budget"]


@pytest.mark.requirement("Q45")
def test_a_restart_and_a_kill_forget_nobody(agency_copy, tmp_path):
    with budget(agency_copy, tmp_path, "subjects_per_day = 10") as service:
        site = service.site
        assert asks(site, *map(number, range(6))) == ["served"] * 6
    with serving(site) as service:
        assert asks(site, *map(number, range(4, 8))) == ["served"] * 4
        service.kill()
    with serving(site) as service:
        assert asks(site, number(7), number(8), number(9), number(10)) == [
            "served", "served", "served", "subject-budget"
        ]  # fmt: skip
        service.kill()
    (site.log.with_name("log.budget")).write_bytes(b"broken")
    with serving(site):
        assert asks(site, number(11), number(0)) == ["subject-budget", "served"]
    site.verify()


@pytest.mark.requirement("Q45")
def test_an_officer_is_counted_by_name_and_a_desk_by_its_cases(agency_copy, tmp_path):
    limits = "subjects_per_day = 3, subjects_per_case = 2, cases_per_day = 4, operators_per_day = 3"
    with budget(agency_copy, tmp_path, limits) as service:
        site = service.site
        four = [number(nth) for nth in range(4)]
        first = "SET fengcun.operator = '001'"
        assert asks(site, *four, setting=first) == [*["served"] * 3, "subject-budget"]
        # each case has a budget of its own, and there are only so many of them
        for case in range(4):
            setting = f"{first}; SET fengcun.case_no = 'case-{case}'"
            people = [number(10 * case + nth) for nth in range(20, 23)]
            assert asks(site, *people, setting=setting) == ["served", "served", "subject-budget"]
        fifth = f"{first}; SET fengcun.case_no = 'case-5'"
        assert asks(site, number(500), setting=fifth) == ["subject-budget"]
        for name in ("002", "003"):
            assert asks(site, number(1), setting=f"SET fengcun.operator = '{name}'") == ["served"]
        other = "SET fengcun.operator = '004'"
        assert asks(site, number(1), setting=other) == ["subject-budget"]


def run(connection: psycopg.Connection, text: str) -> None:
    with connection.cursor() as cursor:
        if not text.startswith("COPY"):
            cursor.execute(text.encode())
            return
        with cursor.copy(text.encode()) as copy:
            list(copy)


@pytest.mark.requirement("C5", "Q24", "Q25", "Q26", "Q27", "Q28", "Q36", "Q37")
def test_whoever_has_to_name_people_gets_nothing_else(agency_copy, tmp_path):
    with budget(agency_copy, tmp_path, "subjects_per_statement = 5", bulk="refused") as service:
        with service.site.connect() as connection:
            for text in SERVED:
                connection.execute(text.encode())
            wordings = set()
            for text in REFUSED_TEXTS:
                with pytest.raises(REFUSED) as refusal:
                    run(connection, text)
                assert "bulk-access" in str(refusal.value.diag.message_hint), text
                wordings.add(refusal.value.diag.message_detail)
            assert len(wordings) == 1
            # a prepared statement names people anew each time, and not more than it may
            for people, fails in (([A, B], False), ([number(n) for n in range(6)], True)):
                for binary in (False, True):
                    with connection.cursor(binary=binary) as cursor:
                        text = "SELECT name FROM person WHERE id_no = ANY (%s::text[])"
                        if fails:
                            with pytest.raises(REFUSED):
                                cursor.execute(text, (people,), prepare=True)
                        else:
                            cursor.execute(text, (people,), prepare=True)
            # values that EXECUTE gives are not read
            connection.execute("PREPARE y AS SELECT name FROM person WHERE id_no = $1")
            with pytest.raises(REFUSED):
                connection.execute(f"EXECUTE y('{A}')".encode())


@pytest.mark.requirement("Q21", "Q38")
def test_rows_without_a_name_are_counted_and_cut_where_the_policy_says(agency_copy, tmp_path):
    pages = "SELECT person_id FROM person ORDER BY person_id LIMIT 3 OFFSET {}"
    with budget(agency_copy, tmp_path, "rows_per_statement = 4, subjects_per_day = 8") as service:
        with service.site.connect() as connection:
            assert len(connection.execute(pages.format(0).encode()).fetchall()) == 3
            assert len(connection.execute(pages.format(3).encode()).fetchall()) == 3
            # two are left: the third is cut off, and then there are none
            with pytest.raises(REFUSED, match="limits how many"):
                connection.execute(pages.format(6).encode())
            with pytest.raises(REFUSED, match="limits how many"):
                connection.execute(pages.format(6).encode())
            assert connection.execute("SELECT 1").fetchall() == [(1,)]


@pytest.mark.requirement("Q21", "Q38", "Q37")
def test_an_answer_ends_behind_its_last_whole_row(agency_copy, tmp_path):
    cut, edge = "SELECT person_id FROM person LIMIT 6", "SELECT person_id FROM person LIMIT 5"
    with budget(agency_copy, tmp_path, "rows_per_statement = 5") as service:
        site = service.site
        with site.connect() as connection:
            for binary in (False, True):
                for prepare in (False, True):
                    with connection.cursor(binary=binary) as cursor:
                        assert len(cursor.execute(edge.encode(), prepare=prepare).fetchall()) == 5
                        with pytest.raises(errors.ProgramLimitExceeded):
                            cursor.execute(cut.encode(), prepare=prepare)
            rows: list[bytes] = []
            with pytest.raises(errors.ProgramLimitExceeded):
                with connection.cursor().copy(f"COPY ({cut}) TO STDOUT".encode()) as copy:
                    for row in copy:
                        rows.append(bytes(row))
            assert len(rows) == 5
            # within a transaction the error is one: the server's transaction has failed
            with pytest.raises(errors.ProgramLimitExceeded), connection.transaction():
                connection.execute("UPDATE case_person SET role = role WHERE cp_id = 1")
                connection.execute(cut.encode())
            with connection.transaction():
                with pytest.raises(errors.ProgramLimitExceeded):
                    with connection.transaction():
                        connection.execute(cut.encode(), prepare=True)
                assert connection.execute("SELECT 2").fetchall() == [(2,)]
                connection.execute(f"DECLARE c CURSOR FOR {cut}".encode())
                assert len(connection.execute("FETCH 5 FROM c").fetchall()) == 5
                assert len(connection.execute("FETCH ALL FROM c").fetchall()) == 1
            # what stands behind it in a pipeline is skipped
            with pytest.raises(errors.ProgramLimitExceeded), connection.pipeline():
                connection.execute("CREATE TEMP TABLE t (a int)")
                connection.execute(cut.encode())
            assert connection.execute("SELECT 3").fetchall() == [(3,)]
        cuts = [e["header"] for e in site.entries("outcome") if e["header"].get("cut")]
        assert {each["rows_count"] for each in cuts} == {5}


@pytest.mark.requirement("Q45", "D4")
def test_who_is_sealed_and_who_is_not_there_count_alike(agency, agency_pruned, tmp_path):
    """The same is asked of a database with sealed records and of one without: nothing differs."""
    sealed = "SELECT id_no FROM base.person JOIN base.case_person USING (person_id)"
    ((number_of_sealed,),) = agency.run(f"{sealed} WHERE cp_id = 7")
    people = [number_of_sealed, number(1), number_of_sealed, number(2), number(3), number(2)]
    found = []
    for name, database in (("whole", agency), ("pruned", agency_pruned)):
        home = tmp_path / name
        home.mkdir()
        with budget(database, home, "subjects_per_day = 3", workers=1) as service:
            found.append(asks(service.site, *people))
            entries = service.site.entries("decision")
        counts = [entry["header"].get("subjects_count") for entry in entries]
        found[-1] += [str(count) for count in counts]
    assert found[0] == found[1]
    assert found[0][:6] == [*["served"] * 4, "subject-budget", "served"]
