"""PostgreSQL's own tutorial, through the real service: every answer as without it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ordinary.answers import Answer, ask
from tests.scenarios.service import Site
from tests.world import Database

pytestmark = pytest.mark.database

ROLES = {"administrator": "agency_scram", "user": "desk"}
_LINE = re.compile(r"-- (chapter|by|refused): (.*)")


@dataclass(frozen=True, slots=True)
class Step:
    """One statement. ``rule``: by which it is refused, if it is."""

    number: int
    chapter: str
    by: str
    text: str
    rule: str

    def __str__(self) -> str:
        return f"{self.chapter.split()[0]}-{self.number}"


def read_steps() -> Iterator[Step]:
    told = {"chapter": "", "by": "", "refused": ""}
    lines: list[str] = []
    number = 0
    for line in Path(__file__).with_name("tutorial.sql").read_text(encoding="utf-8").splitlines():
        if found := _LINE.fullmatch(line):
            told[found[1]] = found[2]
        elif line and told["chapter"]:
            lines.append(line)
        if line.endswith(";"):
            number += 1
            yield Step(number, told["chapter"], told["by"], "\n".join(lines), told["refused"])
            lines, told["refused"] = [], ""


STEPS = list(read_steps())


@pytest.fixture(scope="module")
def played(tutorial: tuple[Site, Database]) -> dict[Step, tuple[Answer, Answer]]:
    """The whole of it, in order: through the proxy, and on a database of its own without."""
    site, equal = tutorial
    with ExitStack() as stack:
        ours = {by: stack.enter_context(site.connect(user)) for by, user in ROLES.items()}
        theirs = {by: stack.enter_context(equal.connect(user)) for by, user in ROLES.items()}
        for connection in (*ours.values(), *theirs.values()):
            connection.execute("SET search_path = tutorial")
        return {
            step: (
                ask(ours[step.by], step.text),
                Answer() if step.rule else ask(theirs[step.by], step.text),
            )
            for step in STEPS
        }


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_statement_is_answered_as_without_the_proxy(played, step: Step):
    ours, theirs = played[step]
    assert ours == (Answer(rule=step.rule) if step.rule else theirs)


def test_the_tutorial_is_whole(played):
    assert len({step.chapter for step in STEPS}) == 13
    assert sum(bool(theirs.rows) for _, theirs in played.values()) > 35
    failed = [theirs.error[0] for _, theirs in played.values() if theirs.error]
    # An aggregate in WHERE, a city that is not there, one that is there twice.
    assert failed == ["42803", "23503", "23505"]
