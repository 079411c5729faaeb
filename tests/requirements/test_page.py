"""The page of requirements is current, whole, and claims nothing that no test holds."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.requirements.page import (
    PAGE,
    Group,
    Mark,
    Requirement,
    groups,
    marks,
    numbered,
    page,
    problems,
)


def test_every_requirement_is_there_and_what_is_met_has_its_test():
    assert list(problems(groups(), marks())) == []


def test_the_page_is_current():
    written = PAGE.read_text(encoding="utf-8")
    assert written == page(groups(), marks()), "do: python -m tests.requirements --write"


def test_the_page_names_every_requirement_once():
    rows = [line.split(" | ")[0] for line in PAGE.read_text(encoding="utf-8").splitlines()]
    assert [row[2:] for row in rows if row[2:] in set(numbered())] == numbered()


GOOD = [Group("all", "law", tuple(Requirement(n, "", "a", "w", "met", "") for n in numbered()))]
TESTED = [Mark(name, "tests/test_a.py", "test_a") for name in numbered()]


def changed(number: int, **fields: str) -> list[Group]:
    rows = list(GOOD[0].requirements)
    rows[number] = replace(rows[number], **fields)
    return [replace(GOOD[0], requirements=tuple(rows))]


def without(number: int) -> list[Group]:
    rows = GOOD[0].requirements
    return [replace(GOOD[0], requirements=(*rows[:number], *rows[number + 1 :]))]


@pytest.mark.parametrize(
    ("written", "marked"),
    [
        (without(3), TESTED),
        (GOOD, TESTED[1:]),
        (changed(0, status="in part", why="half"), TESTED[1:]),
        (changed(0, status="not met", why="no"), TESTED),
        (changed(0, status="outside", why=""), TESTED[1:]),
        (changed(0, status="nearly"), TESTED),
        (changed(0, status="in part"), TESTED),
        (changed(0, why="but"), TESTED),
        (GOOD, [*TESTED, Mark("A19", "tests/test_a.py", "test_a")]),
    ],
)
def test_what_is_wrong_is_noticed(written, marked):
    assert list(problems(GOOD, TESTED)) == []
    assert list(problems(written, marked))


def test_a_mark_is_read_off_the_source(tmp_path):
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_a.py").write_text(
        "@pytest.mark.requirement('A1', 'Q02..Q04')\nasync def test_a(): ...\n", encoding="utf-8"
    )
    found = marks(tmp_path / "tests")
    assert [mark.requirement for mark in found] == ["A1", "Q02", "Q03", "Q04"]
    assert {(mark.file, mark.test) for mark in found} == {("tests/test_a.py", "test_a")}
