"""实施办法第10条: sealed data is given to no platform, and no key in any file turns that off."""

from __future__ import annotations

from proxy.names import Article, RuleName
from proxy.policy.law import PrincipalKind
from proxy.policy.rules.context import Context, Refusal
from proxy.statement.facts import Facts

ARTICLE = Article("实施办法第10条")


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """A platform touches no protected relation, whatever the statement does with it."""
    if context.principal.kind is PrincipalKind.PLATFORM and context.sealed(facts):
        return Refusal(
            RuleName("platform-protected"),
            "a platform is given no access to relations that hold sealed records",
            ARTICLE,
        )
    return None
