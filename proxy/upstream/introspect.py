"""The live database to a `Catalogue`: a handful of queries on the system catalogues.

Any login role may run them; no privilege on the agency's tables is needed. Every function is named
with its schema and the session's search_path is emptied first, so that no object of the site's can
stand in for a built-in.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Protocol

from proxy.names import QualifiedName
from proxy.statement.catalogue import (
    Catalogue,
    Column,
    Event,
    OperatorSignature,
    Relation,
    RelationKind,
    TypeKind,
)
from proxy.upstream.extensions import (
    own_cast,
    own_function,
    own_operator,
    own_operator_class,
    own_type,
)
from proxy.upstream.functions import FUNCTIONS, definitions, user_functions

Row = Sequence[object]


class Connection(Protocol):
    """The part of `asyncpg.Connection` that is used."""

    async def fetch(self, query: str) -> list[Row]:
        """Run a query and give its rows."""
        ...

    async def execute(self, query: str) -> str:
        """Run a statement."""
        ...


_PREPARE = "SET search_path = ''"

_SCHEMAS = """
SELECT n.nspname::text FROM pg_catalog.pg_namespace n
WHERE n.nspname !~ '^pg_(toast|temp|toast_temp)' ORDER BY 1"""

_RELATIONS = f"""
SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text,
       ARRAY(SELECT e.name
             FROM (VALUES ('insert', 4, '3'), ('update', 16, '2'), ('delete', 8, '4'))
               AS e (name, bit, rule)
             WHERE EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
                           WHERE t.tgrelid = c.oid AND NOT t.tgisinternal
                             AND t.tgtype & e.bit <> 0)
                OR EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r
                           WHERE r.ev_class = c.oid AND r.ev_type::text = e.rule
                             AND r.rulename <> '_RETURN')
                OR e.name <> 'delete' AND EXISTS (
                  SELECT 1
                  FROM (SELECT 'pg_catalog.pg_attrdef'::pg_catalog.regclass, d.oid
                        FROM pg_catalog.pg_attrdef d WHERE d.adrelid = c.oid
                        UNION ALL
                        SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
                        FROM pg_catalog.pg_constraint k
                        WHERE k.conrelid = c.oid AND k.contype = 'c'
                        UNION ALL
                        SELECT 'pg_catalog.pg_constraint'::pg_catalog.regclass, k.oid
                        FROM pg_catalog.pg_attribute a
                        JOIN pg_catalog.pg_constraint k ON k.contypid = a.atttypid
                        WHERE a.attrelid = c.oid AND NOT a.attisdropped
                        UNION ALL
                        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, i.indexrelid
                        FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid
                        UNION ALL
                        SELECT 'pg_catalog.pg_class'::pg_catalog.regclass, c.oid
                        WHERE c.relkind = 'p')
                    AS x (class, oid)
                  JOIN pg_catalog.pg_depend p ON p.classid = x.class AND p.objid = x.oid
                  WHERE p.refclassid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    AND {own_function("p.refobjid")}
                     OR p.refclassid = 'pg_catalog.pg_operator'::pg_catalog.regclass
                    AND {own_operator("p.refobjid")}
                     OR p.refclassid = 'pg_catalog.pg_opclass'::pg_catalog.regclass
                    AND {own_operator_class("p.refobjid")})
             ORDER BY 1),
       EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a
               JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
               JOIN pg_catalog.pg_cast k
                 ON k.castsource IN (t.oid, t.typbasetype, t.typelem)
                    AND (k.castsource >= 16384 OR k.casttarget < 16384)
                 OR k.casttarget IN (t.oid, t.typbasetype, t.typelem) AND k.casttarget >= 16384
               WHERE a.attrelid = c.oid AND NOT a.attisdropped AND {own_cast("k")}),
       CASE WHEN c.relkind = 'v' AND c.oid >= 16384
            THEN pg_catalog.pg_get_viewdef(c.oid, false) END
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_(toast|temp|toast_temp)'
  AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S', 'i', 'I', 'c') ORDER BY 1"""

_COLUMNS = """
SELECT a.attrelid::bigint, a.attname::text, a.atttypid::bigint, tn.nspname::text,
       t.typname::text, a.attnotnull, pg_catalog.format_type(a.atttypid, a.atttypmod),
       a.attgenerated::text <> ''
FROM pg_catalog.pg_attribute a
JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
WHERE a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
  AND n.nspname !~ '^pg_(toast|temp|toast_temp)'
ORDER BY a.attrelid, a.attnum"""

_PRIMARY_KEYS = """
SELECT i.indrelid::bigint, a.attname::text
FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
WHERE i.indisprimary ORDER BY i.indrelid, a.attnum"""

_INHERITANCE = """
SELECT h.inhrelid::bigint, h.inhparent::bigint FROM pg_catalog.pg_inherits h
ORDER BY 1, 2"""

_REFERENCES = """
SELECT k.conrelid::bigint, k.confrelid::bigint FROM pg_catalog.pg_constraint k
WHERE k.contype = 'f' ORDER BY 1, 2"""

