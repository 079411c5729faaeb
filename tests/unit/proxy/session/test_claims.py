"""What a session says is what the server has: against a model of its transactions."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.names import CASE_SETTING, OPERATOR_SETTING
from proxy.policy.attribution import Said
from proxy.session.claims import Claims
from proxy.session.plan import Plan, ResetClaims
from proxy.session.savepoints import SAVEPOINTS_MAX
from proxy.statement.claims import Claim
from proxy.statement.commands import TransactionControl
from proxy.statement.tags import UNREADABLE
from tests.unit.proxy.session.playbook import decision

FIRST = Said(("begun",), ("",))
SAVEPOINTS = st.sampled_from(["s", "t"])
STEPS = st.one_of(
    st.builds(
        Claim,
        st.sampled_from([OPERATOR_SETTING, CASE_SETTING]),
        st.sampled_from(["a", "b", None]),
        st.booleans(),
    ),
    st.just(ResetClaims()),
    st.builds(TransactionControl, st.sampled_from(["COMMIT", "ROLLBACK"])),
    st.builds(TransactionControl, st.sampled_from(["SAVEPOINT", "ROLLBACK_TO"]), SAVEPOINTS),
    st.builds(TransactionControl, st.just("RELEASE"), SAVEPOINTS),
)


class Server:
    """guc.c, told by copying everything at each turn: [lasting, hidden by a SET LOCAL]."""

    def __init__(self):
        self.now = {OPERATOR_SETTING: ["begun", None], CASE_SETTING: ["", None]}
        self.before, self.savepoints = self.copy(), []

    def copy(self):
        return {name: list(pair) for name, pair in self.now.items()}

    def run(self, step):
        match step:
            case Claim(name=name, value=value, local=local):
                value = (
                    {OPERATOR_SETTING: "begun", CASE_SETTING: ""}[name] if value is None else value
                )
                self.now[name] = [self.now[name][0], value] if local else [value, None]
            case ResetClaims():
                self.now = {OPERATOR_SETTING: ["begun", None], CASE_SETTING: ["", None]}
            case TransactionControl(kind="SAVEPOINT", savepoint=name):
                self.savepoints.append((name, self.copy()))
            case TransactionControl(kind="COMMIT"):
                self.now = {name: [pair[0], None] for name, pair in self.now.items()}
                self.before, self.savepoints = self.copy(), []
            case TransactionControl(kind="ROLLBACK"):
                self.now = self.before
                self.before, self.savepoints = self.copy(), []
            case TransactionControl(kind=kind, savepoint=name):
                found = [n for n, (each, _) in enumerate(self.savepoints) if each == name]
                if not found:
                    return False
                del self.savepoints[found[-1] + (kind != "RELEASE") :]
                if kind == "ROLLBACK_TO":
                    self.now = self.savepoints[-1][1]
                    self.savepoints[-1] = (name, self.copy())
        return True

    def shown(self, name):
        lasting, local = self.now[name]
        return lasting if local is None else local


def plan(*effects, first=False):
    return Plan(decision(), "text", effects=effects, claims=bool(effects), claims_first=first)


def now(claims, what=None, values=None):
    said = claims.said(what or plan(), values, "utf-8")
    return said.operators, said.cases


def apply(claims, step):
    if isinstance(step, TransactionControl):
        claims.follow(step, failed=False)
    else:
        claims.apply(step, None, "utf-8")


@given(st.lists(STEPS, max_size=30))
def test_it_is_what_the_server_has(steps):
    server, claims = Server(), Claims(FIRST)
    for step in steps:
        if server.run(step):
            apply(claims, step)
        assert now(claims) == (
            (server.shown(OPERATOR_SETTING),), (server.shown(CASE_SETTING),)
        )  # fmt: skip


def test_a_text_that_says_it_first_is_said_by_that_and_any_other_by_all_it_says():
    claims = Claims(FIRST)
    a, b = Claim(OPERATOR_SETTING, "a"), Claim(OPERATOR_SETTING, "b")
    assert now(claims, plan(a, b, first=True))[0] == ("b",)
    assert now(claims, plan(a, b))[0] == ("begun", "a", "b")
    assert now(claims)[0] == ("begun",)


def bound(*values):
    raw = struct.pack(">HH", 0, len(values))
    for value in values:
        raw += struct.pack(">i", -1 if value is None else len(value)) + (value or b"")
    return raw + struct.pack(">H", 0)


@pytest.mark.parametrize(
    ("values", "operator"),
    [
        (bound(b"a"), "a"), (bound(b""), ""), (bound(None), "begun"),
        (bound(b"\xff"), UNREADABLE), (bound(), UNREADABLE), (None, UNREADABLE),
    ],
)  # fmt: skip
def test_a_parameter_is_read_in_the_sessions_encoding(values, operator):
    claims, effect = Claims(FIRST), Claim(OPERATOR_SETTING, None, parameter=1)
    assert now(claims, plan(effect, first=True), values)[0] == (operator,)
    claims.apply(effect, values, "utf-8")
    assert now(claims)[0] == (operator,)


def test_what_nobody_can_know_is_nobody():
    claims = Claims(FIRST)
    claims.failed((Claim(OPERATOR_SETTING, "a"),))
    assert now(claims)[0] == ("begun",)
    claims.failed((Claim(OPERATOR_SETTING, "a"), TransactionControl("COMMIT")))
    assert now(claims)[0] == (UNREADABLE,)
    claims = Claims(FIRST)
    for number in range(SAVEPOINTS_MAX + 1):
        claims.follow(TransactionControl("SAVEPOINT", f"s{number}"), failed=False)
    claims.follow(TransactionControl("ROLLBACK_TO", "s0"), failed=False)
    assert now(claims)[0] == (UNREADABLE,)


def test_an_application_name_is_the_last_that_the_server_told():
    claims = Claims(Said(application_name="one"))
    claims.named("two")
    assert claims.said(plan(), None, "utf-8").application_name == "two"
