"""The shipped policy shows exactly what the reference views show, whatever is in the tables.

The reference (tests/agency/oracle.sql) was written apart from the policy and in another manner. All
people, numbers and events are generated.
"""

import datetime as dt
import json
import random
from typing import Any

import pytest

from proxy.settings import load_law
from proxy.settings.shipped import shipped_file
from tests.law.asking import COLUMNS, TABLES, shown_by
from tests.noninterference.planned import planner_of
from tests.seeds import seed_of
from tests.world import SQL, Database, PostgresWorld

pytestmark = pytest.mark.database

# The last is another one in each run; it stands in the names of the tests.
SEEDS = (20220530, 286, 103, seed_of(__name__))
VISIBLE_ON_THE_SEED = [3, 4, 5, 9, 12, 15, 17, 20, 25, 49]
# Victims, witnesses, parties: the rows that stay, and of whom base.person has a row.
STAYS_ON_THE_SEED = [41, 42, 43, 44, 45, 46, 47, 53, 54]
NAMED_ON_THE_SEED = [44, 46, 48]

Rows = list[tuple[Any, ...]]

GOLDEN = json.loads((SQL / "golden.json").read_text(encoding="utf-8"))

DIRTY_DATES = (
    *("1900-01-01", "9999-12-31", "infinity", "-infinity", "4713-01-01 BC", "5874897-12-31"),
    *("0044-03-15 BC", "1909-12-31", "1910-01-01", "2011-12-30"),
)
ROLES = ("SUSPECT", "DEFENDANT", "CONVICT", "CONVICT", "CONVICT", "VICTIM", "WITNESS", "PARTY")
RESULTS = ("GUILTY", "GUILTY", "GUILTY", "EXEMPT", "ACQ_EVID", "ACQ_LAW", "NO_PUNISH")
PENALTIES = ("FIXED", "FIXED", "FIXED", "LIFE", "DEATH", "DETENTION", "CONTROL", "FINE", None)
FULL_WIDTH = str.maketrans("0123456789Xx", "０１２３４５６７８９Ｘｘ")


@pytest.fixture(scope="module")
def law_text() -> dict[str, str]:
    return shown_by(load_law(shipped_file("policy.toml")))


def differences(database: Database, table: str, text: str) -> Rows:
    """Rows of one world that the other has not, by their text; NULLs are equal to NULLs."""
    ours = f"SELECT v::text FROM ({text}) AS v"
    reference = f"SELECT v::text FROM sealed.{table} AS v"
    return database.run(
        f"(({ours}) EXCEPT ALL ({reference})) UNION ALL (({reference}) EXCEPT ALL ({ours}))"
    )


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.requirement("A6", "A8", "A9", "A17", "B1", "B2", "B5")
def test_the_policy_shows_what_the_reference_shows_at_every_boundary_of_the_law(
    agency: Database, law_text, table
):
    assert differences(agency, table, law_text[table]) == []


@pytest.mark.requirement(
    "A1", "A3", "A4", "A5", "A10", "A11", "A12", "A15", "A16", "A18", "F1", "F5"
)
def test_exactly_the_known_people_are_visible(agency: Database, law_text):
    text = f"SELECT array_agg(v.cp_id ORDER BY v.cp_id) FROM ({law_text['case_person']}) AS v"
    assert agency.run(text) == [(sorted(VISIBLE_ON_THE_SEED + STAYS_ON_THE_SEED),)]


@pytest.mark.requirement("A17", "B1", "B2")
def test_exactly_the_known_victims_witnesses_and_parties_have_a_name(agency: Database, law_text):
    text = f"SELECT v.person_id FROM ({law_text['person']}) AS v WHERE v.person_id > 40 ORDER BY 1"
    assert [person for (person,) in agency.run(text)] == NAMED_ON_THE_SEED


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.requirement("A15")
def test_the_policy_shows_what_the_reference_shows_on_dirty_data(
    dirty: dict[int, Database], law_text, table, seed
):
    assert differences(dirty[seed], table, law_text[table]) == []


def test_the_dirty_data_hold_both_what_is_sealed_and_what_is_not(dirty: dict[int, Database]):
    for database in dirty.values():
        for table in ("person", "case_file", "case_person", "sentence", "document"):
            ((seen_count, all_count),) = database.run(
                f"SELECT (SELECT count(*) FROM sealed.{table}), (SELECT count(*) FROM base.{table})"
            )
            assert 0 < seen_count < all_count


@pytest.mark.parametrize("zone", ["Pacific/Apia", "Etc/GMT+12", "<x>-167", "America/Sao_Paulo"])
def test_the_time_zone_a_client_sets_changes_nothing(dirty: dict[int, Database], law_text, zone):
    database = dirty[286]
    with database.connect() as connection:
        for table in TABLES:
            rows = f"SELECT v::text FROM ({law_text[table]}) AS v ORDER BY 1"
            connection.execute("RESET TimeZone")
            before = connection.execute(rows).fetchall()
            connection.execute("SELECT set_config('TimeZone', %s, false)", [zone])
            assert connection.execute(rows).fetchall() == before


