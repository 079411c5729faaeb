"""Permits by a clock that may be set back, and histories of them; ten thousand others with

    python -m tests.law.histories

In each, permits of every scope are granted, revoked and run out, while statements, prepared ones
and cursors are judged for several principals, people and cases. A model that knows neither law nor
planner says whose records may show; in what is sent stand those people, and nobody else.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from proxy.names import PrincipalName
from proxy.policy.decision import Verdict
from proxy.policy.law import Principal, PrincipalKind
from proxy.policy.permit import Permit, Scope
from proxy.server.permits import HighWater, Permits
from proxy.session import refusals
from proxy.session.judge import Judge
from proxy.session.mirror import Mirror
from proxy.session.names import Statement
from proxy.session.plan import Plan, Scene
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.settings.law import law_of
from proxy.settings.problems import parse_document
from proxy.statement.catalogue import Catalogue
from tests.unit.proxy.small_world import PATH, base, relation

COURT = PrincipalName("court")
PERMIT = Permit("p-1", COURT, Scope.FULL, ("P0001",), 100.0, 200.0)


@dataclass
class Clock:
    """The clock on the wall may be set; the other one only goes on."""

    wall: float = 150.0
    elapsed: float = 0.0

    def high_water(self) -> HighWater:
        return HighWater(lambda: self.wall, lambda: self.elapsed)


@pytest.mark.parametrize(("now", "there"), [(99, False), (100, True), (199, True), (200, False)])
def test_it_is_in_force_from_its_beginning_to_before_its_end(now, there):
    permits = Permits(Clock(now).high_water())
    permits.replace((PERMIT,))
    assert permits.of(COURT) == ((PERMIT,) if there else ())
    assert permits.of(PrincipalName("other")) == ()


def test_a_clock_that_goes_back_revives_none_that_has_ended():
    clock = Clock()
    permits = Permits(clock.high_water())
    permits.replace((PERMIT,))
    clock.wall = 200
    assert permits.of(COURT) == ()
    clock.wall = 150
    assert permits.of(COURT) == ()


def test_nor_one_that_ended_while_nobody_asked():
    clock = Clock()
    permits = Permits(clock.high_water())
    permits.replace((PERMIT,))
    clock.elapsed += 60
    assert permits.of(COURT) == ()


def test_none_begins_before_its_time_because_the_clock_was_ahead():
    clock = Clock(90)
    permits = Permits(clock.high_water())
    permits.replace((PERMIT,))
    clock.wall = 120
    assert permits.of(COURT) == (PERMIT,)
    clock.wall = 90
    assert permits.of(COURT) == ()


def test_how_late_it_is_elsewhere_counts_here_too():
    permits = Permits(Clock().high_water())
    permits.replace((PERMIT,))
    permits.clock.raise_to(200)
    permits.clock.raise_to(10)
    assert permits.of(COURT) == ()


def test_what_is_replaced_is_gone_and_two_of_one_number_replace_nothing():
    permits = Permits(Clock().high_water())
    permits.replace((replace(PERMIT, number="p-2"), PERMIT))
    assert [each.number for each in permits.of(COURT)] == ["p-1", "p-2"]
    with pytest.raises(ValueError, match="number"):
        permits.replace((PERMIT, PERMIT))
    assert len(permits.of(COURT)) == 2
    permits.replace(())
    assert permits.of(COURT) == ()


POLICY = """
[relation."base.records"]
article = "第16条"
visible_when = "self.open"

[relation."base.records".permitted]
full = "self.whole_no IN (permit.subjects)"

