"""The desk against a model of it, over restarts and lost files, on a real ledger."""

import asyncio
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from proxy.desk.errors import DeskError
from proxy.desk.model import RefusalGround, RevocationReason, Standing, State
from proxy.policy.law import PrincipalKind
from tests.unit.proxy.desk.counter import (
    APPROVER,
    BATCH,
    BOTH,
    CASE,
    CHECK,
    CLERK,
    DAY,
    KINDS,
    SECOND,
    Site,
    law_of,
)

OFFICERS = st.sampled_from([CLERK, APPROVER, SECOND, BOTH])
NTH = st.integers(0, 30)


class Counter(RuleBasedStateMachine):
    """What a model says happens, happens; and what is in force is what the model says."""

    def __init__(self):
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.folder = Path(tempfile.mkdtemp(prefix="fengcun-desk-"))
        self.site = Site(self.folder)
        self.states: dict[str, State] = {}
        self.takers: dict[str, str] = {}
        self.until: dict[str, float] = {}
        self.days: dict[str, int] = {}
        self.principals: dict[str, str] = {}
        self.lost: set[str] = set()
        self.platforms: set[str] = {"bgcheck"}
        self.context = None
        self.begin()

    def run(self, step):
        return self.loop.run_until_complete(step)

    def begin(self):
        self.context = self.site.open()
        self.desk = self.run(self.context.__aenter__())

    def end(self):
        self.run(self.context.__aexit__(None, None, None))

    def teardown(self):
        self.end()
        self.loop.close()
        shutil.rmtree(self.folder)

    def attempt(self, step):
        try:
            return self.run(step), None
        except DeskError as error:
            return None, error.code

    def state(self, number):
        state = self.states[number]
        over = state is State.GRANTED and self.until[number] <= self.site.now
        return State.EXPIRED if over else state

    @rule(
        officer=OFFICERS,
        application=st.sampled_from([CASE, CHECK, BATCH]),
        standing=st.sampled_from([None, Standing.PLATFORM]),
        days=st.integers(1, 5),
    )
    def apply(self, officer, application, standing, days):
        asked = replace(application, valid_days=days)
        if standing is not None:
            asked = replace(asked, standing=standing)
        dossier, code = self.attempt(self.desk.apply(officer, asked))
        if officer not in (CLERK, BOTH):
            assert code == "role"
            return
        refused = standing is not None or asked.principal in self.platforms
        self.states[dossier.number] = State.REFUSED if refused else State.RECEIVED
        self.takers[dossier.number], self.days[dossier.number] = officer.name, days
        self.principals[dossier.number] = asked.principal
        assert dossier.state is self.states[dossier.number]

    def chosen(self, nth):
        return sorted(self.states)[nth % len(self.states)]

    def refusal_to_decide(self, officer, number):
        """Why this officer may not decide on it now, or None."""
        if officer is CLERK:
            return "role"
        if number in self.lost:
            return "unknown-number"
        if self.takers[number] == officer.name:
            return "own-application"
        return None if self.states[number] is State.RECEIVED else "decided"

    @precondition(lambda self: self.states)
    @rule(officer=OFFICERS, nth=NTH)
    def grant(self, officer, nth):
        number = self.chosen(nth)
        _, code = self.attempt(self.desk.grant(officer, number))
        expected = self.refusal_to_decide(officer, number)
        if expected is None and self.principals[number] in self.platforms:
            expected = "unlawful-now"
        assert code == expected
        if code is None:
            self.states[number] = State.GRANTED
            self.until[number] = self.site.now + self.days[number] * DAY

    @precondition(lambda self: self.states)
    @rule(officer=OFFICERS, nth=NTH, ground=st.sampled_from(RefusalGround))
    def refuse(self, officer, nth, ground):
        number = self.chosen(nth)
        _, code = self.attempt(self.desk.refuse(officer, number, ground))
        assert code == self.refusal_to_decide(officer, number)
        if code is None:
            self.states[number] = State.REFUSED

    @precondition(lambda self: self.states)
    @rule(officer=OFFICERS, nth=NTH, reason=st.sampled_from(RevocationReason))
    def revoke(self, officer, nth, reason):
        number = self.chosen(nth)
        _, code = self.attempt(self.desk.revoke(officer, number, reason))
        if officer is CLERK:
            assert code == "role"
        elif number in self.lost:
            assert code == "unknown-number"
        elif self.state(number) is not State.GRANTED:
            assert code == "not-in-force"
        else:
            assert code is None
            self.states[number] = State.REVOKED

    @precondition(lambda self: self.states)
    @rule(nth=NTH)
    def two_at_once(self, nth):
        number = self.chosen(nth)
        if number in self.lost or self.principals[number] in self.platforms:
            return

        async def both():
            return await asyncio.gather(
                self.desk.grant(APPROVER, number),
                self.desk.refuse(SECOND, number, RefusalGround.MISMATCH),
                return_exceptions=True,
            )

        granted, refused = self.run(both())
        if self.states[number] is State.RECEIVED:
            assert isinstance(refused, DeskError)
            assert granted.state is State.GRANTED
            self.states[number] = State.GRANTED
            self.until[number] = self.site.now + self.days[number] * DAY
        else:
            assert (granted.code, refused.code) == ("decided", "decided")

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours):
        self.site.now += hours * 3_600
        self.run(self.desk.expire())
        self.states = {number: self.state(number) for number in self.states}

    @rule(name=st.sampled_from(["court", "query-desk", "school"]))
    def a_policy_makes_somebody_a_platform_or_not(self, name):
        self.platforms ^= {name}
        kinds = {n: PrincipalKind.PLATFORM if n in self.platforms else k for n, k in KINDS.items()}
        self.site.law = law_of(kinds)
        self.run(self.desk.reconsider())

    @rule()
    def restart(self):
        self.end()
        self.begin()

    @precondition(lambda self: self.states)
    @rule(nth=NTH, tear=st.booleans())
    def restart_with_a_broken_file(self, nth, tear):
        number = self.chosen(nth)
        self.end()
        file = self.site.file(number)
        if tear and file.exists():
            last = file.read_bytes().splitlines()[-1]
            file.write_bytes(last[: len(last) // 2])
        else:
            file.unlink(missing_ok=True)
        self.lost.add(number)
        self.begin()

    @invariant()
    def what_is_in_force_is_what_the_model_says(self):
        expected = {
            number
            for number in self.states
            if self.state(number) is State.GRANTED
            and number not in self.lost
            and self.principals[number] not in self.platforms
        }
        assert self.site.numbers_in_force() == expected
        assert {each.number for each in self.desk.permits()} == expected

    @invariant()
    def every_application_stands_as_the_model_says(self):
        found = {each.number: each.state for each in self.desk.dossiers()}
        states = {n: self.state(n) for n in self.states if n not in self.lost}
        assert found == states


TestCounter = pytest.mark.slow(Counter.TestCase)
TestCounter.settings = settings(
    max_examples=5,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
