"""What is sent for a statistic; what comes of it is in tests/scenarios/test_statistics.py."""

from dataclasses import replace

import pytest

from proxy.names import QualifiedName
from proxy.rewrite import statistic as module
from proxy.rewrite.edit import apply_edits
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.predicate import compile_law
from proxy.rewrite.statistic import counted, seen_rows
from proxy.statement.analyse import analyse
from proxy.statement.catalogue import UserFunction
from proxy.statement.grammar import TextLimits
from tests.unit.proxy.small_world import PATH
from tests.unit.proxy.statistic_world import CATALOGUE, DECLARED, LAW, OF_PEOPLE, statistic

RULES = compile_law(LAW)


def sent(sql, catalogue=CATALOGUE, declared=None, least=10):
    analysis = analyse(sql, catalogue, PATH, TextLimits())
    made = statistic(declared or sql.strip("; "), least)
    return apply_edits(analysis.encoded, counted(analysis, made, RULES, catalogue)).decode()


def test_sealed_rows_count_where_there_are_enough():
    assert sent(OF_PEOPLE, least=12) == (
        'SELECT (fc_cells.fc_size + 2) / 5 * 5 AS "count", fc_cells.fc_1 AS "sex" FROM ('
        "SELECT fc_rows.fc_1, pg_catalog.count(DISTINCT fc_rows.fc_counted) FILTER"
        " (WHERE fc_rows.fc_seen) + CASE WHEN pg_catalog.count(DISTINCT fc_rows.fc_counted)"
        " - pg_catalog.count(DISTINCT fc_rows.fc_counted) FILTER (WHERE fc_rows.fc_seen) >= 12"
        " THEN pg_catalog.count(DISTINCT fc_rows.fc_counted)"
        " - pg_catalog.count(DISTINCT fc_rows.fc_counted) FILTER (WHERE fc_rows.fc_seen)"
        " ELSE 0 END AS fc_size FROM ("
        'SELECT "p"."sex" AS fc_1, "p"."who" AS fc_counted, ((false)) IS TRUE AND'
        " ((\"c\".name = 'a')) IS TRUE AS fc_seen FROM base.people p JOIN base.courts AS c"
        " ON c.code = p.court WHERE p.since <= DATE '2025-12-31'"
        ") AS fc_rows GROUP BY fc_rows.fc_1) AS fc_cells WHERE fc_cells.fc_size >= 12"
        " ORDER BY fc_cells.fc_1"
    )


def test_what_stands_around_the_statement_stays():
    text = sent(f"/* operator=1 */ {DECLARED} ; -- end", declared=DECLARED)
    assert text.startswith("/* operator=1 */ SELECT fc_cells.fc_0 AS")
    assert text.endswith("fc_cells.fc_1 ; -- end")


def test_a_statement_that_is_not_the_statistic_is_not_sent():
    """The nodes of the client's own statement are compared, whatever was matched before."""
    for other in (DECLARED.replace("2026", "2025"), DECLARED.replace("f.cause", "f.kind")):
        with pytest.raises(CannotNarrow):
            sent(other, declared=DECLARED)


@pytest.mark.parametrize(
    ("called", "by"),
    [("_sources", lambda _: "FROM base.files AS f"), ("_key", lambda _: '"f"."id"')],
)
def test_text_that_is_not_what_the_tree_says_is_not_sent(monkeypatch, called, by):
    monkeypatch.setattr(module, called, by)
    with pytest.raises(CannotNarrow):
        sent(DECLARED)


def test_a_function_of_the_sites_own_by_the_name_of_one_that_is_added_ends_it():
    name = QualifiedName("base", "count")
    own = UserFunction(name, "base.count(integer)", "sha256:x")
    hiding = replace(CATALOGUE, user_functions=CATALOGUE.user_functions | {own})
    with pytest.raises(CannotNarrow, match="hides a built-in one"):
        sent(DECLARED, hiding)
    hiding = replace(CATALOGUE, user_operators=frozenset({QualifiedName("base", ">=")}))
    with pytest.raises(CannotNarrow, match="hides a built-in one"):
        sent(DECLARED, hiding)


def test_an_alias_that_a_rule_uses_is_another_name_there():
    taken = replace(RULES[LAW.statistics[0].counting.relations[0][1]].shown, bound=frozenset({"f"}))
    files = LAW.statistics[0].counting.relations[0][1]
    rules = {**RULES, files: replace(RULES[files], shown=taken)}
    with pytest.raises(CannotNarrow, match="take another"):
        seen_rows(LAW.statistics[0], rules)
