"""A call that must not run: it stays in the text, in a branch that is never taken.

``pg_table_size(x)`` becomes ``(CASE WHEN true THEN NULL ELSE pg_table_size(x) END)``. That has the
call's type, and its name as a column (``FigureColname``), and stands wherever the call could. The
planner drops the branch without looking at it, and whatever it leaves to be run takes the first. A
subquery that gives no row would not do: with ``count(*)`` among the arguments it gives one.
"""

from __future__ import annotations

from proxy.names import Span
from proxy.rewrite.edit import Edit
from proxy.rewrite.place import call_place
from proxy.rewrite.verify import TreeChanges
from proxy.statement.calls import Call
from proxy.statement.grammar import Token

_HEAD, _TAIL = "(CASE WHEN true THEN NULL ELSE ", " END)"


def withhold(tokens: tuple[Token, ...], call: Call, changes: TreeChanges) -> list[Edit]:
    """The edits for one call, noted in ``changes``. Raises `proxy.rewrite.place.NotFound`.

    In the order of edits at the same byte what is added to a WHERE comes around them, for the tail
    begins with a space and the head does not.
    """
    place = call_place(tokens, call.location, call.parts)
    changes.withheld.add(id(call.node))
    return [
        Edit(Span(place.start, place.start), _HEAD),
        Edit(Span(place.end, place.end), _TAIL),
    ]