_READS = """
SELECT DISTINCT r.ev_class::bigint, d.refobjid::bigint
FROM pg_catalog.pg_rewrite r
JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
  AND d.objid = r.oid AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
WHERE r.rulename = '_RETURN' AND d.refobjid <> r.ev_class ORDER BY 1, 2"""

# One row per column; an index with a condition or an expression in it serves no plain look-up.
_INDEXES = """
SELECT i.indrelid::bigint, i.indexrelid::bigint, a.attname::text
FROM pg_catalog.pg_index i
CROSS JOIN LATERAL pg_catalog.unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, place)
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
WHERE i.indisvalid AND i.indpred IS NULL AND i.indexprs IS NULL AND k.place <= i.indnkeyatts
ORDER BY i.indrelid, i.indexrelid, k.place"""

# What takes or gives "internal" cannot be called from SQL.
_BUILTINS = f"""
SELECT DISTINCT p.proname::text FROM pg_catalog.pg_proc p
WHERE NOT {own_function("p.oid")}
  AND 'pg_catalog.internal'::pg_catalog.regtype::oid <> ALL (p.proargtypes) ORDER BY 1"""

_EXTENSION_FUNCTIONS = f"""
SELECT DISTINCT n.nspname::text, p.proname::text
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND NOT {own_function("p.oid")}
ORDER BY 1, 2"""

_OPERATORS = f"""
SELECT DISTINCT n.nspname::text, o.oprname::text
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE {own_operator("o.oid")} ORDER BY 1, 2"""

# Types with code of their own, and those with one of them inside: a cast to either runs it.
_TYPES = f"""
WITH RECURSIVE code (oid) AS (
  SELECT t.oid FROM pg_catalog.pg_type t
  WHERE {own_type("t.oid")} AND (t.typtype = 'b' AND t.typelem = 0 OR t.typtype IN ('d', 'p'))
  UNION
  SELECT t.oid FROM code x JOIN pg_catalog.pg_type t
    ON t.typelem = x.oid OR t.typbasetype = x.oid
    OR EXISTS (SELECT 1 FROM pg_catalog.pg_range r
               WHERE t.oid IN (r.rngtypid, r.rngmultitypid) AND r.rngsubtype = x.oid)
    OR EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a
               WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
                 AND a.atttypid = x.oid))
SELECT n.nspname::text, t.typname::text,
       CASE WHEN t.typtype <> 'd' AND EXISTS (SELECT 1 FROM code x WHERE x.oid = t.oid)
            THEN 'b' ELSE t.typtype::text END
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname !~ '^pg_(toast|temp|toast_temp)' AND t.typelem = 0 AND {own_type("t.oid")}
ORDER BY 1, 2"""

_BUILTIN_TYPES = f"""
SELECT DISTINCT t.typname::text
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname !~ '^pg_(toast|temp|toast_temp)' AND NOT {own_type("t.oid")} ORDER BY 1"""

_OWN_CASTS = f"""
SELECT 1 FROM pg_catalog.pg_cast k WHERE {own_cast("k")} LIMIT 1"""

_LEAKPROOF = """
SELECT o.oprname::text, o.oprleft::bigint, o.oprright::bigint
FROM pg_catalog.pg_operator o
JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE p.proleakproof AND n.nspname = 'pg_catalog' AND o.oid < 16384 ORDER BY 1, 2, 3"""

_QUERIES = (
    _SCHEMAS, _RELATIONS, _COLUMNS, _PRIMARY_KEYS, _INHERITANCE, _REFERENCES, _READS, _INDEXES,
    FUNCTIONS, _BUILTINS, _EXTENSION_FUNCTIONS, _OPERATORS, _TYPES, _BUILTIN_TYPES, _OWN_CASTS,
    _LEAKPROOF,
)  # fmt: skip
_HANGING = slice(_QUERIES.index(_COLUMNS), _QUERIES.index(_INDEXES) + 1)
"""The queries whose first column is the relation that a row belongs to."""


# Which rows there are and who wrote them last (xmin), of everything the queries above read. Objects
# of sessions (temporary ones) are left out: they come and go, and are in no catalogue of ours.
_OF_LASTING_RELATION = "JOIN pg_catalog.pg_class c ON c.relpersistence <> 't' AND c.oid ="
_IN_LASTING_SCHEMA = (
    "JOIN pg_catalog.pg_namespace n ON n.nspname !~ '^pg_(toast_)?temp' AND n.oid ="
)
_FINGERPRINT = " UNION ALL ".join(
    "SELECT pg_catalog.count(*), pg_catalog.sum(x.xmin::text::bigint),"
    f" pg_catalog.max(x.xmin::text::bigint) FROM pg_catalog.{source}"
    for source in (
        f"pg_class x {_OF_LASTING_RELATION} x.oid",
        f"pg_attribute x {_OF_LASTING_RELATION} x.attrelid",
        f"pg_index x {_OF_LASTING_RELATION} x.indexrelid",
        f"pg_constraint x {_OF_LASTING_RELATION} x.conrelid",
        f"pg_inherits x {_OF_LASTING_RELATION} x.inhrelid",
        f"pg_rewrite x {_OF_LASTING_RELATION} x.ev_class",
        f"pg_trigger x {_OF_LASTING_RELATION} x.tgrelid",
        f"pg_namespace x {_IN_LASTING_SCHEMA} x.oid",
        f"pg_type x {_IN_LASTING_SCHEMA} x.typnamespace",
        "pg_operator x", "pg_proc x", "pg_extension x",
    )
)  # fmt: skip


