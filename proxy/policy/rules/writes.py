"""INSERT (COPY FROM is one), UPDATE and DELETE: what would tell of rows that cannot be seen is
refused."""

from __future__ import annotations

from proxy.names import QualifiedName, RuleName
from proxy.policy.law import RelationRule
from proxy.policy.rules.context import Context, Refusal
from proxy.statement.catalogue import Event, Relation
from proxy.statement.facts import Access, Facts, Reference
from proxy.statement.tree import body_of, items, text

_NO_WRITE = frozenset((Access.READ, Access.STRUCTURE))


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse writes that cannot be kept to visible rows."""
    for reference in facts.references:
        relation = reference.relation
        if reference.access in _NO_WRITE or relation is None:
            continue
        if _runs_own_code(reference, relation, facts, context):
            return Refusal(
                RuleName("unvetted-trigger"),
                f"relation {relation.name} has triggers or rules, or defaults or checks with"
                " functions of the site's own, whose code can read anything;"
                " the policy does not declare it open",
            )
        if _moves_key(reference, relation) and _hidden_referrer(relation, context):
            return Refusal(
                RuleName("referenced-by-protected"),
                f"a DELETE from {relation.name}, or an UPDATE of its key, would tell whether sealed"
                " records refer to the row, or run code of the site's own on rows that do; the"
                " policy does not declare it open",
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
    if reference.access is Access.MERGE:
        return Refusal(
            RuleName("merge-protected"),
            "MERGE into a protected relation would tell whether a sealed row is there",
        )
    if facts.conflict:
        return Refusal(
            RuleName("conflict-protected"),
            "ON CONFLICT on a protected relation would tell whether a sealed row is there",
        )
    if reference.access in (Access.INSERT, Access.STRUCTURE):
        return None
    if facts.column_names & {*rule.mask, "*", reference.refname} and rule.mask:
        return Refusal(
            RuleName("masked-column-in-write"),
            "an UPDATE or DELETE of this relation must not read its masked columns or whole rows",
        )
    return _refuse_joined(facts, reference)


def _runs_own_code(
    reference: Reference, relation: Relation, facts: Facts, context: Context
) -> bool:
    """Whether the write does, on the relation or where its rows are kept."""
    merges = reference.access is Access.MERGE
    events = {*Event} if merges else {Event(reference.access.value)}
    if facts.conflict:  # DO UPDATE
        events.add(Event.UPDATE)
    waiting = [relation]
    while waiting:
        current = waiting.pop()
        if current.own_code & events and current.name not in context.law.open_relations:
            return True
        waiting.extend(context.catalogue.relations[name] for name in current.children)
        events = set(Event)  # an UPDATE may move a row from one partition to another
    return False


def _moves_key(reference: Reference, relation: Relation) -> bool:
    """Whether rows that refer to a row could be in the way of the change, or change with it."""
    if reference.access is Access.UPDATE:
        targets = (body_of(t, "ResTarget") for t in items(reference.clause.body, "targetList"))
        return any(t is not None and text(t, "name") in relation.primary_key for t in targets)
    return reference.access in (Access.DELETE, Access.MERGE)


def _hidden_referrer(relation: Relation, context: Context) -> bool:
    """Whether a protected row may refer to a visible row of the relation, directly or not.

    Rows that follow no other relation than this one are visible whenever theirs is.
    """
    if relation.name in context.law.open_relations:
        return False
    seen, waiting = {relation.name}, [relation.name]
    while waiting:
        target = waiting.pop()
        for referrer in context.catalogue.relations.values():
            if target not in referrer.references or referrer.name in seen:
                continue
            rule = context.law.relations.get(referrer.name)
            if rule is not None and not _follows_only(rule, target):
                return True
            if referrer.own_code and referrer.name not in context.law.open_relations:
                return True  # what a cascade runs
            seen.add(referrer.name)
            waiting.append(referrer.name)
    return False


def _follows_only(rule: RelationRule, parent: QualifiedName) -> bool:
    return rule.visible_when is None and all(f.relation == parent for f in rule.follows)


def _refuse_joined(facts: Facts, reference: Reference) -> Refusal | None:
    beside = [r for r in facts.references if r.clause is reference.clause and r is not reference]
    if reference.exposed and beside:
        return Refusal(
            RuleName("joined-write"),
            "an UPDATE ... FROM or DELETE ... USING of a protected relation is served only with"
            " plain comparisons",
        )
    return None
