from __future__ import annotations

import tomllib
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.demo.identity import REGION, check_character
from proxy.demo.people import LAST_DAY, Names, Population
from proxy.demo.profiles import PROFILES
from proxy.demo.register import COLUMNS, Register
from proxy.settings.shipped import shipped_file

NAMES = Names(**tomllib.loads(shipped_file("demo/names.toml").read_text(encoding="utf-8")))
DIRTY = {date(1900, 1, 1), date(9999, 12, 31)}
BY_NAME = {profile.name: profile for profile in PROFILES}


def populated(seed: int = 1, *, cases_count: int = 300, bystanders_count: int = 40) -> Register:
    population = Population(NAMES, seed=seed, register=Register())
    return population.populate(cases_count=cases_count, bystanders_count=bystanders_count)


def column(register: Register, table: str, name: str) -> list[object]:
    place = COLUMNS[table].index(name)
    return [row[place] for row in register.rows[table]]


@pytest.fixture(scope="module")
def register() -> Register:
    return populated()


def test_the_same_seed_gives_the_same_people_and_another_seed_gives_others():
    assert populated(3).rows == populated(3).rows
    assert populated(3).rows != populated(4).rows


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32))
def test_every_kind_of_person_is_there_whatever_the_seed(seed):
    register = populated(seed, cases_count=len(PROFILES), bystanders_count=0)
    assert set(register.profiles.values()) == {profile.name for profile in PROFILES}
    assert register.sealed == {c for c, name in register.profiles.items() if BY_NAME[name].sealed}


def test_nobody_is_called_like_a_living_person(register):
    for name in (*column(register, "person", "name"), *column(register, "victim", "name")):
        assert any(mark in str(name) for mark in NAMES.marks)


def test_numbers_are_of_a_region_that_does_not_exist_and_nobody_shares_one(register):
    numbers = [str(n) for n in column(register, "person", "id_no") if n is not None]
    assert len(set(numbers)) == len(numbers)
    assert all(number.startswith(REGION) for number in numbers)


def test_check_characters_are_wrong_only_where_the_profile_says_so(register):
    people = dict(
        zip(column(register, "person", "person_id"), column(register, "person", "id_no"),
            strict=True)
    )  # fmt: skip
    misprinted = {
        people[person]
        for cp_id, _, person, *_ in register.rows["case_person"]
        if register.profiles.get(cp_id) == "age-misprinted"
    }
    wrong = {
        number
        for number in map(str, filter(None, people.values()))
        if len(number) == 18 and check_character(number[:17]) != number[17]
    }
    assert wrong == misprinted != set()


def test_nothing_happens_after_the_last_day(register):
    days = {
        cell
        for rows in register.rows.values()
        for row in rows
        for cell in row
        if isinstance(cell, date)
    }
    assert max(days - DIRTY) <= LAST_DAY


@pytest.mark.parametrize("table", COLUMNS)
def test_every_table_has_rows_of_the_width_of_its_columns(register, table):
    assert register.rows[table]
    assert {len(row) for row in register.rows[table]} == {len(COLUMNS[table])}


@pytest.mark.parametrize(
    ("table", "key", "parent"),
    [
        ("case_person", "case_id", "case_file"),
        ("case_person", "person_id", "person"),
        ("sentence", "cp_id", "case_person"),
        ("document", "case_id", "case_file"),
        ("seal_notice", "cp_id", "case_person"),
    ],
)
def test_every_reference_finds_its_row(register, table, key, parent):
    keys = set(column(register, parent, COLUMNS[parent][0]))
    assert set(column(register, table, key)) <= keys


def test_joint_cases_mix_the_sealed_with_others_and_some_are_split(register):
    by_case: dict[object, set[bool]] = {}
    for cp_id, case_id, *_ in register.rows["case_person"]:
        by_case.setdefault(case_id, set()).add(cp_id in register.sealed)
    assert any(verdicts == {True, False} for verdicts in by_case.values())
    assert any(column(register, "case_file", "parent_case_id"))


def test_some_have_no_record_at_all(register):
    involved = set(column(register, "case_person", "person_id"))
    assert set(column(register, "person", "person_id")) - involved
    assert {"WITNESS", "PARTY"} <= set(column(register, "case_person", "role"))


def test_some_offend_again_as_adults():
    register = populated(cases_count=2000)
    verdicts: dict[object, set[bool]] = {}
    for cp_id, _, person_id, *_ in register.rows["case_person"]:
        verdicts.setdefault(person_id, set()).add(cp_id in register.sealed)
    assert {True, False} in verdicts.values()
