"""What an expression of the law names: relations, columns, and the columns it looks rows up by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Literal

from proxy.names import QualifiedName
from proxy.rewrite.predicate import SELF, expression_tree
from proxy.statement import tree as t
from proxy.statement.tree import Body, Json

_EXPRESSIONS_MAX: Final = 1024


@dataclass(frozen=True, slots=True)
class LookUp:
    """A relation in a subquery; ``keys`` are its columns that are compared with another row's."""

    relation: QualifiedName
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Constant:
    """``cast`` is the type it is cast to, by its last name; None where it is not."""

    kind: Literal["null", "string", "number"]
    value: str = ""
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class Expression:
    """``own_columns`` are those of ``self``, ``columns`` those of relations in subqueries.

    ``constant`` is set where the expression is nothing but one.
    """

    own_columns: frozenset[str]
    columns: frozenset[tuple[QualifiedName, str]]
    look_ups: frozenset[LookUp]
    constant: Constant | None


@lru_cache(maxsize=_EXPRESSIONS_MAX)
def read_expression(sql: str) -> Expression:
    """Read an expression that the policy was loaded with."""
    tree = expression_tree(sql)
    row = _Item(None)
    reader = _Reader([row])
    reader.read(tree, {SELF: row})
    return Expression(
        own_columns=frozenset(row.columns),
        columns=frozenset(
            (item.relation, column)
            for item in reader.items
            if item.relation is not None
            for column in item.columns
        ),
        look_ups=frozenset(
            LookUp(item.relation, frozenset(item.keys))
            for item in reader.items
            if item.relation is not None
        ),
        constant=_constant(tree),
    )


def relations_of(tree: Json) -> Iterator[tuple[str, QualifiedName]]:
    """Each relation in FROM, at any level, with the name it goes by there."""
    for kind, body in t.nodes(tree):
        if kind == "RangeVar":
            yield _refname(body), _relation(body)


@dataclass(slots=True)
class _Item:
    """One thing in a FROM clause; ``relation`` None for ``self``, subqueries and functions."""

    relation: QualifiedName | None
    columns: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)


_Scope = Mapping[str, _Item]


@dataclass(frozen=True, slots=True)
class _Reader:
    items: list[_Item]

    def read(self, value: Json, scope: _Scope) -> None:
        if isinstance(value, list):
            for element in value:
                self.read(element, scope)
            return
        if not isinstance(value, dict):
            return
        node = t.typed(value)
        kind, body = node if node is not None else ("", value)
        match kind:
            case "SelectStmt":
                scope = {**scope, **self._from_clause(body)}
            case "ColumnRef":
                _resolved(value, scope)
            case "A_Expr" if t.strings(t.items(body, "name")) == ["="]:
                _note_keys(body, scope)
            case _:
                pass
        for inner in body.values():
            self.read(inner, scope)

    def _from_clause(self, select: Body) -> dict[str, _Item]:
        """The names that a SELECT's own FROM defines."""
        out: dict[str, _Item] = {}
        waiting = t.items(select, "fromClause").copy()
        while waiting:
            node = t.typed(waiting.pop())
            if node is None:
                continue
            kind, body = node
            if kind == "JoinExpr":
                waiting += [body.get("larg"), body.get("rarg")]
            else:
                item = _Item(_relation(body) if kind == "RangeVar" else None)
                out[_refname(body)] = item
                self.items.append(item)
        return out


def _note_keys(comparison: Body, scope: _Scope) -> None:
    left = _resolved(comparison.get("lexpr"), scope)
    right = _resolved(comparison.get("rexpr"), scope)
    if left is not None and right is not None and left[0] is not right[0]:
        for item, column in (left, right):
            item.keys.add(column)


def _resolved(value: Json, scope: _Scope) -> tuple[_Item, str] | None:
    """Whose column it is, noting that it is read."""
    reference = t.body_of(value, "ColumnRef")
    parts = t.strings(t.items(reference, "fields")) if reference is not None else []
    item = scope.get(parts[0]) if len(parts) == 2 else None
    if item is None:
        return None
    item.columns.add(parts[1])
    return item, parts[1]


def _refname(body: Body) -> str:
    alias = t.field(body, "alias")
    return t.text(alias, "aliasname") if alias is not None else t.text(body, "relname")


def _relation(body: Body) -> QualifiedName:
    return QualifiedName(t.text(body, "schemaname"), t.text(body, "relname"))


def _constant(tree: Json) -> Constant | None:
    node = t.typed(tree)
    if node is None:
        return None
    kind, body = node
    if kind == "TypeCast":
        inner = _constant(body.get("arg"))
        names = t.strings(t.items(t.field(body, "typeName") or {}, "names"))
        return Constant(inner.kind, inner.value, names[-1]) if inner and names else None
    if kind != "A_Const":
        return None
    if body.get("isnull"):
        return Constant("null")
    string = t.field(body, "sval")
    if string is not None:
        return Constant("string", t.text(string, "sval"))
    return Constant("number") if "ival" in body or "fval" in body else None
