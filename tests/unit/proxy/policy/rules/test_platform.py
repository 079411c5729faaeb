from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.policy.decide import decide
from proxy.policy.decision import Verdict
from proxy.policy.law import PrincipalKind
from proxy.session.plan import Scene
from proxy.session.planner import Planner
from tests.unit.proxy.small_world import (
    CATALOGUE,
    LAW,
    PATH,
    PG_CLASS,
    PLATFORM,
    base,
    context,
    facts_of,
    rule_of,
)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT * FROM cases",
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM sentences)",
        "INSERT INTO cases VALUES (1)",
        "COPY cases FROM STDIN",
        "UPDATE victims SET id = 1 WHERE id = 2",
        "SELECT id FROM victims WHERE id = 1",
    ],
)
@pytest.mark.requirement("C4", "C5")
def test_a_platform_is_refused_whatever_it_does_with_a_protected_relation(sql):
    assert rule_of(sql, PLATFORM) == "platform-protected"


@pytest.mark.parametrize("sql", ["SELECT * FROM courts", "SELECT * FROM pg_type", "BEGIN"])
def test_a_platform_may_use_the_rest(sql):
    assert rule_of(sql, PLATFORM) == "nothing-protected"


@pytest.mark.requirement("D4")
def test_the_refusal_cites_the_article_and_says_the_same_of_every_row():
    one, other = (
        decide(facts_of(f"SELECT 1 FROM cases WHERE id = {n}"), context(PLATFORM)).decision
        for n in (1, 999)
    )
    assert one == other
    assert one.article == "实施办法第10条"


VIEWS = {
    **CATALOGUE.relations,
    base("open_report"): replace(
        CATALOGUE.relations[base("open_report")],
        reads=(base("report"),),
        definition="SELECT n FROM base.report",
    ),
    base("report"): replace(
        CATALOGUE.relations[base("report")],
        reads=(base("cases"),),
        definition="SELECT id AS n FROM base.cases",
    ),
}
"""A view of a view of a protected table, of which one is declared open."""
SEALED = ("cases", "sentences", "victims")
MADE_OF_CASES = ("old_cases", "report", "open_report")
SHAPES = (
    "SELECT * FROM {0}", "SELECT count(*) FROM courts, {0}", "SELECT 1; TABLE {0}",
    "SELECT EXISTS (SELECT 1 FROM {0} x WHERE false)", "INSERT INTO {0} DEFAULT VALUES",
    "WITH x AS (SELECT 1 FROM {0}) SELECT 1", "UPDATE {0} SET id = 1", "DELETE FROM {0}",
    "COPY {0} TO STDOUT", "COPY (SELECT 1 FROM {0}) TO STDOUT", "COPY {0} FROM STDIN",
    "DECLARE c CURSOR FOR SELECT 1 FROM {0}", "PREPARE p AS SELECT 1 FROM {0}",
    "EXPLAIN SELECT * FROM {0}", "CREATE TEMP TABLE t AS SELECT * FROM {0}",
    "SELECT * INTO TEMP t FROM {0}", "INSERT INTO courts SELECT 'a' FROM {0}",
    "MERGE INTO courts USING {0} s ON false WHEN NOT MATCHED THEN DO NOTHING",
    "SELECT * FROM courts UNION SELECT '', '' FROM {0}", "SELECT (SELECT 1 FROM {0} LIMIT 1)",
    "SELECT * FROM courts FOR UPDATE; SELECT * FROM {0}", "TRUNCATE {0}", "DROP TABLE {0}",
    "LOCK {0}", "CREATE VIEW v AS SELECT * FROM {0}", "GRANT SELECT ON {0} TO public",
)  # fmt: skip


@st.composite
def policies(draw):
    """Any subset of the rules, and anything declared open that is not sealed."""
    sealed = {base(name): LAW.relations[base(name)] for name in SEALED}
    kept = draw(st.sets(st.sampled_from(SEALED)))
    if "cases" not in kept:
        kept.discard("sentences")  # which follow them
    rules = {base(name): sealed[base(name)] for name in kept}
    shown = draw(st.sampled_from(["true", "self.id = 1", "false"]))
    rules = {
        name: replace(rule, visible_when=shown, handled_when="true") for name, rule in rules.items()
    }
    open_relations = frozenset(CATALOGUE.relations) - {*rules, PG_CLASS}
    open_relations &= {*draw(st.sets(st.sampled_from(sorted(CATALOGUE.relations))))}
    law = replace(
        LAW,
        relations={**rules, PG_CLASS: LAW.relations[PG_CLASS]},
        open_relations=open_relations,
        handled={("u",): {**rules, PG_CLASS: LAW.relations[PG_CLASS]}},
    )
    made = MADE_OF_CASES if "cases" in kept else ()
    return law, (*kept, *made)


@settings(deadline=None)  # each example compiles a policy
@given(policies(), st.sampled_from(SHAPES), st.sampled_from([(), ("u",)]))
def test_no_policy_lets_a_platform_near_what_is_sealed(policy, shape, units):
    law, untouchable = policy
    principal = replace(PLATFORM, units=units)
    planner = Planner(law, replace(CATALOGUE, relations=VIEWS))
    for name in untouchable:
        made = planner.plan(shape.format(name), Scene(principal, PATH))
        assert made.decision.verdict is Verdict.REFUSE, (shape, name)
        assert made.text is None
    allowed = planner.plan("SELECT * FROM courts", Scene(principal, PATH))
    assert allowed.decision.verdict is Verdict.PASS


def test_what_is_open_to_others_is_not_to_a_platform():
    law = replace(LAW, open_relations=LAW.open_relations | {base("old_cases")})
    planner = Planner(law, replace(CATALOGUE, relations=VIEWS))
    for name in ("open_report", "old_cases"):
        made = planner.plan(f"SELECT * FROM {name}", Scene(PLATFORM, PATH))
        assert made.decision.rule == "platform-protected"
        unit = replace(PLATFORM, kind=PrincipalKind.UNIT)
        other = planner.plan(f"SELECT * FROM {name}", Scene(unit, PATH))
        assert other.decision.verdict is Verdict.PASS
