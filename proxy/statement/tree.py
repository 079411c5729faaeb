"""The parse tree of the server's grammar, as libpg_query prints it: JSON, one key per node kind.

A node is ``{"SelectStmt": {...}}``; its body maps field names to values, lists and further nodes.
Everything that walks a tree goes through this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import repeat
from typing import Final, TypeAlias

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Body: TypeAlias = "dict[str, Json]"
Node: TypeAlias = tuple[str, Body]
"""The kind and the body."""

# Fields whose value is a bare body, without the kind in front (libpg_query knows the type).
BARE_FIELDS: dict[str, str] = {
    "alias": "Alias",
    "relation": "RangeVar",
    "withClause": "WithClause",
    "larg": "SelectStmt",
    "rarg": "SelectStmt",
    "typeName": "TypeName",
    "over": "WindowDef",
    "onConflictClause": "OnConflictClause",
    "infer": "InferClause",
    "into": "IntoClause",
    "intoClause": "IntoClause",
    "rel": "RangeVar",
    "collClause": "CollateClause",
    "join_using_alias": "Alias",
    "search_clause": "CTESearchClause",
    "cycle_clause": "CTECycleClause",
    "ival": "Integer",
    "fval": "Float",
    "sval": "String",
    "bsval": "BitString",
    "boolval": "Boolean",
}

_HOLDS_NODES: Final = (dict, list)


def typed(value: Json) -> tuple[str, Body] | None:
    """``(kind, body)`` of a node with its kind in front, else None."""
    if isinstance(value, dict) and len(value) == 1:
        ((kind, body),) = value.items()
        if kind[:1].isupper() and isinstance(body, dict):
            return kind, body
    return None


def body_of(value: Json, kind: str) -> Body | None:
    """The body of ``value`` where it is a node of that kind."""
    node = typed(value)
    return node[1] if node is not None and node[0] == kind else None


def field(body: Body, name: str) -> Body | None:
    """A field holding a body (bare) or a node; None where absent."""
    value = body.get(name)
    return value if isinstance(value, dict) else None


def items(body: Body, name: str) -> list[Json]:
    """A list field, empty where absent."""
    value = body.get(name)
    return value if isinstance(value, list) else []


def text(body: Body, name: str) -> str:
    """A string field, empty where absent (libpg_query leaves out empty strings)."""
    value = body.get(name)
    return value if isinstance(value, str) else ""


def location(body: Body) -> int:
    """Byte offset of the node; libpg_query leaves out 0."""
    value = body.get("location")
    return value if isinstance(value, int) else 0


def strings(values: list[Json]) -> list[str]:
    """The texts of a list of String nodes (a dotted name); ``A_Star`` reads ``*``."""
    out = []
    for value in values:
        node = typed(value)
        if node is None:
            continue
        kind, body = node
        if kind == "String":
            out.append(text(body, "sval"))
        elif kind == "A_Star":
            out.append("*")
    return out


def nodes(value: Json, field_name: str = "") -> Iterator[tuple[str, Body]]:
    """Every node below and including ``value``, parents first, bare bodies under their kind."""
    stack: list[tuple[str, Json]] = [(field_name, value)]
    while stack:
        name, current = stack.pop()
        if isinstance(current, list):
            for element in reversed(current):
                if isinstance(element, _HOLDS_NODES):
                    stack.append((name, element))
            continue
        if not isinstance(current, dict):
            continue
        node = typed(current)
        if node is None:
            kind = BARE_FIELDS.get(name, f"?{name}") if current or name in BARE_FIELDS else "?"
            body = current
        else:
            kind, body = node
        yield kind, body
        for key in reversed(body):
            inner = body[key]
            if isinstance(inner, _HOLDS_NODES):
                stack.append((key, inner))


def outside_subqueries(value: Json) -> Iterator[tuple[str, Body]]:
    """Every typed node of an expression, without what is inside a SubLink's SELECT."""
    stack = [value]
    while stack:
        current = stack.pop()
        if isinstance(current, list):
            stack.extend(current)
        elif isinstance(current, dict):
            node = typed(current)
            if node is not None:
                yield node
            if node is None or node[0] != "SubLink":
                stack.extend(current.values())
            else:
                stack.append(node[1].get("testexpr"))


def same_but_for_locations(one: Json, other: Json) -> bool:
    """Whether two trees mean the same; byte offsets are of the text alone."""
    return _same(one, other, frozenset())


def same_but_for_constants(one: Json, other: Json) -> bool:
    """Whether they differ in nothing but constants."""
    return _same(one, other, _CONSTANTS)


def _same(one: Json, other: Json, unlike: frozenset[str]) -> bool:
    """It goes no deeper than ``one``. ``unlike``: keys whose values are not looked at."""
    if isinstance(one, dict):
        if not isinstance(other, dict):
            return False
        for key, inner in one.items():
            if key in _POSITIONS:
                continue
            if key not in other:
                return False
            if key in unlike:
                continue
            if isinstance(inner, _HOLDS_NODES):
                if not _same(inner, other[key], unlike):
                    return False
            elif inner != other[key]:
                return False
        return other.keys() <= one.keys() or other.keys() - one.keys() <= _POSITIONS
    if isinstance(one, list):
        if not isinstance(other, list) or len(one) != len(other):
            return False
        return all(map(_same, one, other, repeat(unlike)))
    return one == other


_CONSTANTS = frozenset({"A_Const"})
_POSITIONS = frozenset(
    {
        "location", "stmt_location", "stmt_len", "list_start", "list_end", "rexpr_list_start",
        "rexpr_list_end", "name_location", "name_location_end",
    }
)  # fmt: skip
