"""What the generator knows of the agency's database: columns, keys, and values to ask for."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from tests.world import Database

KINDS = {
    "bigint": "int", "integer": "int", "numeric": "num", "boolean": "bool", "date": "date",
    "character varying": "text", "text": "text", "character": "text",
}  # fmt: skip

# Beside the values of the rows, sealed ones included: what lies at the edge of each type.
EDGES = {
    "int": ("0", "1", "2", "7", "12", "60", "101", "2147483647", "9223372036854775807", "770000"),
    "num": ("0", "1", "0.5", "999999999999.99", "1000.50", "-1"),
    "bool": ("true", "false", "NULL"),
    "date": ("'infinity'", "'2023-01-01'", "'9999-12-31'", "'1910-01-01'", "'2004-02-29'"),
    "text": ("''", "'0'", "'隐秘'", "'CONVICT'", "'01'", "'示'", "'['", r"'\'"),
}
VALUES_MAX = 60


@dataclass(frozen=True, slots=True)
class Column:
    """``kind``: int, num, text, date or bool; ``pool`` SQL literals of values it holds."""

    name: str
    kind: str
    pool: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A relation of the schema ``base``. ``key`` is its primary key, one bigint or char; empty for
    a view."""

    name: str
    columns: tuple[Column, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Tables:
    """``joins``: pairs of (table, column) that hold the same kind of key. ``views`` have no key
    and are only read."""

    tables: tuple[Table, ...]
    views: tuple[Table, ...]
    joins: tuple[tuple[str, str, str, str], ...]

    @property
    def readable(self) -> tuple[Table, ...]:
        """Tables and views."""
        return self.tables + self.views


_COLUMNS = """
SELECT c.table_name::text, c.column_name::text, c.data_type::text, k.column_name::text
FROM information_schema.columns c
JOIN information_schema.tables t USING (table_schema, table_name)
LEFT JOIN (information_schema.table_constraints p
           JOIN information_schema.key_column_usage k USING (constraint_name, table_schema))
  ON p.table_schema = c.table_schema AND p.table_name = c.table_name
     AND p.constraint_type = 'PRIMARY KEY'
WHERE c.table_schema = 'base'
ORDER BY c.table_name, c.ordinal_position"""


def read_tables(database: Database) -> Tables:
    """As they are, with all rows."""
    found: dict[str, list[Column]] = {}
    keys: dict[str, str | None] = {}
    with database.connect() as connection:
        for table, column, data_type, key in connection.execute(_COLUMNS).fetchall():
            keys[table] = key
            pool = _values(connection, table, column)
            kind = KINDS[data_type]
            found.setdefault(table, []).append(Column(column, kind, (*pool, *EDGES[kind])))
    relations = [Table(name, tuple(c), keys[name] or "") for name, c in found.items()]
    tables = tuple(each for each in relations if each.key)
    views = tuple(each for each in relations if not each.key)
    return Tables(tables, views, tuple(_joins(tables + views)))


def _values(connection: psycopg.Connection, table: str, column: str) -> tuple[str, ...]:
    quoted = f"""
        SELECT DISTINCT CASE WHEN v ~ '^[0-9]+$' AND length(v) < 10 AND n THEN v
                             ELSE quote_literal(v) END
        FROM (SELECT {column}::text AS v,
                     pg_typeof({column}) IN ('bigint'::regtype, 'int'::regtype) AS n
              FROM base.{table}) q
        WHERE v IS NOT NULL ORDER BY 1 LIMIT {VALUES_MAX}"""
    return tuple(literal for (literal,) in connection.execute(quoted.encode()).fetchall())


def _joins(tables: tuple[Table, ...]) -> list[tuple[str, str, str, str]]:
    """Columns of the same name, which is how this schema spells its keys."""
    out = []
    for left in tables:
        for right in tables:
            names = {column.name for column in right.columns}
            out += [
                (left.name, column.name, right.name, column.name)
                for column in left.columns
                if column.name in names and column.name in ("case_id", "person_id", "cp_id")
            ]
    out += [
        ("case_file", "parent_case_id", "case_file", "case_id"),
        ("case_file", "org_code", "org", "org_code"),
    ]
    return out
