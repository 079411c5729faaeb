"""A text to a plan: analyse, decide, rewrite. Pure, total, and safe to call from any thread.

Whatever goes wrong on the way is a refusal: the caller never sees an exception, and no text
reaches the database that did not pass every step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from proxy.names import RuleName
from proxy.policy.asked import asked, together
from proxy.policy.decide import Judgement, decide, refuse, statement_class
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.policy.declared import declared, may_differ_by_constants
from proxy.policy.doubt import Doubt
from proxy.policy.law import Law, Principal, Scope
from proxy.policy.permit import (
    PERMITS_MAX,
    SUBJECTS_MAX,
    WIDENING,
    Permit,
    constants,
    widening,
)
from proxy.policy.rules import functions
from proxy.policy.rules.context import Context, Refusal
from proxy.rewrite.apply import rewrite
from proxy.rewrite.edit import Edit, apply_edits, compose
from proxy.rewrite.narrow import CannotNarrow
from proxy.rewrite.permitted import for_subjects, projected, projected_rule
from proxy.rewrite.predicate import captured, compile_law
from proxy.rewrite.views import Expansion, Views
from proxy.session.named import written
from proxy.session.naming import defines, uses
from proxy.session.passing import pass_on
from proxy.session.plan import (
    DropPortal,
    DropPortals,
    DropStatement,
    Effect,
    Plan,
    ResetClaims,
    ResetSearchPath,
    Scene,
    SetSearchPath,
    Timing,
)
from proxy.session.statistics import statistic_plan
from proxy.statement.analyse import Analysis, analyse
from proxy.statement.catalogue import Catalogue
from proxy.statement.claims import Claim, claims_first, claims_of
from proxy.statement.commands import (
    CloseCursor,
    CopyIn,
    Deallocate,
    Discard,
    Setting,
    TransactionControl,
    command,
)
from proxy.statement.facts import Facts, Verb
from proxy.statement.grammar import NotUnderstood, TextLimits
from proxy.statement.tags import NO_TAGS, Tags, tags_around
from proxy.statement.temporary import DropTemporaries, MakeTemporary, is_bare

# Each costs milliseconds: its predicate is parsed and compared again where it was put.
_OBLIGATIONS_MAX = 500
_NOTHING = Decision(Verdict.PASS, RuleName("nothing-protected"), None, "", StatementClass.EMPTY)


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan with what it was made of; ``analysis`` None where the text was not understood.
    ``literal``: with other constants the text would be another statement."""

    plan: Plan
    analysis: Analysis | None = None
    edits: tuple[Edit, ...] = ()
    literal: bool = False


class _Sight:
    """The law for some of those who ask, compiled. ``projecting``: while a permit counts that
    shows a few columns of some rows."""

    def __init__(self, law: Law, catalogue: Catalogue, *, projecting: bool = False) -> None:
        known = catalogue.relations.get
        self.visibilities = compile_law(law)
        if projecting:
            rules = {n: projected_rule(rule, known(n)) for n, rule in law.relations.items()}
            law = replace(law, relations=rules)
            found = self.visibilities.items()
            self.visibilities = {name: projected(each, known(name)) for name, each in found}
        self.law = law
        self._captured = captured(self.visibilities, catalogue)

    def rewritten(
        self, analysis: Analysis, judged: list[Judgement], permits: tuple[Permit, ...]
    ) -> tuple[Edit, ...]:
        obligations = [o for judgement in judged for o in judgement.obligations]
        withheld = [call for judgement in judged for call in judgement.withheld]
        if not (obligations or withheld or any(map(is_bare, analysis.statements))):
            return ()
        if len(obligations) > _OBLIGATIONS_MAX:
            raise CannotNarrow(f"the text names protected relations over {_OBLIGATIONS_MAX} times")
        if any(obligation.rule.name in self._captured for obligation in obligations):
            raise CannotNarrow("a function or operator of this database hides a built-in one")
        named = {obligation.rule.name for obligation in obligations}
        visibilities = {name: self.visibilities[name] for name in named}
        if permits:
            people_count = len({one for permit in permits for one in permit.subjects})
            if len(permits) > PERMITS_MAX or people_count > SUBJECTS_MAX:
                raise CannotNarrow(
                    "too many permits count for this statement: bind them to the person who asks,"
                    " or to the case"
                )
            subjects = {scope: constants(permits, scope) for scope in WIDENING}
            visibilities = {n: for_subjects(v, subjects) for n, v in visibilities.items()}
        return rewrite(analysis, obligations, visibilities, withheld)


