"""Both directions of a session at once, under whatever a client, a server and a ledger may do."""

from __future__ import annotations

import secrets

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests.fuzzing.messages import GARBLED, TERMINATE, UNSOUND, Numbered, flow
from tests.fuzzing.playing import sessions
from tests.fuzzing.wire import Wire

FRESH_COUNT = 1_000
SIZES = st.one_of(st.integers(1, 40), st.just(1 << 20))


class Machine(RuleBasedStateMachine):
    """Every rule is an event; `Wire` asserts after each."""

    @initialize(slow_every=st.sampled_from([0, 2, 3]))
    def begin(self, slow_every: int) -> None:
        self.wire = Wire(slow_every)
        self.make = Numbered()

    @rule(choices=st.lists(st.integers(0, 250), min_size=6, max_size=6))
    def the_client_sends(self, choices: list[int]) -> None:
        self.wire.send(flow(self.make, lambda below: choices.pop() % below if choices else 0))

    @rule(size_bytes=SIZES)
    def bytes_of_the_client_arrive(self, size_bytes: int) -> None:
        self.wire.feed(size_bytes)

    @rule(messages=st.integers(1, 5))
    def the_server_reads(self, messages: int) -> None:
        for _ in range(messages):
            self.wire.step()

    @rule(size_bytes=SIZES)
    def bytes_of_the_server_arrive(self, size_bytes: int) -> None:
        self.wire.deliver(size_bytes)

    @rule()
    def a_plan_arrives(self) -> None:
        self.wire.plan()

    @rule(count=st.integers(1, 4))
    def records_become_durable(self, count: int) -> None:
        self.wire.acknowledge(count)

    @rule()
    def the_policy_changes(self) -> None:
        self.wire.use()

    @rule(kind=st.sampled_from(["notice", "notification", "parameter", "cancel", "flush"]))
    def something_comes_unasked(self, kind: str) -> None:
        self.wire.interject(kind)

    @rule()
    def everything_arrives(self) -> None:
        self.wire.settle()

    @precondition(lambda self: self.wire.numbers_count > 2)
    @rule(fatal=st.booleans(), really=st.integers(0, 9))
    def the_server_goes(self, fatal: bool, really: int) -> None:
        if not really:
            self.wire.close(fatal=fatal)

    @precondition(lambda self: self.wire.numbers_count > 1)
    @rule(raw=st.sampled_from(GARBLED), really=st.integers(0, 9))
    def the_server_breaks_its_protocol(self, raw: bytes, really: int) -> None:
        if not really:
            self.wire.garble(raw)

    @rule(raw=st.sampled_from((*UNSOUND, TERMINATE)), really=st.integers(0, 9))
    def the_client_breaks_its_protocol(self, raw: bytes, really: int) -> None:
        if not really:
            self.wire.send([raw], sound=raw == TERMINATE)

    def teardown(self) -> None:
        if hasattr(self, "wire"):
            self.wire.finish()


TestMachine = Machine.TestCase
TestMachine.settings = settings(stateful_step_count=60, deadline=None)


def test_sessions_of_a_fresh_seed():
    seed = secrets.randbelow(1 << 32)
    print(f"seed {seed}")
    sessions(seed, FRESH_COUNT)
