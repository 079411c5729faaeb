"""Statements about tables of the session's own: which make, change and drop them.

A temporary table is in no catalogue of ours, for other sessions do not have it and this one makes
and drops it by the minute. What is known of it is its name. So wherever a statement means one, the
name is sent with its schema (`proxy.rewrite.temporary`): should it not be there after all, the
server finds nothing, and never a lasting table of the same name.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from proxy.names import TEMPORARY_SCHEMA
from proxy.statement.facts import Facts, Reference, Verb
from proxy.statement.grammar import RawStatement
from proxy.statement.tree import Body, body_of, field, items, nodes, strings, text, typed
from proxy.statement.visible import Visible, is_temporary


@dataclass(frozen=True, slots=True)
class MakeTemporary:
    """A temporary table is made; ``dropped_at_end`` of the transaction, for sure."""

    name: str
    dropped_at_end: bool


@dataclass(frozen=True, slots=True)
class DropTemporaries:
    """Temporary tables are dropped: these, or all where ``names`` is None."""

    names: tuple[str, ...] | None


def is_about(raw: RawStatement, visible: Visible) -> bool:
    """Whether the statement makes a temporary table, or changes or drops nothing else."""
    body = raw.body
    match raw.kind:
        case "CreateStmt" | "CreateTableAsStmt" | "SelectStmt":
            return made(raw.kind, body) is not None
        case "DropStmt":
            names = list(dropped(body))
            return text(body, "removeType") == "OBJECT_TABLE" and all(
                _means(name, visible, missing=bool(body.get("missing_ok"))) for name in names
            )
        case "TruncateStmt":
            targets = [body_of(each, "RangeVar") for each in items(body, "relations")]
        case "IndexStmt":
            targets = [field(body, "relation")]
        case "VacuumStmt":
            rels = (body_of(each, "VacuumRelation") for each in items(body, "rels"))
            targets = [each and field(each, "relation") for each in rels]
        case _:
            return False
    return bool(targets) and all(
        target is not None
        and is_temporary(
            visible.resolve(text(target, "schemaname") or None, text(target, "relname"))
        )
        for target in targets
    )


def made(kind: str, body: Body) -> MakeTemporary | None:
    """The temporary table that the statement makes, as far as such statements are served."""
    if kind == "CreateStmt":
        return _make(body, field(body, "relation"), text(body, "oncommit"))
    into = field(body, "into") if kind == "CreateTableAsStmt" else selected_into(body)
    query = typed(body.get("query"))
    if into is None or (kind == "CreateTableAsStmt" and (query or ("",))[0] != "SelectStmt"):
        return None
    return _make(body, field(into, "rel"), text(into, "onCommit"))


def selected_into(select: Body) -> Body | None:
    """The INTO of a SELECT; in a set operation the first of its queries has it."""
    current: Body | None = select
    while current is not None:
        into = field(current, "intoClause")
        if into is not None:
            return into
        current = field(current, "larg")
    return None


def misplaced_into(raw: RawStatement) -> bool:
    """Whether there is an INTO besides that of the statement itself, or its query does not select
    rows: the server refuses the one, and nobody has judged the other."""
    into = [body for kind, body in nodes({raw.kind: raw.body}) if kind == "IntoClause"]
    allowed = field(raw.body, "into") if raw.kind == "CreateTableAsStmt" else None
    if raw.kind == "SelectStmt" and made(raw.kind, raw.body) is not None:
        allowed = selected_into(raw.body)
    return any(body is not allowed for body in into)


def dropped(body: Body) -> Iterator[tuple[str, ...]]:
    """The names of a DROP, each with its schema where that is written."""
    for each in items(body, "objects"):
        yield tuple(strings(items(body_of(each, "List") or {}, "items")))


def names_bare(reference: Reference) -> bool:
    """Whether it is of a temporary table, without the schema."""
    return is_temporary(reference.relation) and reference.written.schema is None


def is_bare(facts: Facts) -> bool:
    """Whether the statement names a temporary table without its schema, other than to make it."""
    if facts.verb is Verb.TEMPORARY and facts.kind == "DropStmt":
        return any(len(name) == 1 for name in dropped(facts.body))
    return any(map(names_bare, facts.references))


def changes(kind: str, body: Body) -> MakeTemporary | DropTemporaries | None:
    """What of the session's temporary tables is there after the statement, and not before, or the
    other way round."""
    if kind == "DropStmt":
        return DropTemporaries(tuple(name[-1] for name in dropped(body)))
    return made(kind, body) if kind in ("CreateStmt", "CreateTableAsStmt", "SelectStmt") else None


def _make(statement: Body, relation: Body | None, on_commit: str) -> MakeTemporary | None:
    if relation is None or relation.get("relpersistence") != "t":
        return None
    if text(relation, "schemaname") not in ("", TEMPORARY_SCHEMA):
        return None
    # One that IF NOT EXISTS finds is as it was.
    dropped_at_end = on_commit == "ONCOMMIT_DROP" and not statement.get("if_not_exists")
    return MakeTemporary(text(relation, "relname"), dropped_at_end)


def _means(name: tuple[str, ...], visible: Visible, *, missing: bool) -> bool:
    """Whether a name to be dropped is that of a temporary table, or, where it may be ``missing``,
    of nothing: scripts drop what they are about to make."""
    if len(name) > 2 or not name:
        return False
    schema = name[0] if len(name) == 2 else None
    relation = visible.resolve(schema, name[-1])
    if relation is None and missing:
        return schema in (None, TEMPORARY_SCHEMA)
    return is_temporary(relation)
