"""What a permit makes of a relation's compiled rule: its subjects put in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy.policy.law import RelationRule, Scope
from proxy.policy.permit import mark
from proxy.rewrite.predicate import Template, Visibility, any_of
from proxy.statement.catalogue import Relation

_HIDDEN = Template(("NULL",))


def projected_rule(rule: RelationRule, relation: Relation | None) -> RelationRule:
    """The rule while a conviction is permitted: every column that is not shown has a mask."""
    if rule.projected is None or relation is None:
        return rule
    return replace(rule, mask=dict.fromkeys(_hidden(rule, relation), "NULL"))


def projected(visibility: Visibility, relation: Relation | None) -> Visibility:
    """The same of the compiled rule: more rows, and in those, by which the law shows none of it,
    nothing but the columns that may be. Masks are lifted where the law shows the row."""
    rule, lawful = visibility.rule, visibility.shown
    if visibility.projection is None or rule.projected is None or relation is None:
        return visibility
    assert lawful is not None
    return replace(
        visibility,
        shown=any_of(lawful, visibility.projection),
        unmasked=lawful,
        masks=dict.fromkeys(_hidden(rule, relation), _HIDDEN),
    )


def _hidden(rule: RelationRule, relation: Relation) -> list[str]:
    shown = frozenset[str]() if rule.projected is None else rule.projected.columns
    return [column.name for column in relation.columns if column.name not in shown]


def for_subjects(visibility: Visibility, constants: Mapping[Scope, str]) -> Visibility:
    """With the constants of `proxy.policy.permit.constants` in the place of each scope's mark."""

    def filled(template: Template | None) -> Template | None:
        if template is None:
            return None
        pieces = template.pieces
        for scope, subjects in constants.items():
            pieces = tuple(piece.replace(mark(scope), subjects) for piece in pieces)
        return replace(template, pieces=pieces)

    return replace(
        visibility,
        shown=filled(visibility.shown),
        unmasked=filled(visibility.unmasked),
        projection=filled(visibility.projection),
        masks={c: filled(mask) or mask for c, mask in visibility.masks.items()},
    )
