"""The shipped policy on a real server, the reference views and the model in Python: one answer.

Three opinions, each written by itself from the law. The seed is another one in each run and stands
in the test's name; a difference is made as small as it gets before it is shown.
"""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import psycopg
import pytest

from proxy.settings import load_law
from proxy.settings.shipped import shipped_file
from tests.conftest import AGENCY
from tests.law.asking import Asked, shown_by, shown_by_the_reference
from tests.law.model import Row, Story, sealed, seen
from tests.law.stories import simpler, story
from tests.seeds import seed_of
from tests.world import Database, PostgresWorld

pytestmark = pytest.mark.database

SEED = seed_of(__name__)
STORIES_COUNT = 12_000
FEW = 1_500
"""For the reference, which is written to be read, not to be fast."""
WRONG_SEED, WRONG_COUNT = 286, 8_000
"""For rules that are a little wrong: the same stories each time."""

ROW, BYSTANDERS = '"r"', "('VICTIM', 'WITNESS', 'PARTY')"
"""As `tests.law.asking` has a row called, and who is not accused."""

Difference = tuple[Story, set[Row], set[Row]]


def difference(
    connection: psycopg.Connection, stories: list[Story], texts: Mapping[str, str]
) -> Difference | None:
    """The first story with another answer than the model's, with both answers."""
    with Asked(connection, stories) as asked:
        today = asked.today
        for each, got in zip(stories, asked.answers(texts), strict=True):
            expected = seen(each, today)
            if got != expected:
                return each, got, expected
    return None


def smallest(
    connection: psycopg.Connection, found: Difference, texts: Mapping[str, str]
) -> Difference:
    """A story that differs, and of whose simpler ones none does."""
    while (smaller := difference(connection, list(simpler(found[0])), texts)) is not None:
        found = smaller
    return found


def told(seed: int, count: int) -> list[Story]:
    dice = random.Random(seed)
    today = dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()
    return [story(dice, today) for _ in range(count)]


@pytest.fixture(scope="module")
def stories() -> list[Story]:
    return told(SEED, STORIES_COUNT)


@pytest.fixture(scope="module")
def world(postgres: PostgresWorld) -> Iterator[Database]:
    """Not the shared one: what is rolled back stays on the pages, in every scan's way."""
    database = postgres.create_database(AGENCY)
    yield database
    postgres.drop_database(database)


@pytest.fixture(scope="module")
def policy() -> dict[str, str]:
    return shown_by(load_law(shipped_file("policy.toml")))


def agree(database: Database, stories: list[Story], texts: Mapping[str, str]) -> None:
    with database.connect() as connection:
        found = difference(connection, stories, texts)
        if found is not None:
            least, got, expected = smallest(connection, found, texts)
            pytest.fail(
                f"seed {SEED}: {least}\n  shown, and not by the model: {sorted(got - expected)}"
                f"\n  shown by the model alone: {sorted(expected - got)}"
            )


@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.requirement(
    "A1",
    "A2",
    "A3",
    "A4",
    "A5",
    "A7",
    "A10",
    "A12",
    "A13",
    "A14",
    "A15",
    "A16",
    "A18",
    "B1",
    "B4",
    "B5",
    "B7",
    "C8",
    "F1",
    "F2",
    "F3",
    "F4",
    "F6",
)
def test_the_policy_says_what_the_law_written_in_python_says(
    world: Database, stories, policy, seed
):
    agree(world, stories, policy)


@pytest.mark.parametrize("seed", [SEED])
def test_the_reference_says_what_the_law_written_in_python_says(world: Database, stories, seed):
    agree(world, stories[:FEW], shown_by_the_reference())


def test_the_stories_hold_every_case_on_both_sides(stories):
    """Else the comparison would compare nothing."""
    today = dt.date(2026, 1, 1)
    accused = Counter(
        (bool(each.notices), bool(each.judgments), each.main_before_18, sealed(whole, each, today))
        for whole in stories
        for each in whole.accused
        if each.role == "CONVICT"
    )
    assert len(accused) == 2 * 2 * 3 * 2
    assert sum(len(whole.people) for whole in stories) > 15_000


@dataclass(frozen=True, slots=True)
class Loaded:
    """Stories in the database, and which people in which files the model shows."""

    asked: Asked
    expected: set[tuple[int, int, bool]]


@pytest.fixture(scope="module")
def loaded(world: Database) -> Iterator[Loaded]:
    stories = told(WRONG_SEED, WRONG_COUNT)
    with world.connect() as connection, Asked(connection, stories) as asked:
        today = asked.today
        expected = {
            (number, row, masked)
            for number, whole in enumerate(stories)
            for table, row, masked in seen(whole, today)
            if table == "case_person"
        }
        yield Loaded(asked, expected)


