"""Names of temporary tables, spelt out with their schema."""

from __future__ import annotations

from proxy.names import TEMPORARY_SCHEMA, Span
from proxy.rewrite.edit import Edit
from proxy.rewrite.place import NotFound, index_at
from proxy.rewrite.verify import TreeChanges
from proxy.statement.facts import Facts, Verb
from proxy.statement.grammar import Token
from proxy.statement.temporary import dropped, names_bare
from proxy.statement.tree import body_of, items

_PREFIX = f"{TEMPORARY_SCHEMA}."


def spelt_out(tokens: tuple[Token, ...], facts: Facts, changes: TreeChanges) -> list[Edit]:
    """The edits that make ``pg_temp.t`` of ``t``, noted in ``changes``. Raises `NotFound`."""
    starts = []
    for reference in facts.references:
        if names_bare(reference):
            changes.spelt_out.add(id(reference.node))
            starts.append(tokens[index_at(tokens, reference.location)].start)
    if facts.verb is Verb.TEMPORARY and facts.kind == "DropStmt":
        starts += _in_drop(tokens, facts, changes)
    return [Edit(Span(start, start), _PREFIX) for start in starts]


def _in_drop(tokens: tuple[Token, ...], facts: Facts, changes: TreeChanges) -> list[int]:
    """The tree does not say where the names of a DROP stand: the first behind TABLE or IF EXISTS,
    each of the others behind a comma."""
    inside = [t for t in tokens if facts.span.start <= t.start < facts.span.end]
    first = 4 if inside[2].word == "IF" else 2
    places = [first, *(n + 1 for n, token in enumerate(inside) if token.word == ",")]
    names = list(dropped(facts.body))
    if len(places) != len(names) or places[-1] >= len(inside):
        raise NotFound
    starts = []
    for place, name, listed in zip(places, names, items(facts.body, "objects"), strict=True):
        body = body_of(listed, "List")
        if len(name) == 1 and body is not None:
            changes.dropped.add(id(body))
            starts.append(inside[place].start)
    return starts
