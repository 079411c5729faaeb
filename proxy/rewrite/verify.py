"""The edited text must mean what was wanted: the same obligations applied to the parse tree.

Two roads to the rewritten statement, one through bytes and one through the tree, have to meet. The
grammar parses the edited text again; if its tree is not the original tree with exactly our changes
in it, something was spliced where it does not belong, and the statement is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from proxy.names import TEMPORARY_SCHEMA
from proxy.rewrite.edit import Edit, apply_edits
from proxy.rewrite.narrow import CannotNarrow
from proxy.statement.analyse import Analysis
from proxy.statement.grammar import NotUnderstood, parse_tree
from proxy.statement.tree import Body, Json, items, same_but_for_locations


@dataclass(slots=True)
class TreeChanges:
    """What is wanted, keyed by ``id`` of the bodies in the original tree.

    ``replacements``: a RangeVar's body by a RangeSubselect node (without the alias).
    ``shortened``: the ColumnRefs that lose the first of their names, a schema.
    ``filters``: a clause's body by the conditions to be added to its WHERE.
    ``guards``: a clause's body by the condition its WHERE is wrapped in; filters go around that.
    ``copies``: a COPY by the query in its relation's place.
    ``spelt_out``: the RangeVars that get the schema of temporary tables; ``dropped``: the names,
    lists of strings, that do.
    ``withheld``: the FuncCalls that become the branch of a CASE that is never taken.
    """

    replacements: dict[int, Json] = field(default_factory=dict)
    shortened: set[int] = field(default_factory=set)
    filters: dict[int, list[Json]] = field(default_factory=dict)
    guards: dict[int, Json] = field(default_factory=dict)
    copies: dict[int, Json] = field(default_factory=dict)
    spelt_out: set[int] = field(default_factory=set)
    dropped: set[int] = field(default_factory=set)
    withheld: set[int] = field(default_factory=set)


def verify(analysis: Analysis, edits: Sequence[Edit], changes: TreeChanges) -> None:
    """Raises `CannotNarrow` unless the edited text is the analysed one with ``changes`` in it."""
    try:
        edited = roots(parse_tree(apply_edits(analysis.encoded, edits).decode("utf-8")))
    except NotUnderstood:
        edited = []
    wanted: list[Json] = [{facts.kind: facts.body} for facts in analysis.statements]
    if len(wanted) != len(edited) or not all(
        same_meaning(w, changes, e) for w, e in zip(wanted, edited, strict=True)
    ):
        raise CannotNarrow("the statement is written in a way that cannot be filtered")


def same_meaning(original: Json, changes: TreeChanges, edited: Json) -> bool:
    """Whether ``edited`` is ``original`` with the changes and nothing else."""
    return same_but_for_locations(_changed(original, changes), edited)


def _changed(value: Json, changes: TreeChanges) -> Json:
    if isinstance(value, list):
        return [_changed(element, changes) for element in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((kind, body),) = value.items()
        if kind == "RangeVar" and isinstance(body, dict) and id(body) in changes.replacements:
            return _replaced(body, changes.replacements[id(body)])
        if kind == "FuncCall" and id(body) in changes.withheld:
            return _withheld({kind: _changed(body, changes)})
    out = {key: _changed(inner, changes) for key, inner in value.items()}
    if id(value) in changes.shortened:
        out["fields"] = items(value, "fields")[1:]
    if id(value) in changes.spelt_out:
        out["schemaname"] = TEMPORARY_SCHEMA
    if id(value) in changes.dropped:
        out["items"] = [{"String": {"sval": TEMPORARY_SCHEMA}}, *items(value, "items")]
    if id(value) in changes.copies:
        kept = {key: inner for key, inner in out.items() if key not in ("relation", "attlist")}
        return {**kept, "query": changes.copies[id(value)]}
    if id(value) in changes.guards:
        out["whereClause"] = _guarded(changes.guards[id(value)], out.get("whereClause"))
    if id(value) in changes.filters:
        out["whereClause"] = _conjunction(changes.filters[id(value)], out.get("whereClause"))
    return out


def _replaced(body: Body, subselect: Json) -> Json:
    alias: Json = body.get("alias") or {"aliasname": body.get("relname")}
    inner = subselect.get("RangeSubselect") if isinstance(subselect, dict) else None
    kept: Mapping[str, Json] = inner if isinstance(inner, dict) else {}
    return {"RangeSubselect": {**kept, "alias": alias}}


def _conjunction(conditions: Sequence[Json], existing: Json) -> Json:
    """As the grammar builds it: ``a AND b AND (c)`` is one BoolExpr over all of them."""
    arguments = [*conditions, *([] if existing is None else [existing])]
    if len(arguments) == 1:
        return arguments[0]
    return {"BoolExpr": {"boolop": "AND_EXPR", "args": list(arguments)}}


def _guarded(condition: Json, existing: Json) -> Json:
    if existing is None:
        return condition
    when: Json = {"CaseWhen": {"expr": condition, "result": existing}}
    otherwise: Json = {"A_Const": {"boolval": {}}}
    return {"CaseExpr": {"args": [when], "defresult": otherwise}}


def _withheld(call: Json) -> Json:
    always: Json = {"A_Const": {"boolval": {"boolval": True}}}
    when: Json = {"CaseWhen": {"expr": always, "result": {"A_Const": {"isnull": True}}}}
    return {"CaseExpr": {"args": [when], "defresult": call}}


def roots(statements: list[Json]) -> list[Json]:
    """The root nodes of a parsed text, empty statements left out."""
    out = []
    for statement in statements:
        if isinstance(statement, dict) and statement.get("stmt"):
            out.append(statement["stmt"])
    return out