@pytest.mark.parametrize(
    ("written", "instead"),
    [
        ("term_months > 60", "term_months >= 60"),
        ("term_months > 60", "term_months > 61"),
        ("term_months > 60", "probation_months > 60"),
        ("AND j_.term_months <= 300", ""),
        ("<= 300", "< 300"),
        ("j_.result_code = 'GUILTY' AND", ""),
        ("('LIFE', 'DEATH')", "('LIFE', 'DETENTION')"),
        ("AND j_.is_effective", ""),
        ("> 180000 +", ">= 180000 +"),
        ("180000 +", "180001 +"),
        ("180000 +", "179999 +"),
        ("main_before_18 IS FALSE", "main_before_18 IS NOT TRUE"),
        ("LEAST(i_.began, i_.ended)", "i_.began"),
        ("WHEN i_.began IS NOT NULL THEN", "WHEN true THEN"),
        ("COALESCE(i_.ended, i_.began)", "COALESCE(i_.began, i_.ended)"),
        ("+ GREATEST(", "+ LEAST("),
        ("WHEN i_.registered IS NOT NULL THEN d_.printed::int", ""),
        (") % 11 = 1", ") % 11 IS NOT NULL"),
        ("01010101010", "01010101011"),
        ("00110011001", "00110011000"),
        ("00001111000", "00001111001"),
        ("00000000111", "00000000110"),
        ("::int * 2", "::int * 3"),
        ("::int * 4", "::int * 5"),
        ("::int * 8", "::int * 9"),
        (">= '19100101'", ">= '19000101'"),
        (", 'YYYYMMDD') = d_.printed", ", 'YYYYMMDD') IS NOT NULL"),
        ("char_length(i_.id) = 15 OR", ""),
        ("9XXX ')", "9XX* ')"),
        (r"E' \t\r\n'", r"E' \t\r'"),
        (r"E' \t\r\n'", r"E'\t\r\n'"),
        ("n_.status = 'UNSEALED'", "n_.status <> 'ACTIVE'"),
        ("n_.unseal_ground IN ('18-1', '18-2', '18-3')", "n_.unseal_ground IS NOT NULL"),
        ("n_.unsealed_on BETWEEN", "COALESCE(n_.unsealed_on, DATE '2022-02-02') BETWEEN"),
        ("ORDER BY 1 DESC LIMIT 1", "ORDER BY 1 LIMIT 1"),
        ("WHEN false THEN true", ""),
        ("j_.effective_on BETWEEN", "COALESCE(j_.effective_on, DATE '2022-02-02') BETWEEN"),
        ("ORDER BY j_.effective_on DESC", "ORDER BY j_.effective_on"),
        ("j_.sent_id DESC", "j_.sent_id"),
        ("optout_approved AND", "optout_approved OR"),
        (f"{ROW}.role IN {BYSTANDERS} AND", f"{ROW}.role IN ('VICTIM', 'SUSPECT') AND"),
        (f"AND n_.role NOT IN {BYSTANDERS} OFFSET 0", "AND false"),
        (f"AND n_.role NOT IN {BYSTANDERS} OFFSET 0", ""),
        (f"THEN a_.role NOT IN {BYSTANDERS}", "THEN true"),
        (f"{ROW}.role NOT IN {BYSTANDERS} OR EXISTS", "true OR EXISTS"),
        ("> 180000 + GREATEST( to_char", ">= 180000 + GREATEST( to_char"),
        ("180000 + GREATEST( to_char", "180000 + LEAST( to_char"),
        ("q_.birth_date BETWEEN", "COALESCE(q_.birth_date, '1950-01-01') BETWEEN"),
        ("19000000 + substr(g_.id", "18000000 + substr(g_.id"),
        (f"o_.case_id <> {ROW}.case_id OR", ""),
        (f"OR o_.role NOT IN {BYSTANDERS}) OFFSET 0", ")"),
        (f"t_.person_id = {ROW}.person_id", "false"),
    ],
)
def test_a_rule_that_is_a_little_wrong_is_noticed(loaded: Loaded, policy, written, instead):
    text = policy["case_person"]
    assert written in text
    wrong = text.replace(written, instead, 1)
    assert loaded.asked.shown("case_person", wrong) != loaded.expected


def test_the_rule_as_it_is_is_not(loaded: Loaded, policy):
    assert loaded.asked.shown("case_person", policy["case_person"]) == loaded.expected
