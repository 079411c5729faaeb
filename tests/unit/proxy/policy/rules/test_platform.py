import pytest

from proxy.policy.decide import decide
from tests.unit.proxy.small_world import PLATFORM, context, facts_of, rule_of


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
