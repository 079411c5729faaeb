"""Which rows of a relation a statement can use at all, where that is sure to tell nothing.

A condition such as ``id = 5`` beside others in a WHERE holds for every row that is used. Where it
is leakproof, it may be asked of hidden rows, too: inside a fence it lets the server go by an index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from proxy.statement.choices import Condition
from proxy.statement.facts import Key
from proxy.statement.scope import Level, find_column
from proxy.statement.survey import Survey
from proxy.statement.tree import Body, Json, body_of, items, location, strings, text

_SIGNS = frozenset(("=", "<", "<=", ">", ">="))
"""All of them strict: a row that an outer join made up of NULLs does not pass either."""

Leakproof = Callable[[Json, Level], bool]


def keys_of(survey: Survey, leakproof: Leakproof) -> Mapping[int, tuple[Key, ...]]:
    """By the number of the reference, what its own clause's WHERE demands of its columns."""
    conditions = {
        id(choice.expression): choice for choice in survey.choices if isinstance(choice, Condition)
    }
    out: dict[int, tuple[Key, ...]] = {}
    for reference in survey.references:
        where = conditions.get(id(reference.clause.body.get("whereClause")))
        if where is not None:
            out[reference.number] = tuple(
                key
                for conjunct in _conjuncts(where.expression)
                if (comparison := body_of(conjunct, "A_Expr")) is not None
                if leakproof(conjunct, where.level)
                for key in _keys(comparison, where.level, reference.number)
            )
    return out


def _conjuncts(expression: Json) -> Iterator[Json]:
    conjunction = body_of(expression, "BoolExpr")
    if conjunction is None or text(conjunction, "boolop") != "AND_EXPR":
        yield expression
        return
    for part in items(conjunction, "args"):
        yield from _conjuncts(part)


def _keys(comparison: Body, level: Level, number: int) -> Iterator[Key]:
    reference = body_of(comparison.get("lexpr"), "ColumnRef")
    found = find_column(reference, level) if reference is not None else None
    if found is None or found.column is None or found.sources != {number}:
        return
    match text(comparison, "kind"), strings(items(comparison, "name")):
        case "AEXPR_OP", [sign] if sign in _SIGNS:
            bounds = [(sign, comparison.get("rexpr"))]
        case "AEXPR_BETWEEN", _:
            between = body_of(comparison.get("rexpr"), "List")
            bounds = list(zip((">=", "<="), items(between or {}, "items"), strict=False))
        case _:
            return
    for sign, bound in bounds:
        constant = body_of(bound, "A_Const") or body_of(bound, "ParamRef")
        if constant is not None:
            yield Key(found.column.name, sign, location(constant))
