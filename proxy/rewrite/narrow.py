"""The SQL that stands in for a protected reference, or beside it."""

from __future__ import annotations

from proxy.names import quote_identifier
from proxy.policy.decide import Form, Obligation
from proxy.rewrite.predicate import ROW, Visibility
from proxy.statement.catalogue import Relation
from proxy.statement.facts import Access


class CannotNarrow(Exception):
    """The obligation cannot be met; the statement is refused. Carries a sentence for the client."""


def settled_form(obligation: Obligation, visibility: Visibility) -> Form:
    """The form after looking at names: a filter must not capture the statement's own names."""
    form, reference = obligation.form, obligation.reference
    if form in (Form.SUBQUERY, Form.FENCE) or visibility.shown is None:
        return form
    refname = reference.refname
    if refname not in visibility.shown.bound and not refname.startswith("fc_"):
        return form
    if reference.access is not Access.READ:
        raise CannotNarrow(f'give the relation another name than "{refname}" here')
    return Form.SUBQUERY


def predicate(obligation: Obligation, visibility: Visibility) -> str:
    """``(...) IS TRUE`` over the reference's own name.

    IS TRUE does two things: NULL hides the row, and the planner keeps the test at the scan of the
    relation instead of pulling its EXISTS up into a join, where other things may run before it.
    """
    shown = visibility.shown
    text = shown.render(obligation.reference.refname) if shown is not None else "true"
    return f"({text}) IS TRUE"


def subquery(
    obligation: Obligation, visibility: Visibility, form: Form, *, only: bool, keys: str = ""
) -> str:
    """``(SELECT ...)`` with the visible rows, masked columns overwritten.

    As a FENCE it is a UNION ALL with an empty arm under OFFSET 0: conditions are not pushed into
    it, and the planner does not look through a set operation for column statistics. So ``keys``,
    empty or conditions that end in AND, are said inside it: at byte `keys_start`.
    """
    source = _source(obligation, only=only)
    shown = visibility.shown
    condition = f"({shown.render(ROW)}) IS TRUE" if shown is not None else ""
    where = f" WHERE {keys}{condition or 'true'}" if keys or condition else ""
    select = f"{_select(obligation, visibility, source)}{where}"
    if form is Form.FENCE:
        columns = ", ".join(("*", *obligation.physical))
        select += f" UNION ALL SELECT {columns} FROM {source} WHERE false OFFSET 0"
    return f"({select})"


def keys_start(obligation: Obligation, visibility: Visibility, *, only: bool) -> int:
    """Where in the UTF-8 of a `subquery` its keys begin."""
    head = _select(obligation, visibility, _source(obligation, only=only))
    return len(f"({head} WHERE ".encode())


def _source(obligation: Obligation, *, only: bool) -> str:
    relation = obligation.reference.relation
    if relation is None:
        raise CannotNarrow("the relation is not known")
    name = f"{quote_identifier(relation.name.schema)}.{quote_identifier(relation.name.name)}"
    return f"ONLY {name}" if only else name


def _select(obligation: Obligation, visibility: Visibility, source: str) -> str:
    relation = obligation.reference.relation
    columns = _columns(relation, visibility) if relation is not None else "*"
    columns = ", ".join((columns, *obligation.physical))
    return f"SELECT {columns} FROM {source} AS {ROW}"


def _columns(relation: Relation, visibility: Visibility) -> str:
    if not visibility.masks:
        return "*"
    return ", ".join(
        _masked(column.name, column.type_text, visibility)
        if column.name in visibility.masks
        else f"{ROW}.{quote_identifier(column.name)}"
        for column in relation.columns
    )


def _masked(name: str, type_text: str, visibility: Visibility) -> str:
    """The cast keeps the column's type and its length limit as they are."""
    column = quote_identifier(name)
    mask = f"({visibility.masks[name].render(ROW)})"
    if visibility.unmasked is not None:
        shown = visibility.unmasked.render(ROW)
        mask = f"CASE WHEN ({shown}) IS TRUE THEN {ROW}.{column} ELSE {mask} END"
    return f"CAST({mask} AS {type_text}) AS {column}"
