"""Which portals are left, against a server that keeps them level by level."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.names import Change
from proxy.session.portals import Portals
from tests.unit.proxy.session.playbook import portal

NAMES = st.sampled_from("ab")
STEPS = st.one_of(
    st.tuples(st.just("open"), st.sampled_from("xyz"), st.booleans()),
    st.tuples(st.sampled_from(("set", "release", "back")), NAMES, st.just(value=False)),
    st.tuples(st.just("end"), st.just(""), st.booleans()),
)


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
        case "set":
            portals.set_savepoint(name)
        case "release":
            portals.release_savepoint(name)
        case "back":
            portals.roll_back_to(name)
        case _:
            portals.end_transaction(committed=flag)


@given(st.lists(STEPS, max_size=25))
def test_the_names_are_those_the_server_has(steps):
    portals, server = Portals(), Server()
    for kind, name, flag in steps:
        if kind in ("release", "back") and server.find(name) is None:
            continue
        play(portals, kind, name, flag)
        server.play(kind, name, flag)
        assert {n for n in "xyz" if portals.get(n.encode())} == server.open


@pytest.mark.parametrize("step", [Portals.release_savepoint, Portals.roll_back_to])
def test_a_savepoint_that_is_not_known_leaves_only_what_was_kept(step):
    portals = Portals()
    play(portals, "open", "k", flag=True)
    portals.end_transaction(committed=True)
    play(portals, "open", "x", flag=True)
    step(portals, "unknown")
    assert portals.get(b"k")
    assert portals.get(b"x") is None
    assert portals.held_bytes == portal().held_bytes
