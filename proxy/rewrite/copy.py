"""COPY of a protected relation: the relation becomes the query that stands for it."""

from __future__ import annotations

from proxy.names import Span, quote_identifier
from proxy.policy.decide import Form, Obligation
from proxy.rewrite.edit import Edit
from proxy.rewrite.narrow import CannotNarrow, subquery
from proxy.rewrite.place import name_place, parenthesised_after
from proxy.rewrite.predicate import Visibility
from proxy.rewrite.verify import TreeChanges, roots
from proxy.statement.catalogue import Relation, RelationKind
from proxy.statement.facts import Access, Reference
from proxy.statement.grammar import Token, parse_tree
from proxy.statement.tree import items, strings


def is_copied(reference: Reference) -> bool:
    """Whether it is what a COPY names outside a query."""
    copied = reference.clause.body.get("relation") is reference.node
    return copied and reference.access is Access.READ


def copied(
    tokens: tuple[Token, ...],
    obligation: Obligation,
    visibility: Visibility,
    changes: TreeChanges,
) -> list[Edit]:
    """``COPY t (a, b)`` to ``COPY (SELECT a, b FROM (visible rows) AS t)``.

    Like COPY it reads the relation without its children, and leaves out generated columns. Raises
    `CannotNarrow` and `proxy.rewrite.place.NotFound`.
    """
    reference = obligation.reference
    names = _columns(reference.relation, strings(items(reference.clause.body, "attlist")))
    rows = subquery(obligation, visibility, Form.SUBQUERY, only=True)
    written = ", ".join(map(quote_identifier, names))
    query = f"SELECT {written} FROM {rows} AS {quote_identifier(reference.refname)}"
    changes.copies[id(reference.clause.body)] = roots(parse_tree(query))[0]
    place = name_place(tokens, reference)
    end = place.span.end
    if items(reference.clause.body, "attlist"):
        end = parenthesised_after(tokens, end).end
    return [Edit(Span(place.span.start, end), f"({query})")]


def _columns(relation: Relation | None, listed: list[str]) -> list[str]:
    if relation is None or relation.kind is not RelationKind.TABLE:
        raise CannotNarrow("COPY of a protected relation takes a table; write COPY (SELECT ...)")
    stored = [column.name for column in relation.columns if not column.generated]
    if not {*listed} <= {*stored} or len({*listed}) < len(listed):
        raise CannotNarrow("COPY names each column of the table once, and no generated one")
    return listed or stored
