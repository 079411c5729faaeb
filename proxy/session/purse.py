"""How much of protected relations a session's statements may give: asked of the budget before each
is recorded, and kept to by cutting off what goes beyond. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from proxy.policy.asked import PERSON
from proxy.policy.attribution import Attribution
from proxy.policy.decision import Decision
from proxy.policy.law import Principal
from proxy.policy.permit import Permit
from proxy.policy.uses import Use
from proxy.session import refusals
from proxy.session.commands import Need
from proxy.session.named import people
from proxy.session.plan import Grant, Plan


@dataclass(frozen=True, slots=True)
class WhoAsks:
    """Who asks, in which codec the values are that they bind, and by which permits they may ask
    for a list of people."""

    principal: Principal
    attribution: Attribution
    codec: str
    batch: tuple[Permit, ...] = ()


def cut_off(plan: Plan | None) -> Decision:
    """Why an answer ends where it does."""
    assert plan is not None
    spends = plan.grant is not None and plan.grant.spends
    return (refusals.subject_budget if spends else refusals.row_limit)(plan.decision)


class Purse:
    """Of one session. Where the budget has to be asked, `need` says what, and `reserved` is the
    answer, which counts for the message it was asked for alone."""

    def __init__(self) -> None:
        self.need: Need | None = None
        self._answered: dict[Need, Grant | None] = {}

    @property
    def waiting(self) -> bool:
        """The budget has been asked and has not answered."""
        return self.need is not None

    def reserved(self, grant: Grant | None) -> None:
        """The answer; None: there is not as much left."""
        assert self.need is not None
        self._answered[self.need], self.need = grant, None

    def taken(self) -> None:
        """The message is done with."""
        self._answered.clear()

    def afford(self, plan: Plan, values: bytes | None, who: WhoAsks) -> Plan | None:
        """``plan`` with what it may give, or a refusal in its place; None: ask the budget first.

        What is asked for decides, never what there is: sealed or absent, each counts alike.
        """
        what, limits = plan.asked, who.principal.limits
        if what is None or plan.text is None:
            return plan
        named = None if what.broad else people(what, values, who.codec)
        if named is None and who.principal.bulk_refused and not what.counts:
            return Plan(refusals.bulk_access(plan.decision), None)
        listed = () if named is None else _listed(named, who.batch)
        if listed:
            decision = replace(plan.decision, permits=(*plan.decision.permits, *listed))
            grant = Grant(named or (), limits.rows_per_statement, permitted=True)
            return replace(plan, decision=decision, grant=grant)
        if named is not None and len(named) > (limits.subjects_per_statement or len(named)):
            return Plan(refusals.bulk_access(plan.decision), None)
        allowed: Grant | None = Grant(named or (), limits.rows_per_statement)
        if limits.counts and named != ():
            weight = 0 if named is not None else max(what.weight, 1)
            need = Need(who.attribution, named or (), limits.rows_per_statement, weight)
            if need not in self._answered:
                self.need = need
                return None
            allowed = self._answered[need]
        if allowed is None:
            return Plan(refusals.subject_budget(plan.decision), None)
        return replace(plan, grant=allowed)

    def use(self, plan: Plan, permits: tuple[Permit, ...] | None, who: Attribution) -> Plan | None:
        """``plan`` once it has a use of each of these permits, or a refusal; None: ask first.

        None for ``permits``: one of those that the plan was made by counts no more.
        """
        if permits is None:
            return Plan(refusals.PERMIT_ENDED, None)
        uses = tuple(Use(each.number, each.uses_max or 0) for each in permits)
        if not uses:
            return plan
        need = Need(who, uses=uses)
        if need not in self._answered:
            self.need = need
            return None
        answer = self._answered[need]
        used = answer is not None and not answer.used_up
        return plan if used else Plan(refusals.PERMIT_ENDED, None)


def _listed(people: Iterable[tuple[str, str]], permits: Iterable[Permit]) -> tuple[str, ...]:
    """The permits that list all of them; none where somebody is not on any list.

    What is named by a key of the site's own, and not by an identity number, is on none.
    """
    lists = [(permit.number, frozenset(permit.subjects)) for permit in permits]
    found: dict[str, None] = {}
    for domain, value in people:
        number = next((number for number, subjects in lists if value in subjects), None)
        if domain != PERSON or number is None:
            return ()
        found[number] = None
    return tuple(found)
