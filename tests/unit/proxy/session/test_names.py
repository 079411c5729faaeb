"""A name means what the server's answers say, and until then what was sent last."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.names import Change, Names, effective_path


@dataclass
class Thing:
    held_bytes: int


FIRST, SECOND, OLD, NEW = (Thing(size) for size in (1, 20, 300, 4000))


def define(names, name, value=FIRST):
    change = Change(0, name, value)
    names.announce(change)
    names.settle(change, done=True)


def test_a_definition_counts_for_what_follows_and_is_true_once_done():
    names = Names()
    change = Change(0, b"s", FIRST)
    names.announce(change)
    assert (names.get(b"s"), names.pending(b"s")) == (FIRST, change)
    names.settle(change, done=True)
    assert (names.get(b"s"), names.pending(b"s")) == (FIRST, None)
    assert change.answered


def test_a_definition_that_fails_leaves_what_was_there():
    names = Names()
    define(names, b"s", OLD)
    change = Change(1, b"s", NEW)
    names.announce(change)
    assert names.get(b"s") == NEW
    names.settle(change, done=False)
    assert names.get(b"s") == OLD


def test_a_removal_counts_at_once_and_is_true_once_done():
    names = Names()
    define(names, b"s", OLD)
    removal = Change(1, b"s", None)
    names.announce(removal)
    assert names.get(b"s") is None
    names.settle(removal, done=False)
    assert names.get(b"s") == OLD


def test_an_earlier_answer_does_not_end_a_later_change():
    names = Names()
    first, second = Change(0, b"s", FIRST), Change(0, b"s", SECOND)
    names.announce(first)
    names.announce(second)
    names.settle(first, done=True)
    assert (names.pending(b"s"), names.get(b"s")) == (second, SECOND)


def test_names_are_bytes_and_dropped_alone_or_together():
    names = Names()
    for name in (b"a", b"A", b"\xff"):
        define(names, name, FIRST)
    names.drop(b"a")
    assert (names.get(b"a"), names.get(b"A")) == (None, FIRST)
    names.drop_all()
    assert (names.get(b"A"), names.held_bytes) == (None, 0)


@pytest.mark.parametrize(
    ("written", "effective"),
    [
        (("base",), ("pg_catalog", "base")),
        ((), ("pg_catalog",)),
        (("$user", "public"), ("pg_catalog", "app", "public")),
        (("base", "pg_catalog"), ("base", "pg_catalog")),
        (("pg_temp", "base"), ("pg_catalog", "base")),
    ],
)
def test_the_effective_path_is_what_the_server_searches(written, effective):
    assert effective_path(written, "app") == effective


@given(
    st.lists(
        st.tuples(
            st.sampled_from([b"a", b"b"]),
            st.one_of(st.none(), st.builds(Thing, st.integers(1, 99))),
            st.booleans(),
            st.integers(0, 3),
        ),
        max_size=12,
    )
)
def test_the_bytes_held_are_those_of_what_is_known_or_pending(steps):
    names, pending = Names(), []
    for name, value, done, settled_count in steps:
        change = Change(0, name, value)
        names.announce(change)
        pending.append((change, done))
        for earlier, was_done in pending[:settled_count]:
            names.settle(earlier, done=was_done)
        del pending[:settled_count]
    known = [names.get(name) for name in (b"a", b"b") if names.pending(name) is None]
    under_way = [change.value for change, _ in pending]
    if not pending:
        assert names.held_bytes == sum(value.held_bytes for value in known if value)
    assert names.held_bytes >= sum(value.held_bytes for value in under_way if value)
    for earlier, was_done in pending:
        names.settle(earlier, done=was_done)
    names.drop_all()
    assert names.held_bytes == 0
