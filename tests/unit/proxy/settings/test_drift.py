"""How far a policy is still trusted after the database changed."""

from dataclasses import replace

import pytest

from proxy.policy.doubt import Doubt
from proxy.policy.law import FindingRule, Law, RelationRule
from proxy.settings.drift import doubt_after, landmarks
from proxy.statement.catalogue import Catalogue
from tests.unit.proxy.small_world import ARTICLE, base, relation

LAW = Law(
    "d" * 64,
    {
        base("cases"): RelationRule(
            base("cases"), ARTICLE,
            visible_when="EXISTS (SELECT 1 FROM base.courts AS c WHERE c.code = self.court)",
        ),
        base("elsewhere"): RelationRule(base("elsewhere"), ARTICLE, visible_when="false"),
    },
    (),
)  # fmt: skip


def catalogue(*relations):
    return Catalogue("agency", "v", {r.name: r for r in relations})


def numbered(name, columns, oid):
    return replace(relation(name, columns), oid=oid)


CASES = numbered("cases", "id:bigint court:text", 10)
COURTS = numbered("courts", "code:text", 11)
FITTED = catalogue(CASES, COURTS)
RENAMED = replace(CASES, name=base("older"))


@pytest.mark.parametrize(
    ("now", "doubt"),
    [
        (FITTED, Doubt.NONE),
        (catalogue(CASES, COURTS, numbered("new", "id:bigint", 12)), Doubt.NONE),
        (catalogue(numbered("cases", "id:bigint court:text more:text", 10), COURTS), Doubt.NONE),
        (catalogue(numbered("cases", "id:bigint court:text", 99), COURTS), Doubt.NONE),
        (catalogue(numbered("cases", "id:bigint", 10), COURTS), Doubt.COLUMNS),
        (catalogue(CASES, numbered("courts", "number:text", 11)), Doubt.COLUMNS),
        (catalogue(CASES), Doubt.COLUMNS),
        (catalogue(COURTS), Doubt.RELATIONS),
        (catalogue(RENAMED, COURTS), Doubt.RELATIONS),
        (catalogue(RENAMED, numbered("cases", "id:bigint court:text", 99), COURTS),
         Doubt.RELATIONS),
    ],
    ids=["nothing", "another table", "another column", "made anew", "its column", "a read column",
         "a read relation", "dropped", "renamed", "renamed behind another of its name"],
)  # fmt: skip
def test_a_change_leaves_this_much_of_the_policy(now, doubt):
    assert doubt_after(LAW, landmarks(LAW, FITTED), now) is doubt


def test_what_another_database_holds_is_not_missed_in_this_one():
    assert base("elsewhere") not in FITTED.relations
    assert doubt_after(LAW, landmarks(LAW, FITTED), FITTED) is Doubt.NONE


def test_a_column_that_only_a_scan_reads_does_not_stop_the_service():
    finding = FindingRule("n", ARTICLE, "notice", "t", "SELECT c.gone FROM base.cases AS c",
                          frozenset((base("cases"),)))  # fmt: skip
    law = replace(LAW, findings=(finding,))
    assert doubt_after(law, landmarks(law, FITTED), FITTED) is Doubt.NONE
