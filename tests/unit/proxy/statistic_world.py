"""A table that is counted in memory, for judging statistics without a server."""

from dataclasses import replace

from proxy.names import PrincipalName
from proxy.policy.law import Principal, PrincipalKind, RelationRule, Statistic, Volatility
from proxy.session.plan import Scene
from proxy.session.planner import Planner
from proxy.statement.counting import counting_of
from proxy.statement.grammar import parse_tree
from tests.unit.proxy import small_world as small
from tests.unit.proxy.small_world import ARTICLE, PATH, TYPES, base, relation

TYPES.update({"date": 1082, "timestamptz": 1184})

FILES = base("files")
PEOPLE = base("people")
DECLARED = (
    "SELECT f.cause, EXTRACT(year FROM f.closed) AS year, count(*) AS n FROM base.files AS f"
    " WHERE f.closed < DATE '2026-01-01' AND f.kind IN (1, 2)"
    " GROUP BY f.cause, EXTRACT(year FROM f.closed)"
)
OF_PEOPLE = (
    "SELECT count(DISTINCT p.who), p.sex FROM base.people p JOIN base.courts AS c"
    " ON c.code = p.court WHERE p.since <= DATE '2025-12-31' GROUP BY p.sex"
)

CATALOGUE = replace(
    small.CATALOGUE,
    relations={
        **small.CATALOGUE.relations,
        FILES: relation("files", "id:bigint cause:varchar closed:date kind:integer seen:boolean"),
        PEOPLE: relation("people", "who:bigint sex:text court:text since:date"),
    },
)
COUNTER = Principal(PrincipalName("statistics"), PrincipalKind.JUDICIAL, ())
OTHER = Principal(PrincipalName("other"), PrincipalKind.JUDICIAL, ())
RULES = {
    FILES: RelationRule(FILES, ARTICLE, visible_when="self.seen"),
    PEOPLE: RelationRule(PEOPLE, ARTICLE, visible_when="false", subject="who"),
    base("courts"): RelationRule(base("courts"), ARTICLE, visible_when="self.name = 'a'"),
}


def statistic(sql, least=10):
    tree = parse_tree(sql)[0]["stmt"]
    counting = counting_of(tree["SelectStmt"])
    names = frozenset({COUNTER.name})
    return Statistic("n", ARTICLE, names, least, sql, tree, counting)


LAW = replace(
    small.LAW,
    relations={**small.LAW.relations, **RULES},
    principals=(COUNTER, OTHER),
    statistics=(statistic(DECLARED), statistic(OF_PEOPLE)),
    vetted_functions={**small.LAW.vetted_functions, "extract": Volatility.STABLE},
)
PLANNER = Planner(LAW, CATALOGUE)
SCENE = Scene(COUNTER, PATH)