MANY = """
SET search_path = base;
SET session_replication_role = replica;
INSERT INTO person (person_id, name, birth_date)
  SELECT n, 'many', DATE '1990-01-01' + n % 9000 FROM generate_series(1000, 21000) AS n;
INSERT INTO case_file (case_id, case_no, org_code, parent_case_id)
  SELECT n, 'many' || n, '1', n - 1 FROM generate_series(1000, 21000) AS n;
INSERT INTO case_person (cp_id, case_id, person_id, role, offence_first)
  SELECT n, n, n, 'CONVICT', DATE '2010-01-01' FROM generate_series(1000, 21000) AS n;
INSERT INTO sentence (sent_id, cp_id, result_code)
  SELECT n, n, 'GUILTY' FROM generate_series(1000, 21000) AS n;
INSERT INTO seal_notice (notice_id, cp_id, status)
  SELECT n, n, 'ACTIVE' FROM generate_series(1000, 21000) AS n;
"""


@pytest.fixture(scope="module")
def many(postgres: PostgresWorld) -> Database:
    """Enough rows that the planner goes by indexes of its own accord."""
    database = postgres.create_database("agency_template", name="many")
    database.run(MANY)
    for table in TABLES:
        if not database.run(f"SELECT 1 FROM base.{table} LIMIT 1 OFFSET 10000"):
            own, key = COLUMNS[table][:2]
            fill_in = f"INSERT INTO base.{table} ({own}, {key}) SELECT n, n"
            database.run(
                "SET session_replication_role = replica;"
                f"{fill_in} FROM generate_series(1000, 21000) AS n"
            )
    database.run("ANALYZE")
    return database


@pytest.mark.parametrize("table", TABLES)
def test_a_look_up_by_key_reads_no_whole_table(many: Database, law_text, table):
    key = COLUMNS[table][0 if table in ("person", "case_file", "query_application") else 1]
    rows = many.run(f"EXPLAIN SELECT * FROM ({law_text[table]}) AS v WHERE {key} = 5000")
    assert "Seq Scan" not in "\n".join(line for (line,) in rows)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM case_person WHERE cp_id = 5000 AND role LIKE 'CON%'",
        "SELECT * FROM case_person WHERE case_id BETWEEN 5000 AND 5009 AND lower(role) = 'convict'",
        "SELECT * FROM case_file WHERE case_id = 5000 AND cause LIKE '%'",
        "UPDATE case_person SET role = role WHERE cp_id = 5000 AND lower(role) = 'convict'",
        "DELETE FROM sentence WHERE sent_id = '5000' AND abs(term_months) = 7",
    ],
)
def test_neither_fence_nor_guard_keeps_a_statement_from_its_index(many: Database, sql):
    planner, scene = planner_of(many)
    sent = planner.plan(sql, scene).text
    assert sent is not None
    assert "UNION ALL" in sent or "CASE WHEN" in sent
    rows = many.run(f"SET search_path = base; EXPLAIN {sent}")
    read = [line for (line,) in rows if "Seq Scan" in line]
    assert read == []


@pytest.mark.parametrize("query", GOLDEN, ids=[query["key"] for query in GOLDEN])
@pytest.mark.parametrize(("world", "path"), [("raw", "base"), ("sealed", "sealed, base")])
def test_the_golden_queries_have_their_golden_answers(agency: Database, query, world, path):
    with agency.connect() as connection:
        connection.execute(f"SET search_path = {path}")
        result = connection.execute(query["sql"]).pgresult
    assert result is not None
    rows = [
        [None if (value := result.get_value(row, column)) is None else value.decode()
         for column in range(result.nfields)]
        for row in range(result.ntuples)
    ]  # fmt: skip
    if not query["ordered"]:
        rows.sort(key=repr)
    assert rows == query[world]


@pytest.fixture(scope="module")
def dirty(postgres) -> dict[int, Database]:
    databases = {}
    for seed in SEEDS:
        database = postgres.create_database("agency_template", name=f"dirty_{seed}")
        fill(database, random.Random(seed))
        databases[seed] = database
    return databases


