"""The plan for a declared statistic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from proxy.names import QualifiedName, RuleName
from proxy.policy.asked import Asked
from proxy.policy.decide import refuse
from proxy.policy.decision import Decision, Verdict
from proxy.policy.declared import judge
from proxy.policy.law import Statistic
from proxy.policy.rules.context import Context, Refusal
from proxy.rewrite.edit import Edit, apply_edits
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.predicate import Visibility
from proxy.rewrite.statistic import counted
from proxy.session.plan import Plan
from proxy.statement.analyse import Analysis


def statistic_plan(
    statistic: Statistic,
    analysis: Analysis,
    context: Context,
    visibilities: Mapping[QualifiedName, Visibility],
) -> tuple[Plan, tuple[Edit, ...]]:
    """What is sent for a text that is ``statistic``, and by which edits. ``context`` and
    ``visibilities`` are of the law as its principal sees without a permit.

    It asks for nobody, so it counts for nothing; the limit of rows for one statement holds.
    """
    (facts,) = analysis.statements
    decision = judge(facts, statistic, context)
    if decision.verdict is Verdict.REFUSE:
        return Plan(decision, None), ()
    try:
        edits = counted(analysis, statistic, visibilities, context.catalogue)
    except CannotNarrow as error:
        return Plan(_unfit(error, decision), None), ()
    sent = apply_edits(analysis.encoded, edits).decode("utf-8")
    return Plan(decision, sent, guarded=True, asked=Asked()), edits


def _unfit(error: CannotNarrow, decision: Decision) -> Decision:
    refusal = Refusal(RuleName("cannot-narrow"), str(error), decision.article)
    refused = refuse(refusal, decision.statement_class)
    return replace(refused, relations=decision.relations)
