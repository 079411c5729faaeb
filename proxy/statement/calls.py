"""Where a statement calls functions: each call on its own, with its place in the text."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.statement.tree import Body, Json, body_of, items, location, nodes, strings, text


@dataclass(frozen=True, slots=True)
class Call:
    """One call. ``location`` is the byte its name begins at, ``parts`` how many names that is.

    ``plain``: no more than a name and arguments, where an expression stands, so that another
    expression can take its place; not a function in FROM, an aggregate or one written otherwise.
    """

    schema: str | None
    name: str
    parts: int
    location: int
    node: Body
    plain: bool


def calls(tree: Json) -> tuple[Call, ...]:
    """Every function call in ``tree``, subqueries included."""
    out = []
    in_from: set[int] = set()
    for kind, body in nodes(tree):
        if kind == "RangeFunction":
            in_from.update(map(id, _rows_from(body)))
        elif kind == "FuncCall":
            names = strings(items(body, "funcname"))
            out.append(
                Call(
                    schema=".".join(names[:-1]) or None,
                    name=names[-1] if names else "",
                    parts=len(names),
                    location=location(body),
                    node=body,
                    plain=id(body) not in in_from and _is_plain(body),
                )
            )
    return tuple(out)


def _rows_from(item: Body) -> list[Body]:
    """The functions of a FROM item: each is the first of a list, before its columns' types."""
    lists = (body_of(each, "List") for each in items(item, "functions"))
    first = (items(each, "items")[:1] for each in lists if each is not None)
    found = (body_of(each, "FuncCall") for one in first for each in one)
    return [each for each in found if each is not None]


_PLAIN_FIELDS = frozenset(("funcname", "args", "funcformat", "location"))


def _is_plain(call: Body) -> bool:
    written = text(call, "funcformat") == "COERCE_EXPLICIT_CALL"
    return written and not set(call) - _PLAIN_FIELDS