def fill(database: Database, dice: random.Random) -> None:
    """Some thousand rows with everything that old data hold."""
    people = [person(number, dice) for number in range(1000, 1700)]
    files = [case_file(number, dice) for number in range(1000, 1500)]
    births = {row[0]: row[3] for row in people}
    accused = [case_person(number, births, dice) for number in range(1000, 2000)]
    ids = [row[0] for row in accused]
    rows = {
        "person (person_id, name, id_no, birth_date)": people,
        "case_file (case_id, case_no, org_code, incident_date, parent_case_id)": files,
        "case_person (cp_id, case_id, person_id, role, offence_first, offence_last,"
        " main_before_18, optout_approved)": accused,
        "sentence (sent_id, cp_id, result_code, penalty_kind, term_months, effective_on,"
        " is_effective)": [sentence(n, dice.choice(ids), dice) for n in range(1000, 2000)],
        "seal_notice (notice_id, cp_id, status, unseal_ground, unsealed_on)": [
            (number, dice.choice(ids), dice.choice(("ACTIVE", "UNSEALED", "UNSEALED")),
             dice.choice(("18-1", "18-3", None)), dice.choice(("2022-02-02", "infinity", None)))
            for number in range(1000, 1200)
        ],
        **{
            f"{table} ({key}, cp_id)": [(n, dice.choice(ids)) for n in range(1000, 1200)]
            for table, key in (
                ("charge", "charge_id"), ("non_prosecution", "np_id"),
                ("coercive_measure", "cm_id"), ("social_investigation", "si_id"),
                ("guidance_record", "gr_id"),
            )
        },
        "victim (victim_id, case_id, name, birth_date, address)": [
            (n, dice.randrange(1000, 1500), f"测{n}", day(dice, 1990, 2015), "示例路")
            for n in range(1000, 1400)
        ],
        "document (doc_id, case_id, cp_id, title, content)": [
            (n, dice.randrange(1000, 1500), dice.choice((None, dice.choice(ids))), "题", "文")
            for n in range(1000, 1400)
        ],
        "admin_penalty (ap_id, person_id, act_date)": [
            (n, dice.randrange(1000, 1700), day(dice, 2000, 2024)) for n in range(1000, 1100)
        ],
    }  # fmt: skip
    with database.connect() as connection, connection.cursor() as cursor:
        for target, values in rows.items():
            with cursor.copy(f"COPY base.{target} FROM STDIN") as copy:
                for value in values:
                    copy.write_row(value)
        connection.execute("ANALYZE")


def day(dice: random.Random, first_year: int, last_year: int) -> str | None:
    """A date of those years, or one of the things that stand in its place."""
    if dice.random() < 0.2:
        return dice.choice((None, *DIRTY_DATES))
    if dice.random() < 0.1:
        return f"{dice.randrange(first_year, last_year)}-02-28"
    start = dt.date(first_year, 1, 1).toordinal()
    return dt.date.fromordinal(
        dice.randrange(start, start + 365 * (last_year - first_year))
    ).isoformat()


def person(number: int, dice: random.Random) -> tuple[Any, ...]:
    return number, f"测{number}", identity_number(dice), day(dice, 1985, 2008)


def identity_number(dice: random.Random) -> str | None:
    """Right, wrong, old, oddly written, or missing. The areas 999xxx do not exist."""
    born = dt.date.fromordinal(dice.randrange(722000, 733000))
    body = f"999{dice.randrange(1000):03d}{born:%Y%m%d}{dice.randrange(1000):03d}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    right = body + "10X98765432"[total % 11]
    wrong = body + dice.choice("0123456789X")
    old = body[:6] + body[8:14] + "001"
    impossible = f"{body[:6]}19990231{body[14:]}1"
    written = dice.choice((right, right, right, wrong, old, impossible, "身份证遗失", "", "9" * 18))
    match dice.randrange(6):
        case 0:
            return None
        case 1:
            return written.translate(FULL_WIDTH)
        case 2:
            return f" {written.lower()}"
        case 3:
            return f"{written}　"
        case _:
            return written


def case_file(number: int, dice: random.Random) -> tuple[Any, ...]:
    parent = dice.randrange(1000, number) if number > 1000 and dice.random() < 0.2 else None
    return number, f"(2023)测{number}", "110100000000", day(dice, 2000, 2024), parent


def case_person(number: int, births: dict[int, str | None], dice: random.Random) -> tuple[Any, ...]:
    who = dice.choice(list(births))
    first = day(dice, 2000, 2024)
    if dice.random() < 0.2 and (born := births[who]) and born[:2] in ("19", "20"):
        first = f"{int(born[:4]) + 18}{born[4:].replace('-02-29', '-02-28')}"
    last = dice.choice((None, first, day(dice, 2000, 2024)))
    main = dice.choice((None, True, False))
    case = dice.randrange(1000, 1500)
    return number, case, who, dice.choice(ROLES), first, last, main, dice.random() < 0.2


def sentence(number: int, cp_id: int, dice: random.Random) -> tuple[Any, ...]:
    months = dice.choice((None, 1, 59, 60, 61, 72, 120))
    effective = dice.choice((None, "9999-12-31", "infinity", "-infinity", day(dice, 2005, 2024)))
    kinds = dice.choice(RESULTS), dice.choice(PENALTIES)
    return number, cp_id, *kinds, months, effective, dice.random() < 0.8
