"""Nobody is ended before their time, and everybody soon after it."""

import asyncio
from dataclasses import dataclass, field

import pytest

from proxy.server.patience import Patience, Watch
from proxy.session.refusals import IDLE_IN_TRANSACTION, IDLE_SESSION, SLOW_CLIENT
from proxy.session.session import Rest


@dataclass(eq=False)
class Waiting:
    """What the watch sees of a relay."""

    rests: Rest | None = Rest.BETWEEN
    untaken: int | None = None
    steps_count: int = 0
    ended: list = field(default_factory=list)

    def expire(self, decision):
        self.ended.append(decision)


ALL = Patience(idle_seconds=10.0, in_transaction_seconds=4.0, slow_seconds=2.0)


@pytest.mark.parametrize(
    ("waiting", "seconds", "decision"),
    [
        (Waiting(), 10.0, IDLE_SESSION),
        (Waiting(Rest.IN_TRANSACTION), 4.0, IDLE_IN_TRANSACTION),
        (Waiting(None, 5), 2.0, SLOW_CLIENT),
        (Waiting(Rest.BETWEEN, 5), 2.0, SLOW_CLIENT),
    ],
    ids=["between", "in-transaction", "slow", "slow-at-the-end"],
)
def test_a_session_ends_when_its_time_has_come_and_not_before(waiting, seconds, decision):
    watch = Watch(ALL)
    for now in (100.0, 100.0 + seconds / 2, 100.0 + seconds - 0.1):
        watch.look([waiting], now)
        assert waiting.ended == []
    watch.look([waiting], 100.0 + seconds)
    assert waiting.ended == [decision]


@pytest.mark.parametrize("never", [Patience(), Patience(idle_seconds=None, slow_seconds=1.0)])
def test_without_a_limit_nobody_is_ended(never):
    watch, waiting = Watch(never), Waiting()
    for now in (0.0, 1e9):
        watch.look([waiting], now)
    assert waiting.ended == []


def test_whatever_happens_begins_the_time_anew():
    watch, waiting = Watch(ALL), Waiting()
    watch.look([waiting], 0.0)
    waiting.steps_count += 1
    watch.look([waiting], 9.0)
    watch.look([waiting], 18.0)
    assert waiting.ended == []
    waiting.rests = None
    watch.look([waiting], 18.5)
    waiting.rests = Rest.BETWEEN
    watch.look([waiting], 19.5)
    assert waiting.ended == []


def test_a_client_that_takes_a_little_is_waited_for():
    watch, waiting = Watch(ALL), Waiting(None, 0)
    for now in range(100):
        waiting.untaken += 1
        watch.look([waiting], float(now))
    assert waiting.ended == []


def test_who_is_gone_is_forgotten():
    watch, waiting = Watch(ALL), Waiting()
    watch.look([waiting], 0.0)
    watch.look([], 5.0)
    watch.look([waiting], 10.0)
    assert waiting.ended == []


@pytest.mark.parametrize(
    ("patience", "seconds"),
    [(Patience(), None), (Patience(1.0), 0.25), (Patience(3600.0), 5.0), (Patience(0.01), 0.05)],
)
def test_how_often_somebody_looks(patience, seconds):
    assert patience.look_seconds == seconds


async def test_it_goes_on_looking_and_ends_at_once_where_there_is_nothing_to_look_for():
    await Watch(Patience()).keep_looking(list)
    waiting = Waiting()
    looking = asyncio.create_task(Watch(Patience(0.05)).keep_looking(lambda: [waiting]))
    while not waiting.ended:
        await asyncio.sleep(0.01)
    looking.cancel()
    assert waiting.ended[0] is IDLE_SESSION
