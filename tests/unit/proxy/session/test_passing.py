"""Where nothing is sealed: the text as it came, and recorded first unless it changes nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.decision import StatementClass, Verdict
from proxy.policy.law import Law
from proxy.session.passing import UNJUDGED
from proxy.session.plan import Plan, Timing
from proxy.session.planner import Planner
from tests.unit.proxy.small_world import CATALOGUE, LAW, SCENE

UNSEALING = replace(LAW, relations={}, open_relations=frozenset(), seals_nothing=True)
PLANNER = Planner(UNSEALING, CATALOGUE)

BOMB = "SELECT " + "(" * 100_000


def plan(text, law: Law = UNSEALING):
    return Planner(law, CATALOGUE).plan(text, SCENE)


@pytest.mark.parametrize(
    ("text", "timing", "kind"),
    [
        ("SELECT * FROM cases", Timing.WITH, StatementClass.SELECT),
        ("BEGIN", Timing.WITH, StatementClass.TRANSACTION),
        ("", Timing.WITH, StatementClass.EMPTY),
        ("SELECT 1; SELECT 2", Timing.WITH, StatementClass.MULTIPLE),
        ("SELECT 1; DO 'x'", Timing.FIRST, StatementClass.MULTIPLE),
        ("SELECT nextval('s')", Timing.FIRST, StatementClass.SELECT),
        ("SELECT anybodys()", Timing.FIRST, StatementClass.SELECT),
        ("SELECT * FROM a_view", Timing.FIRST, StatementClass.SELECT),
        ("SELECT * FROM unheard_of", Timing.FIRST, StatementClass.SELECT),
        ("SELECT * FROM cases FOR UPDATE", Timing.FIRST, StatementClass.SELECT),
        ("INSERT INTO cases VALUES (1)", Timing.FIRST, StatementClass.INSERT),
        ("EXECUTE anything", Timing.FIRST, StatementClass.EXECUTE),
        ("DROP TABLE cases CASCADE", Timing.FIRST, StatementClass.DDL),
        ("LISTEN news", Timing.FIRST, StatementClass.OTHER),
        ("no statement at all", Timing.FIRST, StatementClass.OTHER),
        (BOMB, Timing.FIRST, StatementClass.OTHER),
    ],
)
def test_it_is_passed(text, timing, kind):
    made = plan(text)
    assert (made.text, made.timing, made.decision.statement_class) == (text, timing, kind)
    assert made.decision.verdict is Verdict.PASS
    assert made.decision.rule == "seals-nothing"
    assert made == Plan(made.decision, text, timing)


@given(st.text())
def test_every_text_is_passed(text):
    assert PLANNER.plan(text, SCENE).text == text


@pytest.mark.parametrize(
    ("text", "takes_rows"),
    [
        ("COPY cases FROM STDIN", True),
        ("SELECT 1; COPY cases FROM STDIN WITH (FORMAT csv, FORCE_NULL (id)) WHERE id > 1", True),
        ("COPY cases TO STDOUT", False),
        ("COPY cases FROM '/tmp/a'", False),
        ("COPY cases FROM PROGRAM 'cat'", False),
    ],
)
def test_what_takes_rows_of_the_client_is_known(text, takes_rows):
    assert plan(text).copies_in is takes_rows


def test_a_policy_that_seals_says_no():
    assert plan("DO 'x'", replace(UNSEALING, seals_nothing=False)).text is None


def test_what_has_no_text_is_recorded_first():
    assert UNJUDGED.timing is Timing.FIRST
    assert UNJUDGED.decision.verdict is Verdict.PASS
