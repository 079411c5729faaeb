"""What the product decides on a statement of the month: the planner, the budget and the permits of
a worker, by the demo's policy and the catalogue of its database, at the time that it is there."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from ledger.pseudonyms import Pseudonyms
from proxy.names import SearchPath
from proxy.policy.attribution import Attribution, Said
from proxy.policy.budget import Budget
from proxy.policy.decision import Verdict
from proxy.policy.law import Law, Principal
from proxy.policy.permit import SCOPES_OF, Permit, Scope
from proxy.record.scribe import Basis
from proxy.record.spending import request
from proxy.session import refusals
from proxy.session.names import effective_path
from proxy.session.plan import Grant, Plan, Scene
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.session.purse import Purse, WhoAsks
from proxy.statement.catalogue import Catalogue

_CODEC: Final = "utf-8"


@dataclass(frozen=True, slots=True)
class Asking:
    """One statement and the login it comes over; ``values`` the tail of a Bind, ``setting`` the
    operator that the session has set."""

    user: str
    text: str
    values: bytes | None = None
    setting: str = ""


@dataclass(frozen=True, slots=True)
class Judged:
    """The plan for a statement, and whom it is recorded of."""

    principal: Principal
    plan: Plan
    attribution: Attribution

    @property
    def refused(self) -> bool:
        """It never reaches the database."""
        return self.plan.decision.verdict is Verdict.REFUSE


class Judging:
    """Of all logins. ``permits`` are those that were granted, until they are taken back."""

    def __init__(
        self, law: Law, catalogue: Catalogue, schemas: tuple[str, ...], pseudonyms: Pseudonyms
    ) -> None:
        """``schemas`` is the search_path of the applications' logins. Raises
        `ConfigurationError` where the law does not fit the catalogue."""
        self.basis = Basis(law.digest, catalogue.version)
        self.permits: dict[str, Permit] = {}
        self._planner = Planner(law, catalogue)
        self._cache = PlanCache()
        self._schemas = schemas
        self._pseudonyms = pseudonyms
        self._by_user = {
            match.user: principal
            for principal in law.principals
            for match in principal.matches
            if match.user is not None
        }
        limits = {each.name: each.limits for each in law.principals if each.limits.counts}
        self._budget = Budget(limits)

    @property
    def law(self) -> Law:
        """The policy in force, the whole month."""
        return self._planner.law

    def judge(self, asking: Asking, now: float) -> Judged:
        """What is done with it at a time, in Unix seconds; the people it asks for are counted."""
        principal = self._by_user[asking.user]
        scene = Scene(principal, self._path(asking.user))
        plan = self._plan(asking.text, scene)
        said = Said(
            operators=(asking.setting,) if asking.setting else (), tags=plan.tags, user=asking.user
        )
        who = principal.attribution.attribute(said)
        permits = tuple(each for each in self._in_force(now) if each.is_for(who.operator, who.case))
        of_principal = tuple(each for each in permits if each.principal == principal.name)
        if of_principal and plan.decision.relations and plan.text is not None:
            plan = self._plan(asking.text, replace(scene, permits=of_principal))
        batch = tuple(each for each in of_principal if each.scope is Scope.BATCH)
        if Scope.BATCH not in SCOPES_OF[principal.kind]:
            batch = ()
        asks = WhoAsks(principal, who, _CODEC, batch)
        return Judged(principal, self._afforded(plan, asking, asks, now), who)

    def _plan(self, text: str, scene: Scene) -> Plan:
        known = self._cache.lookup(text, scene)
        if known is not None:
            return known
        planned = self._planner.work_out(text, scene)
        self._cache.remember(text, scene, planned)
        return planned.plan

    def _afforded(self, plan: Plan, asking: Asking, asks: WhoAsks, now: float) -> Plan:
        purse = Purse()
        afforded = purse.afford(plan, asking.values, asks)
        if afforded is not None:
            return afforded
        need = purse.need
        assert need is not None
        if not need.people:
            # Who is counted has to name the people; nobody of the month asks otherwise.
            return Plan(refusals.bulk_access(plan.decision), None)
        wanted = request(need, asks.principal.name, self._pseudonyms)
        allowed = self._budget.ask(wanted.asker, wanted.people, now)
        purse.reserved(Grant(need.people, need.rows_max) if allowed else None)
        afforded = purse.afford(plan, asking.values, asks)
        assert afforded is not None
        return afforded

    def _in_force(self, now: float) -> list[Permit]:
        return [each for each in self.permits.values() if each.valid_from <= now < each.valid_until]

    def _path(self, user: str) -> SearchPath:
        return effective_path(self._schemas, user)
