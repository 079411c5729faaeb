"""Obligations to text: the contents page of this folder.

The original is edited only inside and directly beside the spans of protected references and of
withheld calls; every other byte stays as sent.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from proxy.names import QualifiedName, Span, quote_identifier
from proxy.policy.decide import Form, Obligation
from proxy.rewrite.copy import copied, is_copied
from proxy.rewrite.edit import Edit
from proxy.rewrite.keys import Keys, keys_inside
from proxy.rewrite.narrow import CannotNarrow, keys_start, predicate, settled_form, subquery
from proxy.rewrite.place import NotFound, name_place, where_place
from proxy.rewrite.predicate import (
    ROW,
    Visibility,
    conjuncts_tree,
    expression_tree,
    from_item_tree,
)
from proxy.rewrite.shorten import shorten
from proxy.rewrite.temporary import spelt_out
from proxy.rewrite.verify import TreeChanges, verify
from proxy.rewrite.withhold import withhold
from proxy.statement.analyse import Analysis
from proxy.statement.calls import Call

Visibilities = Mapping[QualifiedName, Visibility]


def rewrite(
    analysis: Analysis,
    obligations: Sequence[Obligation],
    visibilities: Visibilities,
    withheld: Sequence[Call] = (),
) -> tuple[Edit, ...]:
    """The edits that meet all obligations and keep the calls in ``withheld`` from running, in
    order, checked against the grammar.

    Raises `CannotNarrow` where that cannot be done or cannot be proved.
    """
    changes = TreeChanges()
    try:
        narrowed = _edits(analysis, obligations, visibilities, changes)
        kept = [edit for call in withheld for edit in withhold(analysis.tokens, call, changes)]
        edits = tuple(sorted([*narrowed, *kept]))
    except NotFound:
        raise CannotNarrow("the statement is written in a way that cannot be filtered") from None
    verify(analysis, edits, changes)
    return edits


def _edits(
    analysis: Analysis,
    obligations: Sequence[Obligation],
    visibilities: Visibilities,
    changes: TreeChanges,
) -> list[Edit]:
    edits: list[Edit] = []
    replaced: set[QualifiedName] = set()
    clauses: dict[int, list[tuple[Form, Obligation]]] = {}
    tokens = analysis.tokens
    for obligation in obligations:
        visibility = visibilities[obligation.rule.name]
        form = settled_form(obligation, visibility)
        if form in (Form.FILTER, Form.GUARD):
            clauses.setdefault(id(obligation.reference.clause.body), []).append((form, obligation))
        elif is_copied(obligation.reference):
            edits += copied(tokens, obligation, visibility, changes)
        else:
            edits += _replace(analysis, obligation, visibility, form, changes)
            if not obligation.reference.aliased:
                replaced.add(obligation.rule.name)
    for facts in analysis.statements:
        edits += spelt_out(tokens, facts, changes)
    for entries in clauses.values():
        edits += _filter(analysis, entries, visibilities, changes)
    return edits + shorten(analysis, replaced, changes)


def _replace(
    analysis: Analysis,
    obligation: Obligation,
    visibility: Visibility,
    form: Form,
    changes: TreeChanges,
) -> list[Edit]:
    reference = obligation.reference
    place = name_place(analysis.tokens, reference)
    fenced = form is Form.FENCE
    keys = keys_inside(analysis, reference, ROW, {*visibility.masks}) if fenced else Keys()
    rows = subquery(obligation, visibility, form, only=place.only, keys=keys.sql)
    copied = keys.moved(keys_start(obligation, visibility, only=place.only))
    changes.replacements[id(reference.node)] = from_item_tree(f"{rows} AS x")
    if not reference.aliased:
        rows = f"{rows} AS {quote_identifier(reference.refname)}"
    return [Edit(place.span, rows, copied), *_spelt_out(place.table_keyword)]


def _filter(
    analysis: Analysis,
    entries: list[tuple[Form, Obligation]],
    visibilities: Visibilities,
    changes: TreeChanges,
) -> list[Edit]:
    first, tokens = entries[0][1].reference, analysis.tokens
    place = where_place(tokens, first)
    texts = [predicate(o, visibilities[o.rule.name]) for _, o in entries]
    trees = [expression_tree(text) for text in texts]
    table = name_place(tokens, first).table_keyword
    edits = _spelt_out(table)
    if place.condition is None:
        changes.filters[id(first.clause.body)] = trees
        return [*edits, Edit(Span(place.end, place.end), " WHERE " + " AND ".join(texts))]
    start, end = place.condition.start, place.condition.end
    if any(form is Form.GUARD for form, _ in entries):
        if len(entries) > 1:
            raise CannotNarrow("write plain comparisons in a statement that joins what it changes")
        masked = {*visibilities[entries[0][1].rule.name].masks}
        keys = keys_inside(analysis, first, quote_identifier(first.refname), masked)
        changes.guards[id(first.clause.body)] = trees[0]
        changes.filters[id(first.clause.body)] = conjuncts_tree(keys.sql)
        head, tail = f" {keys.sql}CASE WHEN {texts[0]} THEN (", ") ELSE false END"
        edits.append(Edit(Span(start, start), head, keys.moved(len(" "))))
        return [*edits, Edit(Span(end, end), tail)]
    changes.filters[id(first.clause.body)] = trees
    head, tail = " " + " AND ".join(texts) + " AND (", ")"
    return [*edits, Edit(Span(start, start), head), Edit(Span(end, end), tail)]


def _spelt_out(table_keyword: Span | None) -> list[Edit]:
    """``TABLE t`` has no WHERE: it becomes the SELECT it is short for."""
    return [] if table_keyword is None else [Edit(table_keyword, "SELECT * FROM")]
