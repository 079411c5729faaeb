"""sqlglot's reading of the same text, held against the grammar's.

The grammar is the authority on what the server will do. A second parser that has nothing in common
with it and names the same relations is evidence that the text does not hide one from readers, us
included; one that names others means somebody is being fooled, and the text is refused.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from proxy.statement.facts import SecondOpinion, Written
from proxy.statement.tree import Json, items, nodes, text


def second_opinion(statement: str, tree: Json) -> SecondOpinion:
    """Whether sqlglot finds the relations of ``tree`` in ``statement``: same names, same number.

    Any exception of sqlglot's is silence: it has no opinion on what it cannot read.
    """
    try:
        parsed = sqlglot.parse_one(statement, dialect="postgres")
        found = Counter(
            _written(table) for table in parsed.find_all(exp.Table) if _names_relation(table)
        )
    except (SqlglotError, RecursionError, LookupError, TypeError, ValueError, AttributeError):
        return SecondOpinion.SILENT
    if isinstance(parsed, exp.Command):
        return SecondOpinion.SILENT
    expected = Counter(_relations(tree))
    expected.subtract(
        written
        for kind, body in nodes(tree)
        if kind == "LockingClause"
        for written in _relations(items(body, "lockedRels"))
    )
    return SecondOpinion.AGREES if found == +expected else SecondOpinion.DISAGREES


def _relations(tree: Json) -> Iterator[Written]:
    for kind, body in nodes(tree):
        if kind == "RangeVar":
            yield Written(text(body, "schemaname") or None, text(body, "relname"))


def _names_relation(table: exp.Table) -> bool:
    """Functions in FROM are tables to sqlglot, and so are the names in FOR UPDATE OF."""
    return isinstance(table.this, exp.Identifier) and not isinstance(table.parent, exp.Lock)


def _written(table: exp.Table) -> Written:
    schema = table.args.get("db")
    return Written(_folded(schema) if schema is not None else None, _folded(table.this))


def _folded(identifier: exp.Expression) -> str:
    name = identifier.name
    return name if identifier.args.get("quoted") else _fold(name)


def _fold(name: str) -> str:
    """PostgreSQL folds ASCII letters, and no others, in a UTF-8 database."""
    return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in name)
