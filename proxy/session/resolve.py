"""What a plan means once the names in it are looked up: FETCH of a cursor, EXECUTE of a statement.

Cursors and portals are one namespace, PREPARE and Parse another, on the server and therefore here.
What a name stands for was judged when it got the name; whoever runs it answers for it again, with
the same relations, the same guard and the same order of record and sending.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from proxy.policy.asked import together, unbound
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.session import refusals
from proxy.session.judge import Judge
from proxy.session.mirror import Mirror
from proxy.session.names import Change, Portal, Statement
from proxy.session.operation import Operation
from proxy.session.plan import Namespace, OpenCursor, Plan, PrepareStatement, Timing, Use

_ROWS: Final = frozenset(
    {
        StatementClass.SELECT,
        StatementClass.INSERT,
        StatementClass.UPDATE,
        StatementClass.DELETE,
    }
)
_CURSORS: Final = _ROWS | {StatementClass.CURSOR, StatementClass.EXECUTE}
_STATEMENTS: Final = _ROWS | {StatementClass.EXECUTE}
_WEIGHT: Final = (Verdict.REFUSE, Verdict.STRIP, Verdict.PASS)

Pending = Change[Portal] | Change[Statement] | Operation


def resolve(plan: Plan, mirror: Mirror, judge: Judge) -> Plan | Pending | None:
    """`plan` together with everything it runs, refused if that must not be run.

    Else what the server has to answer first: a change of an earlier segment, or an operation of
    this one; or None where `judge` has a question. Nothing that settles may be under way.
    """
    resolved = plan
    for use in plan.uses:
        pending = _pending(use, mirror)
        if pending is not None and pending.segment != mirror.segment:
            return pending
        run = _cursor if _is_cursor(use) else _statement
        found = run(use, mirror, judge, plan)
        if found is None or isinstance(found, Operation):
            return found
        if isinstance(found, Decision):
            return Plan(found, None)
        resolved = _together(resolved, found)
    return resolved


def resolve_again(statement: Statement, mirror: Mirror, judge: Judge) -> Plan | Pending | None:
    """As `resolve`, for a statement that was judged some time ago."""
    decision = judge.judge_again(statement)
    if decision is None:
        return None
    if decision.verdict is Verdict.REFUSE:
        return Plan(decision, None)
    return resolve(statement.plan, mirror, judge)


def resolve_portal(portal: Portal, mirror: Mirror, judge: Judge) -> Plan | Pending | None:
    """As `resolve`. A portal keeps its meaning, but for what is looked up when it runs."""
    if judge.bars(portal.bare):
        return Plan(refusals.SCHEMA_CHANGING, None)
    if outlived(portal, judge):
        return Plan(refusals.STALE_CURSOR, None)
    if judge.permit_ended(portal.plan, portal.plan):
        return Plan(refusals.PERMIT_ENDED, None)
    if portal.bare.late:
        return resolve_again(portal.statement, mirror, judge)
    return resolve(portal.bare, mirror, judge) if portal.bare.uses else portal.plan


def define(operation: Operation, statement: Statement, values: bytes | None, turn: int) -> None:
    """Let `operation` define the names that its plan says, by running `statement`."""
    opens, prepares = [], []
    plan, segment = operation.plan, operation.segment
    for definition in plan.defines if plan is not None else ():
        name = definition.name.encode("ascii")
        match definition:
            case OpenCursor(plan=cursor, held=held):
                portal = Portal(
                    statement, cursor, cursor, values, turn=turn, cursor=True, held=held
                )
                opens.append(Change(segment, name, portal))
            case PrepareStatement(plan=running):
                prepared = replace(statement, plan=running, named=True)
                prepares.append(Change(segment, name, prepared))
    operation.opens, operation.prepares = tuple(opens), tuple(prepares)


def outlived(portal: Portal, judge: Judge) -> bool:
    """It has outlived its transaction, and what it was judged by has changed since."""
    return portal.kept and portal.statement.generation != judge.plans.generation


def _is_cursor(use: Use) -> bool:
    return use.namespace is Namespace.PORTAL


def _pending(use: Use, mirror: Mirror) -> Pending | None:
    name = use.name.encode("ascii")
    return mirror.portals.pending(name) if _is_cursor(use) else mirror.statements.pending(name)


def _cursor(
    use: Use, mirror: Mirror, judge: Judge, asking: Plan
) -> Plan | Decision | Operation | None:
    portal = mirror.portals.get(use.name.encode("ascii"))
    if portal is None or use.ended:
        return refusals.UNKNOWN_PORTAL
    if mirror.may_have_ended(portal):
        return mirror.head
    if not _runs_rows(portal.bare, _CURSORS):
        return refusals.OTHER_KIND
    if judge.permit_ended(portal.plan, asking):
        return refusals.PERMIT_ENDED
    return refusals.STALE_CURSOR if outlived(portal, judge) else portal.plan


def _statement(use: Use, mirror: Mirror, judge: Judge, asking: Plan) -> Plan | Decision | None:
    statement = mirror.statements.get(use.name.encode("ascii"))
    if statement is None:
        return refusals.UNKNOWN_STATEMENT
    decision = judge.judge_again(statement, asking)
    if decision is None:
        return None
    if decision.verdict is Verdict.REFUSE:
        return decision
    return statement.plan if _runs_rows(statement.plan, _STATEMENTS) else refusals.OTHER_KIND


def _runs_rows(plan: Plan, classes: frozenset[StatementClass]) -> bool:
    """It does nothing but run one query: what it means depends on no name and changes none."""
    names = plan.uses or plan.defines or plan.effects
    return plan.decision.statement_class in classes and not names and not plan.settle


def _together(plan: Plan, run: Plan) -> Plan:
    weightier = min((plan.decision, run.decision), key=lambda d: _WEIGHT.index(d.verdict))
    relations = tuple(sorted({*plan.decision.relations, *run.decision.relations}))
    own_class = plan.decision.statement_class
    permits = tuple(sorted({*plan.decision.permits, *run.decision.permits}))
    return replace(
        plan,
        decision=replace(
            weightier, statement_class=own_class, relations=relations, permits=permits
        ),
        timing=Timing.FIRST if Timing.FIRST in (plan.timing, run.timing) else Timing.WITH,
        guarded=plan.guarded or run.guarded,
        asked=together((plan.asked, unbound(run.asked))),
    )
