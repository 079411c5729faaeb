"""Who is given statistics does not write what they count: with rows of one's own making a cell can
be filled until it shows, and the number before the last of them is known exactly."""

from __future__ import annotations

from proxy.names import RuleName
from proxy.policy.rules.context import Context, Refusal
from proxy.statement.facts import Access, Facts

_NO_WRITE = frozenset((Access.READ, Access.STRUCTURE))


def refuse(facts: Facts, context: Context) -> Refusal | None:
    """Refuse writes to protected relations."""
    if not context.law.statistics_of(context.principal):
        return None
    if all(reference.access in _NO_WRITE for reference, _ in context.sealed(facts)):
        return None
    return Refusal(
        RuleName("statistic-write"),
        "who may ask for statistics does not write what they count: write as another principal",
    )
