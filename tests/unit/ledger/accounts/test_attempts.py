"""Who is locked out, for how long, and that it takes no memory without end."""

import pytest

from ledger.accounts import attempts
from ledger.accounts.attempts import (
    LOCK_SECONDS,
    OFFICER_MAX,
    PAIR_MAX,
    SOURCE_MAX,
    Attempts,
    Failures,
    network_of,
)  # fmt: skip


@pytest.fixture
def clock():
    now = [1_000.0]

    def read():
        return now[0]

    read.now = now
    return read


def test_an_officer_at_one_desk_is_locked_after_a_few_and_for_a_while(clock):
    tried = Attempts(clock)
    for _ in range(PAIR_MAX):
        assert tried.locked_seconds("li", "10.0.0.1") == 0
        tried.failed("li", "10.0.0.1")
    assert tried.locked_seconds("li", "10.0.0.1") == LOCK_SECONDS
    assert tried.locked_seconds("li", "10.0.0.2") == 0
    assert tried.locked_seconds("wang", "10.0.0.1") == 0
    clock.now[0] += LOCK_SECONDS
    assert tried.locked_seconds("li", "10.0.0.1") <= 0
    tried.failed("li", "10.0.0.1")
    assert tried.locked_seconds("li", "10.0.0.1") <= 0


def test_a_source_that_tries_many_names_is_locked_for_all(clock):
    tried = Attempts(clock)
    for number in range(SOURCE_MAX):
        tried.failed(f"name-{number}", "10.0.0.1")
    assert tried.locked_seconds("li", "10.0.0.1") > 0
    assert tried.locked_seconds("li", "10.0.0.2") == 0


def test_a_right_password_does_not_clear_what_the_source_did(clock):
    tried = Attempts(clock)
    for _ in range(SOURCE_MAX):
        tried.failed("li", "10.0.0.1")
        tried.succeeded("li", "10.0.0.1")
    assert tried.locked_seconds("wang", "10.0.0.1") > 0


def test_an_officer_tried_from_many_sources_is_locked_everywhere(clock):
    tried = Attempts(clock)
    for number in range(OFFICER_MAX):
        tried.failed("li", f"10.0.1.{number}")
    assert tried.locked_seconds("li", "10.9.9.9") > 0


def test_a_right_password_ends_the_count(clock):
    tried = Attempts(clock)
    for _ in range(PAIR_MAX - 1):
        tried.failed("li", "10.0.0.1")
    tried.succeeded("li", "10.0.0.1")
    for _ in range(PAIR_MAX - 1):
        tried.failed("li", "10.0.0.1")
    assert tried.locked_seconds("li", "10.0.0.1") == 0


def test_what_is_kept_is_bounded(clock, monkeypatch):
    monkeypatch.setattr(attempts, "_KEPT_MAX", 30)
    tried = Attempts(clock)
    for number in range(1_000):
        tried.failed(f"name-{number}", f"10.0.{number // 250}.{number % 250}")
    assert len(tried._counts) <= 30
    failures = Failures()
    for number in range(1_000):
        failures.add(None, str(number), 5.0)
    assert failures.count == 1_000
    assert len(failures.content()["sources"]) <= 33


@pytest.mark.parametrize(
    ("source", "network"),
    [("10.0.0.1", "10.0.0.1"), ("::ffff:10.0.0.1", "10.0.0.1"), ("local", "local"),
     ("2001:db8::1", "2001:0db8:0000:0000::/64"), ("fe80::1%eth0", "fe80:0000:0000:0000::/64"),
     ("2001:db8:0:0:ffff::9", "2001:0db8:0000:0000::/64")],
)  # fmt: skip
def test_a_network_of_ipv6_counts_as_one_source(source, network):
    assert network_of(source) == network
