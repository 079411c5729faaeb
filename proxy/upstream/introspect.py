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
    OperatorSignature,
    Relation,
    RelationKind,
    TypeKind,
)

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

_RELATIONS = """
SELECT c.oid::bigint, n.nspname::text, c.relname::text, c.relkind::text,
       EXISTS (SELECT 1 FROM pg_catalog.pg_trigger t
               WHERE t.tgrelid = c.oid AND NOT t.tgisinternal),
       EXISTS (SELECT 1 FROM pg_catalog.pg_rewrite r
               WHERE r.ev_class = c.oid AND r.rulename <> '_RETURN')
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname !~ '^pg_(toast|temp|toast_temp)' AND c.relkind <> 't' ORDER BY 1"""

_COLUMNS = """
SELECT a.attrelid::bigint, a.attname::text, a.atttypid::bigint, tn.nspname::text,
       t.typname::text, a.attnotnull, pg_catalog.format_type(a.atttypid, a.atttypmod)
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

_FUNCTIONS = """
SELECT DISTINCT n.nspname::text, p.proname::text
FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1, 2"""

_OPERATORS = """
SELECT DISTINCT n.nspname::text, o.oprname::text
FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE n.nspname <> 'pg_catalog' ORDER BY 1, 2"""

_TYPES = """
SELECT n.nspname::text, t.typname::text, t.typtype::text
FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
WHERE n.nspname <> 'pg_catalog' AND n.nspname !~ '^pg_(toast|temp|toast_temp)'
  AND t.typelem = 0 ORDER BY 1, 2"""

_LEAKPROOF = """
SELECT o.oprname::text, o.oprleft::bigint, o.oprright::bigint
FROM pg_catalog.pg_operator o
JOIN pg_catalog.pg_proc p ON p.oid = o.oprcode
JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace
WHERE p.proleakproof AND n.nspname = 'pg_catalog' ORDER BY 1, 2, 3"""

_QUERIES = (
    _SCHEMAS, _RELATIONS, _COLUMNS, _PRIMARY_KEYS, _INHERITANCE, _REFERENCES, _FUNCTIONS,
    _OPERATORS, _TYPES, _LEAKPROOF,
)  # fmt: skip


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
    (schemas, relations, columns, keys, inheritance, references, functions, operators, types,
     leakproof) = tables  # fmt: skip
    digest = hashlib.sha256(json.dumps(tables, ensure_ascii=False).encode()).hexdigest()
    names = {_int(row[0]): QualifiedName(str(row[1]), str(row[2])) for row in relations}
    columns_of = _grouped(columns)
    keys_of, parents_of = _grouped(keys), _grouped(inheritance)
    children_of = _grouped((row[1], row[0]) for row in inheritance)
    references_of = _grouped(references)

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
                has_triggers=bool(row[4]),
                has_rules=bool(row[5]),
            )
            for row in relations
            for oid in (_int(row[0]),)
        },
        user_functions=frozenset(QualifiedName(str(r[0]), str(r[1])) for r in functions),
        user_operators=frozenset(QualifiedName(str(r[0]), str(r[1])) for r in operators),
        user_types={QualifiedName(str(r[0]), str(r[1])): TypeKind(r[2]) for r in types},
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
    )


def _grouped(rows: Iterable[Row]) -> defaultdict[int, list[Row]]:
    out: defaultdict[int, list[Row]] = defaultdict(list)
    for row in rows:
        out[_int(row[0])].append(row)
    return out


def _int(value: object) -> int:
    if not isinstance(value, int):
        raise TypeError("the catalogue query gave no integer where one was asked for")
    return value
