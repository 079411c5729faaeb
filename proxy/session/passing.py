"""Where the policy seals nothing: every text is sent as it came. Pure.

It is looked at all the same, for its kind is recorded, and what may change something is recorded
before it is sent. What is not understood may change something.
"""

from __future__ import annotations

from typing import Final

from proxy.names import RuleName
from proxy.policy.decide import statement_class
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.policy.law import Law
from proxy.policy.rules import functions
from proxy.policy.rules.context import SYSTEM_SCHEMAS, TABLES, Context
from proxy.session.plan import Effect, Plan, ResetClaims, Scene, Timing
from proxy.statement.analyse import Analysis, analyse
from proxy.statement.catalogue import Catalogue
from proxy.statement.claims import Claim, claims_first, claims_of
from proxy.statement.commands import Discard, Setting, TransactionControl, command
from proxy.statement.facts import Facts, Reference, Verb
from proxy.statement.grammar import NotUnderstood, TextLimits

_RULE: Final = RuleName("seals-nothing")


def _decision(kind: StatementClass) -> Decision:
    return Decision(Verdict.PASS, _RULE, None, "", kind)


UNJUDGED: Final = Plan(_decision(StatementClass.OTHER), "", Timing.FIRST)
"""For what has no text here: a name given by a function, a function called without SQL."""


def pass_on(
    text: str, scene: Scene, law: Law, catalogue: Catalogue, limits: TextLimits
) -> tuple[Plan, Analysis | None]:
    """The plan that sends ``text`` as it is."""
    context = Context(scene.principal, law, catalogue, scene.search_path)
    try:
        analysis = analyse(text, catalogue, scene.search_path, limits)
    except NotUnderstood:
        plan = Plan(_decision(StatementClass.OTHER), text, Timing.FIRST)
        return plan, None
    kinds = [statement_class(facts) for facts in analysis.statements]
    kind = StatementClass.MULTIPLE if len(kinds) > 1 else (*kinds, StatementClass.EMPTY)[0]
    effects = tuple(effect for facts in analysis.statements for effect in _effects(facts))
    harmless = all(_changes_nothing(facts, context) for facts in analysis.statements)
    plan = Plan(
        _decision(kind),
        text,
        Timing.WITH if harmless else Timing.FIRST,
        effects=effects,
        copies_in=any(map(_takes_rows, analysis.statements)),
        claims=any(isinstance(effect, Claim | ResetClaims) for effect in effects),
        claims_first=claims_first(analysis.statements),
    )
    return plan, analysis


def _effects(facts: Facts) -> tuple[Effect, ...]:
    """What it does to what the session says about who asks; what a function sets is not seen."""
    match command(facts):
        case Setting(name="*") | Discard(target="ALL"):
            return (ResetClaims(),)
        case TransactionControl(kind=kind) as control if kind not in ("BEGIN", "START"):
            return (control,)
        case _:
            return claims_of(facts) or ()


def _changes_nothing(facts: Facts, context: Context) -> bool:
    if facts.verb is Verb.TRANSACTION:
        return True
    return (
        facts.verb is Verb.SELECT
        and not (facts.writes or facts.locks)
        and not any(context.catalogue.has_operator_named(each.name) for each in facts.operators)
        and not functions.is_volatile(facts, context)
        and all(map(_is_table, facts.references))
    )


def _is_table(reference: Reference) -> bool:
    """Reading it runs nothing of the site's own, as a view may."""
    relation = reference.relation
    return relation is not None and (
        relation.kind in TABLES or relation.name.schema in SYSTEM_SCHEMAS
    )


def _takes_rows(facts: Facts) -> bool:
    """It is a COPY from the client, and not of a file or program of the server's."""
    body = facts.body
    return facts.kind == "CopyStmt" and bool(body.get("is_from")) and not body.get("filename")