[relation."base.records".permitted.conviction]
when = "self.part_no IN (permit.subjects)"
columns = ["id"]
"""
KINDS = {
    "court": PrincipalKind.JUDICIAL,
    "unit": PrincipalKind.UNIT,
    "office": PrincipalKind.HANDLER,
    "platform": PrincipalKind.PLATFORM,
}
MAY_HAVE = {
    ("court", Scope.FULL), ("court", Scope.CONVICTION), ("office", Scope.FULL),
    ("office", Scope.CONVICTION), ("unit", Scope.CONVICTION),
}  # fmt: skip
"""Written out, and not asked of the product."""
PEOPLE = ("P0001", "P0002", "11010519491231002X")
RECORDS = "SELECT id FROM base.records"

JUDGED = ("court", "office", "unit")
SAID = ((None, None), ("u1", None), ("u1", "c1"), ("u2", "c1"), (None, "c2"))
KEPT_MAX = 4

principals = st.sampled_from(("court", "court", "office", "unit", "unit", "platform"))
asking = st.sampled_from(JUDGED)
scopes = st.sampled_from((Scope.FULL, Scope.CONVICTION, *Scope))
names = st.sampled_from((None, None, "u1", "u2"))
cases = st.sampled_from((None, None, "c1", "c2"))
seconds = st.sampled_from((1.0, 5.0, 30.0, 200.0))

LAW = law_of(parse_document(Path("policy.toml"), POLICY.encode()))
RECORD = relation("records", "id:bigint open:boolean whole_no:text part_no:text")
PLANNER = Planner(LAW, Catalogue("agency", "v1", {base("records"): RECORD}))
CACHE = PlanCache()


class Plans:
    """As the server has them, on the spot."""

    generation = 1
    misread: frozenset[str] = frozenset()

    def __init__(self, permits: Permits) -> None:
        self.permits, self.use_up = permits.of, permits.use_up
        self.used_up = permits.used_up

    def lookup(self, text: str, scene: Scene) -> Plan | None:
        plan = CACHE.lookup(text, scene)
        if plan is None:
            planned = PLANNER.work_out(text, scene)
            CACHE.remember(text, scene, planned)
            plan = planned.plan
        return plan


def shown(text: str) -> tuple[frozenset[str], frozenset[str]]:
    """Whose records show in what is sent: whole, and a few columns."""
    found = [
        {each for listed in re.findall(column + r" IN \(([^)]*)\)", text)
         for each in re.findall("'([^']*)'", listed)}
        for column in ("whole_no", "part_no")
    ]  # fmt: skip
    return frozenset(found[0]), frozenset(found[1])


@dataclass
class Granted:
    permit: Permit
    over: bool = False


@dataclass
class Opened:
    principal: str
    plan: Plan


@dataclass
class Prepared:
    principal: str
    operator: str | None
    case: str | None
    statement: Statement


class Histories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock(wall=1_000.0)
        self.latest = self.clock.wall
        self.permits = Permits(self.clock.high_water())
        self.granted: list[Granted] = []
        self.numbers = 0
        self.prepared: list[Prepared] = []
        self.cursors: list[Opened] = []
        plans = Plans(self.permits)
        self.judges = {
            name: Judge(Mirror(one, "app", PATH, "utf-8"), plans)
            for name, kind in KINDS.items()
            for one in [Principal(PrincipalName(name), kind, ())]
        }

    # What the model knows.

    def valid(self, who: str, operator: str | None, case: str | None) -> list[Permit]:
        found = []
        for each in self.granted:
            permit = each.permit
            theirs = permit.principal == who and (who, permit.scope) in MAY_HAVE
            bound = (permit.operator and permit.operator != operator) or (
                permit.case and permit.case != case
            )
            begun = self.clock.wall >= permit.valid_from
            if theirs and not bound and begun and not each.over:
                found.append(permit)
        return found

    def expected(
        self, who: str, operator: str | None, case: str | None
    ) -> tuple[frozenset[str], frozenset[str]]:
        people: dict[Scope, set[str]] = {Scope.FULL: set(), Scope.CONVICTION: set()}
        for permit in self.valid(who, operator, case):
            people[permit.scope].update(permit.subjects)
        return frozenset(people[Scope.FULL]), frozenset(people[Scope.CONVICTION])

    def time_passes(self, passed: float) -> None:
        self.latest = max(self.latest + passed, self.clock.wall)
        for each in self.granted:
            each.over = each.over or self.latest >= each.permit.valid_until
        # A process looks at the clock between two settings of it.
        self.permits.clock.now()

    # What happens.

    @rule(
        who=principals, scope=scopes, people=st.sets(st.sampled_from(PEOPLE)),
        starts=st.sampled_from((-100.0, 0.0, 20.0)), lasts=seconds, operator=names, case=cases,
    )  # fmt: skip
    def grant(
        self, who: str, scope: Scope, people: set[str], starts: float, lasts: float,
        operator: str | None, case: str | None,
    ) -> None:  # fmt: skip
        self.numbers += 1
        starts += self.clock.wall
        permit = Permit(
            f"p-{self.numbers}", PrincipalName(who), scope, tuple(people), starts, starts + lasts,
            operator, case,
        )  # fmt: skip
        self.granted.append(Granted(permit))
        self.time_passes(0.0)
        self.permits.replace([each.permit for each in self.granted])

    @rule(which=st.integers(0, 20))
    def revoke(self, which: int) -> None:
        if self.granted:
            del self.granted[which % len(self.granted)]
        self.permits.replace([each.permit for each in self.granted])

    @rule(passed=seconds)
    def wait(self, passed: float) -> None:
        self.clock.elapsed += passed
        self.clock.wall += passed
        self.time_passes(passed)

    @rule(by=seconds, back=st.booleans())
    def set_the_clock(self, by: float, back: bool) -> None:
        self.clock.wall += -by if back else by
        self.time_passes(0.0)

    @rule(who=asking, operator=names, case=cases, cursor=st.booleans())
    def keep(self, who: str, operator: str | None, case: str | None, cursor: bool) -> None:
        raw = tagged(RECORDS, operator, case)
        judged = self.judges[who].judge(raw)
        assert judged is not None
        if cursor:
            self.cursors = [*self.cursors[-KEPT_MAX:], Opened(who, judged.plan)]
        else:
            statement = self.judges[who].statement(raw, judged)
            kept = Prepared(who, operator, case, statement)
            self.prepared = [*self.prepared[-KEPT_MAX:], kept]

    # What has to hold after each of these.

    @invariant()
    def those_show_who_may_and_nobody_else(self) -> None:
        for who, (operator, case) in product(JUDGED, SAID):
            judged = self.judges[who].judge(tagged(RECORDS, operator, case))
            assert judged is not None
            assert judged.upstream is not None
            assert shown(judged.upstream.decode()) == self.expected(who, operator, case)
            used = {each.number for each in self.valid(who, operator, case) if each.subjects}
            assert set(judged.plan.decision.permits) == used

    @invariant()
    def a_platform_is_refused(self) -> None:
        judged = self.judges["platform"].judge(RECORDS.encode())
        assert judged is not None
        assert judged.upstream is None

    @invariant()
    def who_says_two_things_has_what_is_bound_to_nobody(self) -> None:
        judged = self.judges["court"].judge(tagged(RECORDS, "u1", "c1") + b" /* operator=u2 */")
        assert judged is not None
        assert judged.upstream is not None
        assert shown(judged.upstream.decode()) == self.expected("court", None, "c1")

    @invariant()
    def what_was_prepared_shows_the_same_or_is_stale(self) -> None:
        for kept in self.prepared:
            decision = self.judges[kept.principal].judge_again(kept.statement)
            expected = self.expected(kept.principal, kept.operator, kept.case)
            if decision is refusals.STALE_STATEMENT:
                assert shown(kept.statement.sent) != expected
            else:
                assert decision is not None
                assert decision.verdict is not Verdict.REFUSE
                assert shown(kept.statement.sent) == expected

    @invariant()
    def a_cursor_is_read_while_all_count_that_it_was_opened_under(self) -> None:
        for opened, (operator, case) in product(self.cursors, SAID):
            judge = self.judges[opened.principal]
            fetching = judge.judge(tagged("FETCH ALL FROM c", operator, case))
            assert fetching is not None
            valid = {each.number for each in self.valid(opened.principal, operator, case)}
            ended = not valid.issuperset(opened.plan.decision.permits)
            assert judge.permit_ended(opened.plan, fetching.plan) == ended


def tagged(text: str, operator: str | None, case: str | None) -> bytes:
    said = [f"{key}={value}" for key, value in (("operator", operator), ("case", case)) if value]
    return (f"/* {' '.join(said)} */ {text}" if said else text).encode()


Histories.TestCase.settings = settings(
    max_examples=200,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    database=None,
)
TestHistories = Histories.TestCase


def test_what_is_used_up_stays_so_until_it_is_no_permit():
    permits = Permits(Clock().high_water())
    limited = replace(PERMIT, uses_max=2)
    permits.replace((limited,))
    permits.use_up(PrincipalName("other"), (PERMIT.number,))
    permits.use_up(COURT, ("unknown",))
    assert permits.used_up == frozenset()
    permits.use_up(COURT, (PERMIT.number,))
    permits.replace((limited,))
    assert permits.used_up == {limited}
    permits.replace((replace(limited, uses_max=3),))
    assert permits.used_up == frozenset()
