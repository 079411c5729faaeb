"""A policy that no longer fits its database protects nothing by itself: what it is about is refused
until somebody has looked, instead of being judged by what used to be true."""

from __future__ import annotations

from proxy.names import RuleName
from proxy.policy.doubt import Doubt
from proxy.policy.rules.context import SYSTEM_SCHEMAS, Context, Refusal
from proxy.statement.facts import Facts

RULE = RuleName("policy-unfit")

_REASONS = {
    Doubt.COLUMNS: "the policy names what this database no longer has; until an administrator"
    " corrects it, no protected relation is served",
    Doubt.RELATIONS: "a protected relation of this database is gone or has another name; until an"
    " administrator reloads a policy that fits, no relation is served",
    Doubt.CATALOGUE: "this database has not let its catalogue be read for too long; until it does,"
    " no relation is served",
}


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse what cannot be judged by a policy in doubt."""
    reason = _REASONS.get(context.doubt)
    if reason is None:
        return None
    if context.doubt is Doubt.COLUMNS:
        return Refusal(RULE, reason) if context.sealed(facts) else None
    own = any(
        reference.relation is None or reference.relation.name.schema not in SYSTEM_SCHEMAS
        for reference in facts.references
    )
    return Refusal(RULE, reason) if own or _calls_own(facts, context) else None


def _calls_own(facts: Facts, context: Context) -> bool:
    """The site's own functions read what they like."""
    return any(context.catalogue.functions_named(called.name) for called in facts.functions)
