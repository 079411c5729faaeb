"""Facts, a principal and the law to a decision: pure, total, and the only place that decides.

The default is written once, at the end of `decide`: a statement passes only after every rule had
its say, and each protected relation in it gets an obligation.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from proxy.names import Article, QualifiedName, RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.policy.law import RelationRule
from proxy.policy.permit import ARTICLE, Permit
from proxy.policy.rules import (
    bulk,
    commands,
    doubt,
    functions,
    platform,
    relations,
    schema,
    statistics,
    temporary,
    understood,
    writes,
)
from proxy.policy.rules.context import Context, Refusal
from proxy.statement.calls import Call
from proxy.statement.catalogue import RelationKind
from proxy.statement.facts import Access, Facts, Reference, Verb
from proxy.statement.temporary import is_bare
from proxy.statement.tree import Body, body_of, items, nodes, strings

RULES = (
    understood.refuse,
    schema.refuse,
    commands.refuse,
    doubt.refuse,
    functions.refuse,
    relations.refuse,
    platform.refuse,
    bulk.refuse,
    statistics.refuse,
    writes.refuse,
    temporary.refuse,
)
"""In order: what the statement is, who may change the schema, whether the policy fits the database,
what it calls, what it touches, who asks, for whom, who counts, what it changes, what it makes for
itself."""


class Form(Enum):
    """How a reference is narrowed to what may be seen.

    FILTER adds the predicate to the clause's WHERE. SUBQUERY puts a filtered SELECT in the
    relation's place. FENCE does so behind a barrier the planner cannot see through. GUARD, for the
    target of a write, wraps the clause's own conditions in a CASE that asks the predicate first.
    """

    FILTER = "filter"
    SUBQUERY = "subquery"
    FENCE = "fence"
    GUARD = "guard"


@dataclass(frozen=True, slots=True)
class Obligation:
    """What the rewriting owes for one reference. ``physical``: system columns to be kept."""

    reference: Reference
    rule: RelationRule
    form: Form
    physical: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The decision on one statement, and what has to be done to its text. ``withheld``: the calls
    that must not run."""

    decision: Decision
    obligations: tuple[Obligation, ...] = ()
    withheld: tuple[Call, ...] = ()


_CLASSES = {
    Verb.SELECT: StatementClass.SELECT,
    Verb.INSERT: StatementClass.INSERT,
    Verb.UPDATE: StatementClass.UPDATE,
    Verb.DELETE: StatementClass.DELETE,
    Verb.COPY: StatementClass.COPY,
    Verb.TRANSACTION: StatementClass.TRANSACTION,
    Verb.DECLARE: StatementClass.CURSOR,
    Verb.FETCH: StatementClass.CURSOR,
    Verb.PREPARE: StatementClass.PREPARE,
    Verb.EXECUTE: StatementClass.EXECUTE,
    Verb.DDL: StatementClass.DDL,
    Verb.EXPLAIN: StatementClass.EXPLAIN,
    Verb.MERGE: StatementClass.MERGE,
    Verb.TEMPORARY: StatementClass.TEMPORARY,
    Verb.OTHER: StatementClass.OTHER,
}


def statement_class(facts: Facts) -> StatementClass:
    """The class of a statement; everything that is about the session itself is SESSION."""
    return _CLASSES.get(facts.verb, StatementClass.SESSION)