class Planner:
    """Plans for one policy and one state of the database; a change of either makes a new one.

    Raises `proxy.errors.ConfigurationError` when the policy's SQL cannot be used.
    """

    def __init__(
        self,
        law: Law,
        catalogue: Catalogue,
        limits: TextLimits | None = None,
        doubt: Doubt = Doubt.NONE,
    ) -> None:
        self.law = law
        self.catalogue = catalogue
        self.limits = limits or TextLimits()
        self.doubt = doubt
        self._seen_by = {
            units: _Sight(law.seen_by(units), catalogue) for units in ((), *law.handled)
        }
        self._outside = _Sight(law.from_outside(), catalogue) if law.outside else self._seen_by[()]
        self._permitted: dict[tuple[bool, tuple[str, ...], bool], _Sight] = {}
        self._views = Views(law, catalogue, self.limits)

    def plan(self, text: str, scene: Scene) -> Plan:
        """The plan for one text."""
        return self.work_out(text, scene).plan

    def work_out(self, text: str, scene: Scene) -> Planned:
        """The plan, and what a cache needs to make more of it."""
        planned = self._planned(text, scene)
        analysis = planned.analysis
        if analysis is None:
            return planned
        tags = _tags(analysis)
        plan = planned.plan if tags is NO_TAGS else replace(planned.plan, tags=tags)
        literal = may_differ_by_constants(analysis.statements, scene.principal, self.law)
        return replace(planned, plan=plan, literal=literal)

    def _planned(self, text: str, scene: Scene) -> Planned:
        try:
            if self.law.seals_nothing:
                return Planned(*pass_on(text, scene, self.law, self.catalogue, self.limits))
            return self._work_out(text, scene)
        except NotUnderstood as error:
            refusal = Refusal(
                RuleName(error.kind if error.kind != "syntax" else "not-understood"),
                error.explanation,
            )
            return Planned(_refused(refuse(refusal, StatementClass.OTHER)))
        except Exception:  # noqa: BLE001
            # The default of the product, for the faults nobody thought of: no.
            refusal = Refusal(RuleName("internal"), "the statement could not be judged")
            return Planned(_refused(refuse(refusal, StatementClass.OTHER)))

    def _work_out(self, text: str, scene: Scene) -> Planned:
        analysis = analyse(text, self.catalogue, scene.search_path, self.limits, scene.temporaries)
        if not analysis.statements:
            return Planned(Plan(_NOTHING, text), analysis)
        permits = widening(scene.permits, scene.principal, analysis.statements)
        sight = self._sight(scene.principal, permits)
        context = Context(
            scene.principal,
            sight.law,
            self.catalogue,
            scene.search_path,
            scene.in_transaction,
            sole=len(analysis.statements) == 1,
            doubt=self.doubt,
            temporaries=scene.temporaries,
            permits=permits,
        )
        statistic = declared(analysis.statements, scene.principal, self.law, self.catalogue)
        if statistic is not None:
            plain = self._sight(scene.principal, ())
            context = replace(context, law=plain.law, permits=())
            made = statistic_plan(statistic, analysis, context, plain.visibilities)
            return Planned(made[0], analysis, made[1])
        try:
            expansion = self._views.expand(analysis, context)
        except CannotNarrow as error:
            return Planned(_refused(_view_refusal(error, analysis)), analysis)
        return self._judged(analysis, expansion or Expansion(analysis, ()), context, sight)

    def _sight(self, principal: Principal, permits: tuple[Permit, ...]) -> _Sight:
        """What they see; with permits it is compiled when it is first asked for, and then kept."""
        units = principal.units if principal.units in self._seen_by else ()
        outside = principal.is_outsider
        if not permits:
            return self._outside if outside else self._seen_by[units]
        projecting = any(permit.scope is Scope.CONVICTION for permit in permits)
        sight = self._permitted.get((outside, units, projecting))
        if sight is None:
            law = self.law.permitting(units)
            law = law.from_outside() if outside else law
            sight = _Sight(law, self.catalogue, projecting=projecting)
            self._permitted[outside, units, projecting] = sight
        return sight

    def _judged(
        self, original: Analysis, expansion: Expansion, context: Context, sight: _Sight
    ) -> Planned:
        """What becomes of a text whose views are in place."""
        analysis = expansion.analysis
        context = replace(context, plain_views=self._views.plain(analysis))
        last = _last(analysis)
        judged = [
            decide(facts, replace(context, last=facts is last)) for facts in analysis.statements
        ]
        if context.permits and not any(each.decision.permits for each in judged):
            # Nothing that a permit is about: the same text as without.
            plain = self._sight(context.principal, ())
            context = replace(context, law=plain.law, permits=())
            return self._judged(original, expansion, context, plain)
        decision = _together(judged)
        if decision.verdict is Verdict.REFUSE:
            if expansion.edits:
                decision = replace(decision, reason=decision.reason + _WITH_VIEWS)
            return Planned(_refused(decision), original)
        try:
            rewritten = sight.rewritten(analysis, judged, context.permits)
            edits = compose(expansion.edits, rewritten)
        except CannotNarrow as error:
            refusal = Refusal(RuleName("cannot-narrow"), str(error), decision.article)
            kind = decision.statement_class
            return Planned(_refused(refuse(refusal, kind)), original)
        sent = apply_edits(original.encoded, edits).decode("utf-8") if edits else original.text
        plan = _plan(analysis, judged, context, sent)
        return Planned(written(plan, original, expansion), original, edits)


