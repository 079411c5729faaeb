"""Obligations to text: the contents page of this folder.

The original is edited only inside and directly beside the spans of protected references; every
other byte stays as sent.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from proxy.names import QualifiedName, Span, quote_identifier
from proxy.policy.decide import Form, Obligation
from proxy.rewrite.narrow import CannotNarrow, predicate, settled_form, subquery
from proxy.rewrite.place import NotFound, name_place, schema_place, where_place
from proxy.rewrite.predicate import Visibility, expression_tree, from_item_tree
from proxy.rewrite.verify import TreeChanges, roots, same_meaning
from proxy.statement.analyse import Analysis
from proxy.statement.facts import Facts
from proxy.statement.grammar import NotUnderstood, Token, parse_tree
from proxy.statement.tree import Json, items, location, nodes, strings, text


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """Put ``text`` in place of the bytes of ``span``; an empty span inserts."""

    span: Span
    text: str


Visibilities = Mapping[QualifiedName, Visibility]


def rewrite(
    analysis: Analysis, obligations: Sequence[Obligation], visibilities: Visibilities
) -> tuple[Edit, ...]:
    """The edits that meet all obligations, in order, checked against the grammar.

    Raises `CannotNarrow` where that cannot be done or cannot be proved.
    """
    changes = TreeChanges()
    try:
        edits = tuple(sorted(_edits(analysis, obligations, visibilities, changes)))
        edited = parse_tree(apply_edits(analysis.encoded, edits).decode("utf-8"))
    except (NotFound, NotUnderstood):
        raise CannotNarrow("the statement is written in a way that cannot be filtered") from None
    wanted: list[Json] = [{facts.verb.value: facts.body} for facts in analysis.statements]
    found = roots(edited)
    if len(wanted) != len(found) or not all(
        same_meaning(w, changes, f) for w, f in zip(wanted, found, strict=True)
    ):
        raise CannotNarrow("the statement is written in a way that cannot be filtered")
    return edits


def apply_edits(encoded: bytes, edits: Sequence[Edit]) -> bytes:
    """The edited bytes. Edits are in order and do not overlap, else `CannotNarrow`."""
    out, position = [], 0
    for edit in edits:
        if edit.span.start < position:
            raise CannotNarrow("the statement is written in a way that cannot be filtered")
        out += [encoded[position : edit.span.start], edit.text.encode("utf-8")]
        position = edit.span.end
    return b"".join([*out, encoded[position:]])


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
        else:
            edits += _replace(tokens, obligation, visibility, form, changes)
            if not obligation.reference.aliased:
                replaced.add(obligation.rule.name)
    for entries in clauses.values():
        edits += _filter(tokens, entries, visibilities, changes)
    return edits + _shorten(analysis, replaced, changes)


def _replace(
    tokens: tuple[Token, ...],
    obligation: Obligation,
    visibility: Visibility,
    form: Form,
    changes: TreeChanges,
) -> list[Edit]:
    reference = obligation.reference
    place = name_place(tokens, reference)
    rows = subquery(obligation, visibility, form, only=place.only)
    changes.replacements[id(reference.node)] = from_item_tree(f"{rows} AS x")
    if not reference.aliased:
        rows = f"{rows} AS {quote_identifier(reference.refname)}"
    return [Edit(place.span, rows), *_spelt_out(place.table_keyword)]


def _shorten(analysis: Analysis, replaced: Set[QualifiedName], changes: TreeChanges) -> list[Edit]:
    """A subquery has no schema: ``base.person.name`` becomes ``person.name``.

    That finds the same, wherever it stands, if nothing else in the statement goes by that name.
    Raises `CannotNarrow` where something does.
    """
    edits: list[Edit] = []
    for facts in analysis.statements if replaced else ():
        tree: Json = {facts.verb.value: facts.body}
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


def _filter(
    tokens: tuple[Token, ...],
    entries: list[tuple[Form, Obligation]],
    visibilities: Visibilities,
    changes: TreeChanges,
) -> list[Edit]:
    first = entries[0][1].reference
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
        changes.guards[id(first.clause.body)] = trees[0]
        head, tail = f" CASE WHEN {texts[0]} THEN (", ") ELSE false END"
    else:
        changes.filters[id(first.clause.body)] = trees
        head, tail = " " + " AND ".join(texts) + " AND (", ")"
    return [*edits, Edit(Span(start, start), head), Edit(Span(end, end), tail)]


def _spelt_out(table_keyword: Span | None) -> list[Edit]:
    """``TABLE t`` has no WHERE: it becomes the SELECT it is short for."""
    return [] if table_keyword is None else [Edit(table_keyword, "SELECT * FROM")]
