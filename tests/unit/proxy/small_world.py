"""A small database and law in memory, for judging statements without a server."""

from proxy.names import Article, PrincipalName, QualifiedName
from proxy.policy.decide import decide
from proxy.policy.law import (
    Follows,
    Law,
    Principal,
    PrincipalKind,
    RelationRule,
    Volatility,
)
from proxy.policy.rules.context import Context
from proxy.session.plan import Scene
from proxy.session.planner import Planner
from proxy.statement.analyse import analyse
from proxy.statement.catalogue import (
    Catalogue,
    Column,
    Event,
    OperatorSignature,
    Relation,
    RelationKind,
    TypeKind,
    UserFunction,
)
from proxy.statement.grammar import TextLimits

PATH = ("pg_catalog", "base")
ARTICLE = Article("第1条")
TYPES = {"bigint": 20, "integer": 23, "text": 25, "varchar": 1043, "boolean": 16, "json": 114}


PG_CLASS = QualifiedName("pg_catalog", "pg_class")


def base(name):
    return QualifiedName("base", name)


def relation(name, columns, *, kind=RelationKind.TABLE, **more):
    pairs = (column.split(":") for column in columns.split())
    made = (
        Column(n, TYPES[t], QualifiedName("pg_catalog", t), not_null=False, type_text=t)
        for n, t in pairs
    )
    full = name if isinstance(name, QualifiedName) else base(name)
    return Relation(full, 1, kind, tuple(made), **more)


RELATIONS = (
    relation("cases", "id:bigint name:varchar flag:boolean doc:json", primary_key=("id",)),
    relation("sentences", "id:bigint case_id:bigint months:integer", references=(base("cases"),)),
    relation("victims", "id:bigint name:text", references=()),
    relation("courts", "code:text name:text", primary_key=("code",)),
    relation("notes", "case_id:bigint body:text", references=(base("cases"),)),
    relation("old_cases", "id:bigint", parents=(base("cases"),)),
    relation("watched", "id:bigint", own_code=frozenset(Event)),
    relation("merged", "id:bigint", own_code=frozenset({Event.UPDATE})),
    relation("logged", "id:bigint", own_code=frozenset({Event.DELETE})),
    relation("parted", "id:bigint", children=(base("logged"),)),
    relation("referred", "id:bigint", primary_key=("id",)),
    relation(
        "referring", "id:bigint", references=(base("referred"),), own_code=frozenset({Event.DELETE})
    ),
    relation("moods", "m:text", has_own_casts=True),
    relation("report", "n:bigint", kind=RelationKind.VIEW),
    relation("open_report", "n:bigint", kind=RelationKind.VIEW),
    relation(QualifiedName("pg_catalog", "pg_type"), "typname:text"),
    relation(QualifiedName("pg_catalog", "pg_stats"), "tablename:text"),
    relation(PG_CLASS, "relname:text reltuples:integer"),
)

CATALOGUE = Catalogue(
    "agency",
    "v1",
    {r.name: r for r in RELATIONS},
    user_functions=frozenset(
        UserFunction(base(name), f"base.{name}({types})", f"sha256:{name}{types}")
        for name, types in (
            ("peek", "integer"),
            ("fine", "integer"),
            ("changed", ""),
            ("half", ""),
            ("half", "text"),
            ("own_size", "integer"),
        )
    ),
    builtin_functions=frozenset(
        {"lower", "nextval", "own_size", "pg_sleep", "pg_table_size", "ts_stat"}
    ),
    extension_functions=frozenset({QualifiedName("public", "lower")}),
    user_operators=frozenset({base("==?")}),
    user_types={base("mood"): TypeKind.ENUM, base("checked"): TypeKind.DOMAIN},
    builtin_types=frozenset({"date", "int4"}),
    leakproof=frozenset(
        OperatorSignature(sign, left, right)
        for sign in ("=", "<>", "<", ">", "<=", ">=")
        for left, right in ((20, 20), (23, 23), (25, 25), (20, 23), (23, 20), (16, 16))
    ),
    schemas=frozenset({"base", "pg_catalog"}),
)

LAW = Law(
    "d" * 64,
    {
        base("cases"): RelationRule(base("cases"), ARTICLE, visible_when="self.flag IS NOT TRUE"),
        base("sentences"): RelationRule(
            base("sentences"), ARTICLE, follows=(Follows(base("cases"), {"case_id": "id"}),)
        ),
        base("victims"): RelationRule(base("victims"), ARTICLE, mask={"name": "'某某'"}),
        PG_CLASS: RelationRule(PG_CLASS, ARTICLE, mask={"reltuples": "-1"}),
    },
    (),
    open_relations=frozenset({base("open_report")}),
    approved_functions={
        "base.fine(integer)": "sha256:fineinteger",
        "base.changed()": "sha256:before",
        "base.half()": "sha256:half",
        "base.own_size(integer)": "sha256:own_sizeinteger",
    },
    system_relations=frozenset({QualifiedName("pg_catalog", "pg_type")}),
    vetted_functions={
        **dict.fromkeys(("lower", "count", "abs", "current_setting"), Volatility.STABLE),
        "nextval": Volatility.VOLATILE,
    },
    withheld_functions=frozenset({"own_size", "pg_table_size"}),
)

UNIT = Principal(PrincipalName("desk"), PrincipalKind.UNIT, ())
PLATFORM = Principal(PrincipalName("bgcheck"), PrincipalKind.PLATFORM, ())
PLANNER = Planner(LAW, CATALOGUE)
SCENE = Scene(UNIT, PATH)


def facts_of(sql):
    (facts,) = analyse(sql, CATALOGUE, PATH, TextLimits()).statements
    return facts


def context(principal=UNIT, **more):
    return Context(principal, LAW, CATALOGUE, PATH, **more)


def rule_of(sql, principal=UNIT, **more):
    """The rule by which one statement is decided."""
    return decide(facts_of(sql), context(principal, **more)).decision.rule


def plan(sql, principal=UNIT):
    return PLANNER.plan(sql, Scene(principal, PATH))
