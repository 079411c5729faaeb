"""What can be counted, and what nearly can."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.names import QualifiedName
from proxy.statement.counting import Group, NoCounting, OwnColumn, counting_of
from proxy.statement.grammar import NotUnderstood, parse_tree
from tests.unit.proxy.statistic_world import DECLARED, OF_PEOPLE


def counting(sql):
    return counting_of(parse_tree(sql)[0]["stmt"]["SelectStmt"])


def test_a_count_by_a_column_and_a_year():
    found = counting(DECLARED)
    cause, closed, kind = (OwnColumn("f", name) for name in ("cause", "closed", "kind"))
    assert found.relations == (("f", QualifiedName("base", "files")),)
    assert found.groups == (Group(cause, None, "cause"), Group(closed, "year", "year"), None)
    assert (found.counted, found.title) == (None, "n")
    assert found.columns == {cause, closed, kind}
    assert found.periods == {closed}


def test_a_count_of_people_of_two_relations():
    found = counting(OF_PEOPLE)
    assert [alias for alias, _ in found.relations] == ["p", "c"]
    assert found.groups[0] is None
    assert (found.counted, found.title) == (OwnColumn("p", "who"), "count")
    assert found.choosing == {OwnColumn("p", "sex"), OwnColumn("p", "since")}
    assert found.columns - found.choosing == {
        OwnColumn("c", "code"), OwnColumn("p", "court"), OwnColumn("p", "who")
    }  # fmt: skip


WRONG = [
    DECLARED.replace("GROUP BY", "AND f.id IN (SELECT 1) GROUP BY"),
    DECLARED.replace("GROUP BY", "OR true GROUP BY"),
    DECLARED.replace("GROUP BY", "AND NOT f.seen GROUP BY"),
    DECLARED.replace("GROUP BY", "AND f.cause LIKE 'x%' GROUP BY"),
    DECLARED.replace("GROUP BY", "AND f.cause = lower('x') GROUP BY"),
    DECLARED.replace("GROUP BY", "AND f.cause = NULL GROUP BY"),
    DECLARED.replace("GROUP BY", "AND f.kind = f.id GROUP BY"),
    DECLARED.replace("GROUP BY", "AND f.kind = $1 GROUP BY"),
    DECLARED.replace("GROUP BY", "AND f.kind BETWEEN 1 AND 2 GROUP BY"),
    DECLARED.replace("GROUP BY", "AND f.kind = ANY ('{1}') GROUP BY"),
    DECLARED.replace("GROUP BY", "AND f.closed < now() GROUP BY"),
    DECLARED.replace("GROUP BY", "AND other.kind = 1 GROUP BY"),
    DECLARED.replace("GROUP BY", "AND kind = 1 GROUP BY"),
    DECLARED.replace("f.closed < DATE '2026-01-01' AND ", ""),
    DECLARED.replace("f.closed < DATE", "f.closed > DATE"),
    DECLARED.replace("f.closed < DATE", "f.closed <> DATE"),
    DECLARED.replace("DATE '2026-01-01'", "DATE '1 Jan 2026'"),
    DECLARED.replace("DATE '2026-01-01'", "'2026-01-01'"),
    DECLARED.replace("DATE '2026-01-01'", "DATE 'today'"),
    DECLARED.replace("DATE '2026-01-01'", "timestamptz '2026-01-01'"),
    DECLARED.replace("count(*)", "count(f.id)"),
    DECLARED.replace("count(*)", "count(DISTINCT f.id, f.kind)"),
    DECLARED.replace("count(*)", "sum(f.kind)"),
    DECLARED.replace("count(*)", "base.count(*)"),
    DECLARED.replace("count(*)", "count(*) FILTER (WHERE f.seen)"),
    DECLARED.replace("count(*)", "count(*) OVER ()"),
    DECLARED.replace("count(*) AS n", "count(*) AS n, count(*) AS m"),
    DECLARED.replace("count(*)", "count(*) + 1"),
    DECLARED.replace("count(*)", "count(DISTINCT lower(f.cause))"),
    DECLARED.replace("count(*) AS n", "f.kind"),
    DECLARED.replace("EXTRACT(year", "EXTRACT(day"),
    DECLARED.replace("EXTRACT(year FROM f.closed)", "date_trunc('year', f.closed)"),
    DECLARED.replace("f.cause", "lower(f.cause)"),
    DECLARED.replace("f.cause", "f.*"),
    DECLARED.replace("f.cause", "f"),
    DECLARED.replace("f.cause", "cause"),
    DECLARED.replace("GROUP BY f.cause,", "GROUP BY"),
    DECLARED.replace("GROUP BY f.cause,", "GROUP BY f.kind, f.cause,"),
    DECLARED.replace("GROUP BY f.cause,", "GROUP BY ROLLUP (f.cause),"),
    DECLARED.replace("GROUP BY", "GROUP BY DISTINCT"),
    DECLARED + " HAVING count(*) > 3",
    DECLARED + " ORDER BY 1",
    DECLARED + " LIMIT 3",
    DECLARED + " FOR UPDATE",
    DECLARED + " UNION ALL SELECT 1, 2, 3",
    DECLARED.replace("SELECT", "SELECT DISTINCT"),
    DECLARED.replace("FROM base", "INTO t FROM base"),
    "WITH q AS (SELECT 1) " + DECLARED,
    DECLARED.replace("base.files AS f", "base.files AS f, base.people AS p"),
    DECLARED.replace("base.files AS f", "files AS f"),
    DECLARED.replace("base.files AS f", "ONLY base.files AS f"),
    DECLARED.replace("base.files AS f", "base.files"),
    DECLARED.replace("base.files AS f", "base.files AS f (id, cause)"),
    DECLARED.replace("base.files AS f", "base.files AS f TABLESAMPLE SYSTEM (1)"),
    DECLARED.replace("base.files AS f", "(SELECT * FROM base.files) AS f"),
    DECLARED.replace("base.files AS f", "base.f() AS f"),
    OF_PEOPLE.replace("JOIN", "LEFT JOIN"),
    OF_PEOPLE.replace("JOIN base.courts AS c", "CROSS JOIN base.courts AS c").split(" ON ")[0],
    OF_PEOPLE.replace("ON c.code = p.court", "USING (court)"),
    OF_PEOPLE.replace("JOIN", "NATURAL JOIN").replace(" ON c.code = p.court", ""),
    OF_PEOPLE.replace("c.code = p.court", "c.code = p.court OR true"),
    OF_PEOPLE.replace("c.code = p.court", "c.code > p.court"),
    OF_PEOPLE.replace("c.code = p.court", "p.sex = p.court"),
    OF_PEOPLE.replace("base.courts AS c", "base.people AS c"),
    OF_PEOPLE.replace("base.courts AS c", "base.courts AS p"),
    "SELECT count(*) FROM base.files AS f WHERE f.closed < DATE '2026-01-01'",
    "VALUES (1)",
]


@pytest.mark.parametrize("sql", WRONG)
def test_everything_else_is_none(sql):
    with pytest.raises(NoCounting):
        counting(sql)


WORDS = sorted({*f"{DECLARED} {OF_PEOPLE}".split(), "(", ")", ",", "HAVING", "UNION", "SELECT 1"})


@given(st.lists(st.sampled_from(WORDS), max_size=40))
def test_any_select_is_read_or_is_none(words):
    try:
        trees = [statement["stmt"] for statement in parse_tree(" ".join(words))]
    except NotUnderstood:
        return
    for tree in trees:
        try:
            found = counting_of(tree.get("SelectStmt", {}))
        except NoCounting:
            continue
        assert found.periods
        assert found.groups.count(None) == 1