_WITH_VIEWS = " (read with the definitions of its views in their place)"


def _view_refusal(error: CannotNarrow, analysis: Analysis) -> Decision:
    kinds = {statement_class(facts) for facts in analysis.statements}
    refusal = Refusal(
        RuleName("unvetted-view"),
        f"a view that reads protected relations cannot be served: {error}; query its tables",
    )
    return refuse(refusal, kinds.pop() if len(kinds) == 1 else StatementClass.MULTIPLE)


def _last(analysis: Analysis) -> Facts | None:
    """The statement behind which nothing of the text can end a transaction."""
    controls = any(facts.verb is Verb.TRANSACTION for facts in analysis.statements)
    return None if controls else analysis.statements[-1]


def _tags(analysis: Analysis) -> Tags:
    """What comments around the text say about who asks."""
    tokens = analysis.tokens
    if not tokens or b"/*" not in analysis.encoded:
        return NO_TAGS
    last = next((token.end for token in reversed(tokens) if token.word != ";"), 0)
    return tags_around(analysis.encoded, tokens[0].start, last)


def _plan(analysis: Analysis, judged: list[Judgement], context: Context, sent: str) -> Plan:
    each = tuple(
        (facts, _running(facts, judgement.decision, context))
        for facts, judgement in zip(analysis.statements, judged, strict=True)
    )
    decision = _together(judged)
    first = any(plan.timing is Timing.FIRST for _, plan in each)
    verbs = {facts.verb for facts in analysis.statements}
    run = (plan.asked for facts, plan in each if facts.verb is not Verb.PREPARE)
    return Plan(
        decision=decision,
        text=sent,
        timing=Timing.FIRST if first else Timing.WITH,
        effects=tuple(e for facts in analysis.statements for e in _effects(facts)),
        settle=any(map(_settles, analysis.statements)),
        turns=any(map(_turns, analysis.statements)),
        guarded=bool(decision.relations) or Verb.DDL in verbs,
        defines=defines(each),
        uses=uses(analysis.statements),
        late=bool(verbs & _LATE_VERBS),
        copies_in=any(isinstance(command(facts), CopyIn) for facts in analysis.statements),
        claims=any(map(_claims, analysis.statements)),
        claims_first=claims_first(analysis.statements),
        asked=together(run),
    )


