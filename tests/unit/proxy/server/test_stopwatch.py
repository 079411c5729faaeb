"""What is ours of an exchange is the whole of it without the database's part."""

import pytest

from proxy.server.stopwatch import Stopwatch

# What happened, at which second, and how much of it was ours.
EXCHANGES = {
    "at once": ("asked 1, sent 1, answered 5, finished 5", 0.0),
    "judged first": ("asked 1, sent 3, answered 5, finished 5", 2.0),
    "held afterwards": ("asked 1, sent 1, answered 5, finished 8", 3.0),
    "both": ("asked 1, sent 3, answered 5, finished 8", 5.0),
    "in pieces": ("asked 1, asked 2, sent 3, sent 4, answered 5, answered 9, finished 9", 2.0),
    "an answer of earlier": ("answered 1, asked 2, sent 4, finished 5", 3.0),
}


def run(watch: Stopwatch, script: str) -> float | None:
    result = None
    for step in script.split(", "):
        name, _, second = step.partition(" ")
        result = getattr(watch, name)(float(second))
    return result


@pytest.mark.parametrize(("script", "ours"), EXCHANGES.values(), ids=EXCHANGES)
def test_ours_is_what_the_database_did_not_take(script, ours):
    assert run(Stopwatch(), script) == ours


@pytest.mark.parametrize("script", ["finished 1", "asked 1, finished 2", "sent 1, finished 2"])
def test_without_the_database_or_the_client_there_is_no_exchange(script):
    assert run(Stopwatch(), script) is None


def test_an_exchange_is_counted_once_and_the_next_begins_anew():
    watch = Stopwatch()
    assert run(watch, "asked 1, sent 2, answered 3, finished 3") == 1.0
    assert run(watch, "answered 4, finished 5") is None
    assert run(watch, "asked 10, sent 10, answered 11, finished 11") == 0.0
