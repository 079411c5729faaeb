"""INSERT, UPDATE and DELETE: what would tell of rows that cannot be seen is refused."""

from __future__ import annotations

from proxy.names import RuleName
from proxy.policy.law import RelationRule
from proxy.policy.rules.context import Context, Refusal
from proxy.statement.facts import Access, Facts, Reference


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse writes that cannot be kept to visible rows."""
    for reference in facts.references:
        relation = reference.relation
        if reference.access is Access.READ or relation is None:
            continue
        opaque = relation.has_rules or relation.has_triggers
        if opaque and relation.name not in context.law.open_relations:
            return Refusal(
                RuleName("unvetted-trigger"),
                f"relation {relation.name} has triggers or rules, whose code can read anything;"
                " the policy does not declare it open",
            )
    for reference, rule in context.sealed(facts):
        refusal = _refuse_protected(facts, reference, rule)
        if refusal is not None:
            return refusal
    return None


def _refuse_protected(facts: Facts, reference: Reference, rule: RelationRule) -> Refusal | None:
    if reference.access is Access.READ:
        if facts.locks and (reference.exposed or not reference.filterable or rule.mask):
            return Refusal(
                RuleName("locking-protected"),
                "FOR UPDATE on a protected relation is served only where its rows are chosen by"
                " plain comparisons",
            )
        return None
    if facts.conflict:
        return Refusal(
            RuleName("conflict-protected"),
            "ON CONFLICT on a protected relation would tell whether a sealed row is there",
        )
    if reference.access is Access.INSERT:
        return None
    if facts.column_names & {*rule.mask, "*", reference.refname} and rule.mask:
        return Refusal(
            RuleName("masked-column-in-write"),
            "an UPDATE or DELETE of this relation must not read its masked columns or whole rows",
        )
    return _refuse_joined(facts, reference)


def _refuse_joined(facts: Facts, reference: Reference) -> Refusal | None:
    beside = [r for r in facts.references if r.clause is reference.clause and r is not reference]
    if reference.exposed and beside:
        return Refusal(
            RuleName("joined-write"),
            "an UPDATE ... FROM or DELETE ... USING of a protected relation is served only with"
            " plain comparisons",
        )
    return None
