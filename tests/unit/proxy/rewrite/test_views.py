from dataclasses import replace

import pytest

from proxy.policy.rules.context import Context
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.views import Views
from proxy.session.planner import Planner
from proxy.statement.analyse import analyse
from proxy.statement.catalogue import Catalogue, RelationKind
from proxy.statement.facts import Selected
from proxy.statement.grammar import TextLimits
from tests.unit.proxy.small_world import (
    CATALOGUE,
    LAW,
    PATH,
    PLATFORM,
    SCENE,
    UNIT,
    base,
    relation,
)

VIEWS = {
    "plain": " SELECT code AS n\n   FROM base.courts;",
    "over_plain": "SELECT n FROM base.plain",
    "sealed": "SELECT id AS n FROM base.cases",
    "over_sealed": "SELECT s.n FROM base.sealed s JOIN base.plain p ON true",
    "mixed": "SELECT id AS n FROM base.cases, pg_type",
    "own_function": "SELECT base.peek(id) AS n FROM base.cases",
    "approved": "SELECT base.fine(1) AS n",
    "drawing": "SELECT nextval('s') AS n",
    "counting": "SELECT pg_table_size('base.cases'::regclass) AS n",
    "over_counting": "SELECT n FROM base.counting",
    "hiding": "SELECT n FROM (SELECT peek(1) AS n, id FROM base.cases) x",
    "kept": "SELECT n FROM base.kept_rows",
    "endless": "SELECT n FROM base.endless",
    "twice": "SELECT 1 AS n; SELECT 2",
    "broken": "SELECT ) FROM (",
    "nothing": "",
    "no_query": "DELETE FROM base.courts",
    "open_report": "SELECT id AS n FROM base.cases",
}


OWN = "(CASE WHEN true THEN NULL ELSE pg_table_size(1) END)"
COUNTED = "SELECT (CASE WHEN true THEN NULL ELSE pg_table_size('base.cases'::regclass) END) AS n"
SHOWN = ' WHERE (("cases".flag IS NOT TRUE)) IS TRUE'


def database(**more):
    views = dict(VIEWS, **more)
    added = [
        relation(name, "n:bigint", kind=RelationKind.VIEW, definition=definition)
        for name, definition in views.items()
    ]
    added.append(relation("kept_rows", "n:bigint", kind=RelationKind.MATERIALIZED_VIEW))
    return replace(CATALOGUE, relations={**CATALOGUE.relations, **{r.name: r for r in added}})


def views(catalogue: Catalogue | None = None):
    return Views(LAW, catalogue or database(), TextLimits())


def planned(sql, principal=UNIT, catalogue=None):
    return Planner(LAW, catalogue or database()).plan(sql, replace(SCENE, principal=principal))


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("plain", True),
        ("over_plain", True),
        ("approved", False),  # not known to be without effects
        ("drawing", False),
        ("counting", False),  # with the view's own call the size would come
        ("sealed", False),
        ("over_sealed", False),
        ("own_function", False),
        ("kept", False),
        ("endless", False),
        ("twice", False),
        ("broken", False),
        ("nothing", False),
        ("no_query", False),
    ],
)
def test_a_view_is_plain_where_all_it_reads_and_calls_would_pass(name, plain):
    found = views()
    assert found.is_plain(database().relations[base(name)], 0) is plain


def test_a_view_of_views_is_put_in_place_down_to_the_tables():
    found = views().definition(database().relations[base("over_sealed")])
    assert found.text == (
        "SELECT s.n FROM (SELECT id AS n FROM base.cases) s JOIN base.plain p ON true"
    )
    assert Selected("s", "n") not in found.selections, "a column of the view, known as such"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("mixed", "system catalogues"),
        ("hiding", "built-in object"),
        ("endless", "not understood"),
        ("twice", "not understood"),
        ("broken", "not understood"),
        ("nothing", "not understood"),
        ("no_query", "not understood"),
    ],
)
def test_a_view_that_cannot_be_put_in_place_says_why(name, reason):
    found = views()
    for _ in range(2):
        with pytest.raises(CannotNarrow, match=reason):
            found.definition(database().relations[base(name)])


def test_a_definition_that_grows_with_its_views_is_refused():
    doubling = {f"d{n}": f"SELECT a.n FROM base.d{n - 1} a, base.d{n - 1} b" for n in range(1, 14)}
    catalogue = database(d0="SELECT id AS n FROM base.cases", **doubling)
    with pytest.raises(CannotNarrow, match="too long"):
        views(catalogue).definition(catalogue.relations[base("d13")])


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SELECT * FROM over_plain", "SELECT * FROM over_plain"),
        (
            "SELECT 'a' FROM sealed WHERE n = 1",
            f"""SELECT 'a' FROM (SELECT id AS n FROM base.cases{SHOWN}) AS "sealed" WHERE n = 1""",
        ),
        ("SELECT * FROM open_report", "SELECT * FROM open_report"),
        (
            "SELECT pg_table_size(1) FROM over_counting",
            f'SELECT {OWN} FROM (SELECT n FROM ({COUNTED}) AS "counting") AS "over_counting"',
        ),
    ],
)
def test_what_a_view_reads_is_narrowed(sql, sent):
    assert planned(sql).text == sent


@pytest.mark.parametrize(
    ("sql", "rule", "reason"),
    [
        ("SELECT * FROM mixed", "unvetted-view", "query its tables"),
        ("SELECT * FROM own_function", "unvetted-function", "definitions of its views"),
        ("SELECT * FROM kept", "unvetted-view", "kept_rows"),
        ("DELETE FROM sealed", "unvetted-view", "only read"),
        ("INSERT INTO plain VALUES ('1')", "unvetted-view", "only read"),
        ("SELECT s.peek FROM sealed s", "unvetted-function", ""),
        ("SELECT ctid FROM sealed", "system-column", ""),
        ("SELECT * FROM sealed TABLESAMPLE system (1)", "unvetted-view", "TABLESAMPLE"),
    ],
)
def test_what_a_view_cannot_be_asked_is_refused(sql, rule, reason):
    decision = planned(sql).decision
    assert decision.rule == rule
    assert reason in decision.reason


def test_a_platform_gets_nothing_through_a_view():
    assert planned("SELECT * FROM over_sealed", PLATFORM).decision.rule == "platform-protected"


def test_nothing_is_put_in_place_of_a_text_that_is_refused_anyway():
    analysis = analyse("SELECT 1 FROM sealed; VACUUM", database(), PATH, TextLimits())
    assert views().expand(analysis, Context(UNIT, LAW, database(), PATH)) is None


def test_a_name_for_which_the_server_may_find_a_view_is_ambiguous():
    """A table comes first, but the role may not be allowed to look into its schema."""
    catalogue = database()
    other = relation("n", "n:bigint", kind=RelationKind.TABLE)
    first = replace(other, name=replace(other.name, schema="first", name="sealed"))
    catalogue = replace(catalogue, relations={**catalogue.relations, first.name: first})
    scene = replace(SCENE, search_path=("pg_catalog", "first", "base"))
    plan = Planner(LAW, catalogue).plan("SELECT * FROM sealed", scene)
    assert plan.decision.rule == "ambiguous-relation"
