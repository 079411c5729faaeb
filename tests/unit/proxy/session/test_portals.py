"""Which portals are left, against a server that keeps them level by level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.commands import Unit
from proxy.session.names import Change
from proxy.session.portals import Portals
from proxy.session.savepoints import SAVEPOINTS_MAX
from proxy.statement.commands import TransactionControl
from tests.unit.proxy.session.playbook import portal

NAMES = st.sampled_from("ab")
STEPS = st.one_of(
    st.tuples(st.just("open"), st.sampled_from("xyz"), st.booleans()),
    st.tuples(st.sampled_from(("set", "release", "back")), NAMES, st.just(value=False)),
    st.tuples(st.just("end"), st.just(""), st.booleans()),
)


KINDS = {"set": "SAVEPOINT", "release": "RELEASE", "back": "ROLLBACK_TO"}


class Server:
    """Portals by the savepoint they belong to, as subtransactions own them."""

    def __init__(self):
        self.levels = [("", {})]
        self.kept = set()

    @property
    def open(self):
        return self.kept.union(*(names for _, names in self.levels))

    def find(self, name):
        return max((n for n, (s, _) in enumerate(self.levels) if n and s == name), default=None)

    def play(self, kind, name, flag):
        if kind == "open" and name not in self.open:
            self.levels[-1][1][name] = flag
        elif kind == "set":
            self.levels.append((name, {}))
        elif kind == "end":
            held = {n for _, names in self.levels for n, is_held in names.items() if is_held}
            self.kept |= held if flag else set()
            self.levels = [("", {})]
        elif (at := self.find(name)) is not None:
            ended = self.levels[at:]
            del self.levels[at:]
            if kind == "release":
                for _, names in ended:
                    self.levels[-1][1].update(names)
            else:
                self.levels.append((name, {}))


def play(portals, kind, name, flag):
    match kind:
        case "open":
            if portals.get(name.encode()) is None:
                change = Change(0, name.encode(), portal(held=flag))
                portals.announce(change)
                portals.settle(change, done=True)
        case "end":
            control = TransactionControl("COMMIT" if flag else "ROLLBACK")
            portals.follow(control, failed=False)
        case _:
            portals.follow(TransactionControl(KINDS[kind], name), failed=False)


@given(st.lists(STEPS, max_size=25))
def test_the_names_are_those_the_server_has(steps):
    portals, server = Portals(), Server()
    for kind, name, flag in steps:
        if kind in ("release", "back") and server.find(name) is None:
            continue
        play(portals, kind, name, flag)
        server.play(kind, name, flag)
        assert {n for n in "xyz" if portals.get(n.encode())} == server.open


@pytest.mark.parametrize("kind", ["RELEASE", "ROLLBACK_TO"])
def test_a_savepoint_that_is_not_known_leaves_only_what_was_kept(kind):
    portals = Portals()
    play(portals, "open", "k", flag=True)
    portals.end_transaction(committed=True)
    play(portals, "open", "x", flag=True)
    portals.follow(TransactionControl(kind, "unknown"), failed=False)
    assert portals.get(b"k")
    assert portals.get(b"x") is None
    assert portals.held_bytes == portal().held_bytes


@pytest.mark.parametrize(("more", "left"), [(0, True), (1, False)])
def test_no_more_savepoints_are_kept_than_the_limit(more, left):
    portals = Portals()
    play(portals, "open", "x", flag=False)
    for number in range(SAVEPOINTS_MAX + more):
        play(portals, "set", str(number), flag=False)
    play(portals, "back", "0", flag=False)
    assert (portals.get(b"x") is not None) is left


def test_a_commit_of_a_failed_transaction_keeps_nothing():
    portals = Portals()
    play(portals, "open", "x", flag=True)
    portals.follow(TransactionControl("COMMIT"), failed=True)
    assert portals.get(b"x") is None


def test_what_was_bound_and_goes_unexecuted_is_told():
    portals, unit = Portals(), Unit(1)
    for name, bound in ((b"used", None), (b"unused", unit)):
        opened = portal()
        opened.unit = bound
        portals.settle(Change(0, name, opened), done=True)
    portals.end_transaction(committed=True)
    assert portals.unused == [unit]
