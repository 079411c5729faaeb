"""A name means what the server's answers say, and until then what was sent last."""

import pytest

from proxy.session.names import Change, Names, effective_path


def test_a_definition_counts_for_what_follows_and_is_true_once_done():
    names = Names()
    change = Change(0, b"s", "first")
    names.announce(change)
    assert (names.get(b"s"), names.pending(b"s"), names.count) == ("first", change, 1)
    names.settle(change, done=True)
    assert (names.get(b"s"), names.pending(b"s"), names.count) == ("first", None, 1)
    assert change.answered


def test_a_definition_that_fails_leaves_what_was_there():
    names = Names()
    names.settle(Change(0, b"s", "old"), done=True)
    change = Change(1, b"s", "new")
    names.announce(change)
    assert names.get(b"s") == "new"
    names.settle(change, done=False)
    assert names.get(b"s") == "old"


def test_a_removal_counts_at_once_and_is_true_once_done():
    names = Names()
    names.settle(Change(0, b"s", "old"), done=True)
    removal = Change(1, b"s", None)
    names.announce(removal)
    assert names.get(b"s") is None
    names.settle(removal, done=False)
    assert names.get(b"s") == "old"


def test_an_earlier_answer_does_not_end_a_later_change():
    names = Names()
    first, second = Change(0, b"s", "first"), Change(0, b"s", "second")
    names.announce(first)
    names.announce(second)
    names.settle(first, done=True)
    assert (names.pending(b"s"), names.get(b"s")) == (second, "second")


def test_names_are_bytes_and_dropped_alone_or_together():
    names = Names()
    for name in (b"a", b"A", b"\xff"):
        names.settle(Change(0, name, name), done=True)
    names.drop(b"a")
    assert (names.get(b"a"), names.get(b"A")) == (None, b"A")
    names.drop(None)
    assert names.count == 0


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