async def fingerprint(connection: Connection) -> tuple[Row, ...]:
    """A value that differs after any change of the catalogues `introspect` reads.

    Some milliseconds, where `introspect` takes many. That it differs does not mean that the
    catalogue does: its ``version`` says that. Raises what the connection raises.
    """
    return tuple(tuple(row) for row in await connection.fetch(_FINGERPRINT))


async def introspect(connection: Connection, database: str) -> Catalogue:
    """Read the catalogue, in one snapshot. Raises what the connection raises."""
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        await connection.execute(_PREPARE.replace("SET", "SET LOCAL"))
        tables = [await connection.fetch(query) for query in _QUERIES]
    finally:
        await connection.execute("ROLLBACK")
    return _catalogue(database, [[tuple(row) for row in table] for table in tables])


def _catalogue(database: str, tables: list[list[Row]]) -> Catalogue:
    relations = tables[1]
    names = {_int(row[0]): QualifiedName(str(row[1]), str(row[2])) for row in relations}
    # What hangs on a session's own relations is as little in the catalogue as they are.
    tables[_HANGING] = [[row for row in rows if row[0] in names] for rows in tables[_HANGING]]
    (schemas, relations, columns, keys, inheritance, references, reads, indexes, functions,
     builtins, extensions, operators, types, builtin_types, casts, leakproof) = tables  # fmt: skip
    digest = hashlib.sha256(json.dumps(tables, ensure_ascii=False).encode()).hexdigest()
    columns_of = _grouped(columns)
    keys_of, parents_of = _grouped(keys), _grouped(inheritance)
    children_of = _grouped((row[1], row[0]) for row in inheritance)
    references_of, reads_of, indexes_of = map(_grouped, (references, reads, indexes))

    views = {names[_int(row[0])]: str(row[6]) for row in relations if row[6] is not None}

    def named(rows: Iterable[Row]) -> tuple[QualifiedName, ...]:
        return tuple(dict.fromkeys(names[_int(r[1])] for r in rows if _int(r[1]) in names))

    return Catalogue(
        database=database,
        version=digest,
        relations={
            names[oid]: Relation(
                name=names[oid],
                oid=oid,
                kind=RelationKind(row[3]),
                columns=tuple(_column(r) for r in columns_of[oid]),
                primary_key=tuple(str(r[1]) for r in keys_of[oid]),
                parents=named(parents_of[oid]),
                children=named(children_of[oid]),
                references=named(references_of[oid]),
                reads=named(reads_of[oid]),
                indexes=_index_columns(indexes_of[oid]),
                own_code=frozenset(map(Event, _strings(row[4]))),
                has_own_casts=bool(row[5]),
                definition=str(row[6] or ""),
            )
            for row in relations
            for oid in (_int(row[0]),)
        },
        user_functions=user_functions(definitions(functions), views),
        builtin_functions=frozenset(str(row[0]) for row in builtins),
        extension_functions=frozenset(QualifiedName(str(r[0]), str(r[1])) for r in extensions),
        user_operators=frozenset(QualifiedName(str(r[0]), str(r[1])) for r in operators),
        user_types={QualifiedName(str(r[0]), str(r[1])): TypeKind(r[2]) for r in types},
        builtin_types=frozenset(str(row[0]) for row in builtin_types),
        has_own_casts=bool(casts),
        leakproof=frozenset(
            OperatorSignature(str(r[0]), _int(r[1]), _int(r[2])) for r in leakproof
        ),
        schemas=frozenset(str(row[0]) for row in schemas),
    )


def _column(row: Row) -> Column:
    return Column(
        name=str(row[1]),
        type_oid=_int(row[2]),
        type_name=QualifiedName(str(row[3]), str(row[4])),
        not_null=bool(row[5]),
        type_text=str(row[6]),
        generated=bool(row[7]),
    )


def _index_columns(rows: list[Row]) -> tuple[tuple[str, ...], ...]:
    columns: dict[object, list[str]] = {}
    for _, index, name in rows:
        columns.setdefault(index, []).append(str(name))
    return tuple(map(tuple, columns.values()))


def _grouped(rows: Iterable[Row]) -> defaultdict[int, list[Row]]:
    out: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        out[_int(row[0])].append(row)
    return out


def _strings(value: object) -> list[str]:
    if not isinstance(value, list):
        raise TypeError("the catalogue query gave no array where one was asked for")
    return [str(each) for each in value]


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("the catalogue query gave no integer where one was asked for")
    return value