def decide(facts: Facts, context: Context) -> Judgement:
    """Judge one statement."""
    protected = context.protected(facts)
    named = tuple(sorted({rule.name for _, rule in protected if not context.is_system(rule)}))
    for rule in RULES:
        refusal = rule(facts, context)
        if refusal is not None:
            return Judgement(
                Decision(
                    Verdict.REFUSE,
                    refusal.rule,
                    refusal.article,
                    refusal.reason,
                    statement_class(facts),
                    named,
                )
            )
    obligations = tuple(
        Obligation(reference, rule, form, _physical(facts, reference, rule, context))
        for reference, rule in protected
        if (form := narrowing(facts, reference, rule)) is not None
    )
    withheld = functions.withheld(facts, context)
    if not obligations and not withheld:
        if is_bare(facts):
            rule_name, verdict = RuleName("temporary-relation"), Verdict.STRIP
            return Judgement(Decision(verdict, rule_name, None, "", statement_class(facts), named))
        rule_name = RuleName("schema-change" if facts.verb is Verb.DDL else "nothing-protected")
        return Judgement(Decision(Verdict.PASS, rule_name, None, "", statement_class(facts), named))
    permits = _widening(obligations, context.permits)
    return Judgement(
        Decision(
            Verdict.STRIP,
            RuleName("permitted-rows") if permits else _stripping_rule(named, obligations),
            ARTICLE if permits else _article(obligations),
            "",
            statement_class(facts),
            named,
            tuple(permit.number for permit in permits),
        ),
        obligations,
        withheld,
    )


def narrowing(facts: Facts, reference: Reference, rule: RelationRule) -> Form | None:
    """The cheapest form that is a barrier for this reference; None where no row is read."""
    match reference.access:
        case Access.INSERT | Access.MERGE | Access.STRUCTURE:
            return None
        case Access.UPDATE | Access.DELETE:
            return Form.GUARD if reference.exposed else Form.FILTER
        case Access.READ:
            if reference.exposed:
                return Form.FENCE
            return Form.FILTER if reference.filterable and not rule.mask else Form.SUBQUERY


def _physical(
    facts: Facts, reference: Reference, rule: RelationRule, context: Context
) -> tuple[str, ...]:
    """The system columns of a catalogue that the statement names: they tell of definitions, and
    graphical tools tell catalogues apart by them. None where more columns would show or join."""
    named = facts.column_names & _OF_DEFINITIONS
    relation = reference.relation
    if not named or not context.is_system(rule) or relation is None:
        return ()
    if relation.kind is not RelationKind.TABLE:
        return ()
    if reference.refname in facts.column_names or _spreads_a_table(facts):
        return ()
    if any(body.get("isNatural") for _, body in nodes(facts.body)):
        return ()
    return tuple(sorted(named))


def _spreads_a_table(facts: Facts) -> bool:
    """Whether a ``*`` may stand for the columns of a table. Over subqueries alone it stands for
    what they name: tools put one around a query to filter what comes of it."""
    stars_count = 0
    for kind, body in nodes({facts.kind: facts.body}):
        if kind == "A_Star":
            stars_count += 1
        elif kind == "SelectStmt":
            stars_count -= _stars_over_subqueries(body)
    return stars_count > 0


def _stars_over_subqueries(select: Body) -> int:
    sources = items(select, "fromClause")
    if not all(body_of(source, "RangeSubselect") for source in sources):
        return 0
    targets = [body_of(target, "ResTarget") or {} for target in items(select, "targetList")]
    named = [body_of(target.get("val"), "ColumnRef") or {} for target in targets]
    return sum(strings(items(reference, "fields")) == ["*"] for reference in named)


_OF_DEFINITIONS = frozenset(("tableoid", "xmin"))


def _stripping_rule(
    named: tuple[QualifiedName, ...], obligations: tuple[Obligation, ...]
) -> RuleName:
    """What weighs most of what is left out: records, columns of a catalogue, or counts."""
    if named:
        return RuleName("sealed-rows")
    return RuleName("catalogue-columns" if obligations else "withheld-counts")


def _widening(
    obligations: tuple[Obligation, ...], permits: tuple[Permit, ...]
) -> tuple[Permit, ...]:
    """Those by which something of what is read may show that else would not."""
    scopes = {scope for obligation in obligations for scope in obligation.rule.widened_by}
    return tuple(permit for permit in permits if permit.scope in scopes)


def _article(obligations: tuple[Obligation, ...]) -> Article | None:
    return next((o.rule.article for o in obligations if o.rule.article), None)


def refuse(refusal: Refusal, kind: StatementClass) -> Decision:
    """A refusal as the decision it is, for texts that never became facts."""
    return Decision(Verdict.REFUSE, refusal.rule, refusal.article, refusal.reason, kind)
