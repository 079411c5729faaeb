"""Views to their definitions: the subquery that a view's name stands for is put in its place."""

from __future__ import annotations

from collections.abc import Mapping

from proxy.names import QualifiedName, quote_identifier
from proxy.rewrite.edit import Edit
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.place import NotFound, name_place
from proxy.rewrite.predicate import from_item_tree
from proxy.rewrite.shorten import shorten
from proxy.rewrite.verify import TreeChanges, verify
from proxy.statement.analyse import Analysis
from proxy.statement.facts import Access


def expand(analysis: Analysis, definitions: Mapping[QualifiedName, str]) -> tuple[Edit, ...]:
    """The edits that replace every reading of these views by ``(definition)``, in order, checked
    against the grammar.

    Raises `CannotNarrow` where that cannot be done or cannot be proved.
    """
    changes = TreeChanges()
    edits: list[Edit] = []
    replaced: set[QualifiedName] = set()
    for facts in analysis.statements:
        for reference in facts.references:
            if reference.relation is None or reference.access is not Access.READ:
                continue
            name = reference.relation.name
            if name not in definitions:
                continue
            if reference.sampled:
                raise CannotNarrow("TABLESAMPLE takes a table, not a view")
            try:
                place = name_place(analysis.tokens, reference)
            except NotFound:
                raise CannotNarrow("write the name of a view without anything unusual") from None
            rows = f"({definitions[name]})"
            changes.replacements[id(reference.node)] = from_item_tree(f"{rows} AS x")
            if not reference.aliased:
                rows = f"{rows} AS {quote_identifier(reference.refname)}"
                replaced.add(name)
            edits.append(Edit(place.span, rows))
            if place.table_keyword is not None:
                edits.append(Edit(place.table_keyword, "SELECT * FROM"))
    edits += shorten(analysis, replaced, changes)
    checked = tuple(sorted(edits))
    verify(analysis, checked, changes)
    return checked
