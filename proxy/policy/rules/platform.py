"""实施办法第10条: sealed data is given to no platform, and no key in any file turns that off."""

from __future__ import annotations

from proxy.names import Article, QualifiedName, RuleName
from proxy.policy.law import PrincipalKind
from proxy.policy.rules.context import SYSTEM_SCHEMAS, Context, Refusal
from proxy.statement.facts import Facts

ARTICLE = Article("实施办法第10条")


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """A platform touches no protected relation, whatever the statement does with it, nor what is
    made of one, whatever the policy declares open."""
    if context.principal.kind is not PrincipalKind.PLATFORM:
        return None
    if context.sealed(facts) or _made_of_sealed(facts, context):
        return Refusal(
            RuleName("platform-protected"),
            "a platform is given no access to relations that hold sealed records",
            ARTICLE,
        )
    return None


def _made_of_sealed(facts: Facts, context: Context) -> bool:
    """Whether views, partitions or children lead from what it names to a protected relation."""
    known, law = context.catalogue.relations, context.law
    waiting = [each.relation.name for each in facts.references if each.relation is not None]
    seen: set[QualifiedName] = set()
    while waiting:
        name = waiting.pop()
        relation = known.get(name)
        if name in seen or relation is None or name.schema in SYSTEM_SCHEMAS:
            continue
        if name in law.relations:
            return True
        seen.add(name)
        waiting += [*relation.reads, *relation.parents, *relation.children]
    return False
