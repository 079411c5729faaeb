"""A subquery in a relation's place has no schema: its columns lose theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set

from proxy.names import QualifiedName
from proxy.rewrite.edit import Edit
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.place import schema_place
from proxy.rewrite.verify import TreeChanges
from proxy.statement.analyse import Analysis
from proxy.statement.facts import Facts
from proxy.statement.tree import Json, items, location, nodes, strings, text


def shorten(analysis: Analysis, replaced: Set[QualifiedName], changes: TreeChanges) -> list[Edit]:
    """The edits that make ``person.name`` of ``base.person.name``, noted in ``changes``, for the
    relations in ``replaced``.

    That finds the same, wherever it stands, if nothing else in the statement goes by that name.
    Raises `CannotNarrow` where something does.
    """
    edits: list[Edit] = []
    for facts in analysis.statements if replaced else ():
        tree: Json = {facts.kind: facts.body}
        meant: Counter[QualifiedName] = Counter(
            reference.relation.name
            for reference in facts.references
            if reference.relation is not None and not reference.aliased
        )
        named = _names_before_a_dot(facts, tree)
        for kind, body in nodes(tree):
            names = strings(items(body, "fields")) if kind == "ColumnRef" else []
            if len(names) != 3 or QualifiedName(names[0], names[1]) not in replaced:
                continue
            if named[names[1]] > meant[QualifiedName(names[0], names[1])]:
                raise CannotNarrow("give every relation of the statement an alias of its own")
            changes.shortened.add(id(body))
            edits.append(Edit(schema_place(analysis.tokens, location(body)), ""))
    return edits


def _names_before_a_dot(facts: Facts, tree: Json) -> Counter[str]:
    """How often each is given to something: relations, aliases, WITH queries, functions in FROM."""
    named = Counter(r.refname for r in facts.references if not r.aliased)
    for kind, body in nodes(tree):
        match kind:
            case "Alias":
                named[text(body, "aliasname")] += 1
            case "CommonTableExpr":
                named[text(body, "ctename")] += 1
            case "FuncCall":
                named["".join(strings(items(body, "funcname"))[-1:])] += 1
            case _:
                pass
    return named