def _running(facts: Facts, decision: Decision, context: Context) -> Plan:
    """What running one statement of the text means, whoever does it."""
    first = facts.writes or facts.locks or functions.is_volatile(facts, context)
    timing = Timing.FIRST if first else Timing.WITH
    guarded = bool(decision.relations) or facts.verb is Verb.DDL
    return Plan(decision, "", timing, guarded=guarded, asked=asked(facts, context))


_SESSION_VERBS = frozenset((Verb.SET, Verb.DISCARD, Verb.DEALLOCATE, Verb.DDL, Verb.TEMPORARY))
_LATE_VERBS = frozenset(
    (Verb.PREPARE, Verb.EXECUTE, Verb.COPY, Verb.DDL, Verb.TEMPORARY, Verb.EXPLAIN)
)
"""Utility statements: PostgreSQL looks their names up when it runs them, if not all of them."""


def _settles(facts: Facts) -> bool:
    return facts.verb in _SESSION_VERBS and not claims_of(facts)


def _claims(facts: Facts) -> bool:
    """It changes what the session says about who asks."""
    return any(isinstance(effect, Claim | ResetClaims) for effect in _effects(facts))


def _turns(facts: Facts) -> bool:
    match command(facts):
        case Setting(name="search_path" | "client_encoding" | "*") | Discard(target="ALL"):
            return True
        case _:
            return False


def _effects(facts: Facts) -> tuple[Effect, ...]:
    claims = claims_of(facts)
    if claims:
        return claims
    match command(facts):
        case Setting(name="search_path", values=values) if values is not None:
            return (SetSearchPath(values),)
        case Setting(name="search_path"):
            return (ResetSearchPath(),)
        case Setting(name="*"):
            return (ResetSearchPath(), ResetClaims())
        case Discard(target="ALL"):
            return (
                ResetSearchPath(), ResetClaims(), DropStatement(None), DropPortals(),
                DropTemporaries(None),
            )  # fmt: skip
        case Discard(target="TEMP"):
            return (DropTemporaries(None),)
        case MakeTemporary() | DropTemporaries() as change:
            return (change,)
        case Deallocate(name=name):
            return (DropStatement(name),)
        case CloseCursor(name=None):
            return (DropPortals(),)
        case CloseCursor(name=str() as name):
            return (DropPortal(name),)
        case TransactionControl(kind=kind) as control if kind not in ("BEGIN", "START"):
            return (control,)
        case _:
            return ()


def _refused(decision: Decision) -> Plan:
    return Plan(decision, None)


def _together(judged: list[Judgement]) -> Decision:
    """One decision for the whole text: one refusal refuses all, one filter makes it a strip."""
    first = judged[0].decision
    if len(judged) == 1:
        return first
    order = (Verdict.REFUSE, Verdict.STRIP, Verdict.PASS)
    weightiest = min(
        (j.decision for j in judged), key=lambda d: (order.index(d.verdict), not d.permits)
    )
    named = tuple(sorted({name for j in judged for name in j.decision.relations}))
    permits = tuple(sorted({number for j in judged for number in j.decision.permits}))
    return replace(
        weightiest, statement_class=StatementClass.MULTIPLE, relations=named, permits=permits
    )
