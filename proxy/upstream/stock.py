"""What a database holds that runs code of the site's own, beyond what judging a statement needs.

For an administrator who has to decide what to approve: `proxy.upstream.introspect` reads what the
proxy itself goes by.
"""

from __future__ import annotations

from dataclasses import dataclass

from proxy.upstream.extensions import own_cast, own_function, own_operator, own_type
from proxy.upstream.functions import FUNCTIONS, Definition, definitions
from proxy.upstream.introspect import Connection, Row

_PREPARE = "SET LOCAL search_path = ''"

_NAME = "pg_catalog.quote_ident({0}.nspname) || '.' || pg_catalog.quote_ident({1})"

_OPERATORS = f"""
SELECT pg_catalog.quote_ident(n.nspname) || '.' || o.oprname,
       pg_catalog.quote_ident(n.nspname), o.oprname::text,
       CASE WHEN o.oprleft = 0 THEN NULL ELSE pg_catalog.format_type(o.oprleft, NULL) END,
       pg_catalog.format_type(o.oprright, NULL), o.oprcode::pg_catalog.regprocedure::text
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE {own_operator("o.oid")} ORDER BY 1, 4, 5"""

_CASTS = f"""
SELECT pg_catalog.format_type(k.castsource, NULL), pg_catalog.format_type(k.casttarget, NULL),
       k.castcontext::text, k.castfunc::pg_catalog.regprocedure::text
FROM pg_catalog.pg_cast k WHERE {own_cast("k")} ORDER BY 1, 2"""

_DOMAINS = f"""
SELECT {_NAME.format("n", "t.typname")}, pg_catalog.format_type(t.typbasetype, t.typtypmod),
       ARRAY(SELECT pg_catalog.pg_get_constraintdef(k.oid) FROM pg_catalog.pg_constraint k
             WHERE k.contypid = t.oid ORDER BY k.conname)
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE t.typtype = 'd' AND {own_type("t.oid")} ORDER BY 1"""

_TRIGGERS = f"""
SELECT {_NAME.format("n", "c.relname")}, t.tgname::text, t.tgenabled::text <> 'D',
       t.tgfoid::pg_catalog.regprocedure::text
FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE NOT t.tgisinternal AND c.relpersistence <> 't'
UNION ALL
SELECT 'database', e.evtname::text, e.evtenabled::text <> 'D',
       e.evtfoid::pg_catalog.regprocedure::text
FROM pg_catalog.pg_event_trigger e ORDER BY 1, 2"""

_RULES = f"""
SELECT {_NAME.format("n", "c.relname")}, r.rulename::text, r.ev_enabled::text <> 'D',
       CASE r.ev_type WHEN '2' THEN 'UPDATE' WHEN '3' THEN 'INSERT' WHEN '4' THEN 'DELETE'
                      ELSE 'SELECT' END
FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class c ON c.oid = r.ev_class
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE r.rulename <> '_RETURN' AND c.oid >= 16384 AND c.relpersistence <> 't' ORDER BY 1, 2"""

_EXPRESSIONS = f"""
SELECT DISTINCT {_NAME.format("n", "c.relname")}, e.what, p.refobjid::pg_catalog.regprocedure::text
FROM (SELECT d.adrelid AS relation, 'DEFAULT or GENERATED of ' || a.attname AS what,
             'pg_catalog.pg_attrdef'::pg_catalog.regclass AS class, d.oid
      FROM pg_catalog.pg_attrdef d
      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
      UNION ALL
      SELECT k.conrelid, 'CHECK ' || k.conname, 'pg_catalog.pg_constraint'::pg_catalog.regclass,
             k.oid
      FROM pg_catalog.pg_constraint k WHERE k.contype = 'c' AND k.conrelid <> 0
      UNION ALL
      SELECT i.indrelid, 'index ' || x.relname, 'pg_catalog.pg_class'::pg_catalog.regclass, x.oid
      FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid
      UNION ALL
      SELECT t.partrelid, 'partition key', 'pg_catalog.pg_class'::pg_catalog.regclass, t.partrelid
      FROM pg_catalog.pg_partitioned_table t
      UNION ALL
      SELECT y.polrelid, 'policy ' || y.polname, 'pg_catalog.pg_policy'::pg_catalog.regclass, y.oid
      FROM pg_catalog.pg_policy y) AS e
JOIN pg_catalog.pg_class c ON c.oid = e.relation AND c.relpersistence <> 't'
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_depend p ON p.classid = e.class AND p.objid = e.oid
  AND p.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
WHERE {own_function("p.refobjid")} ORDER BY 1, 2, 3"""


@dataclass(frozen=True, slots=True)
class Operator:
    """``schema`` and types as SQL writes them; ``left`` None for a prefix operator."""

    name: str
    schema: str
    sign: str
    left: str | None
    right: str
    function: str


@dataclass(frozen=True, slots=True)
class Cast:
    """``context``: ``e`` where it is written, ``a`` on assignment, ``i`` everywhere."""

    source: str
    target: str
    context: str
    function: str


@dataclass(frozen=True, slots=True)
class Domain:
    """``checks`` as ``pg_get_constraintdef`` prints them."""

    name: str
    base: str
    checks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hook:
    """What runs by itself: a trigger, a rule, or an expression of a relation. ``relation`` is as
    SQL writes it, ``database`` for an event trigger; ``runs`` a function, or a rule's event."""

    kind: str
    relation: str
    name: str
    runs: str
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Stock:
    """Everything of the site's own that is code."""

    functions: tuple[Definition, ...]
    operators: tuple[Operator, ...]
    casts: tuple[Cast, ...]
    domains: tuple[Domain, ...]
    hooks: tuple[Hook, ...]


async def take_stock(connection: Connection) -> Stock:
    """Read it, in one snapshot. Any login role may. Raises what the connection raises."""
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        await connection.execute(_PREPARE)
        functions, operators, casts, domains, triggers, rules, expressions = [
            [tuple(row) for row in await connection.fetch(query)]
            for query in (
                FUNCTIONS, _OPERATORS, _CASTS, _DOMAINS, _TRIGGERS, _RULES, _EXPRESSIONS
            )
        ]  # fmt: skip
    finally:
        await connection.execute("ROLLBACK")
    hooks = [_hook("trigger", row) for row in triggers] + [_hook("rule", row) for row in rules]
    hooks += [Hook("expression", str(row[0]), str(row[1]), str(row[2])) for row in expressions]
    return Stock(
        functions=tuple(definitions(functions)),
        operators=tuple(map(_operator, operators)),
        casts=tuple(Cast(str(r[0]), str(r[1]), str(r[2]), str(r[3])) for r in casts),
        domains=tuple(Domain(str(r[0]), str(r[1]), _strings(r[2])) for r in domains),
        hooks=tuple(hooks),
    )


def _operator(row: Row) -> Operator:
    left = None if row[3] is None else str(row[3])
    return Operator(str(row[0]), str(row[1]), str(row[2]), left, str(row[4]), str(row[5]))


def _hook(kind: str, row: Row) -> Hook:
    return Hook(kind, str(row[0]), str(row[1]), str(row[3]), bool(row[2]))


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError("the catalogue query gave no array where one was asked for")
    return tuple(map(str, value))
