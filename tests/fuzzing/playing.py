"""A whole session out of a source of numbers: the same events as the state machine's, faster."""

from __future__ import annotations

import random
from typing import Final

from tests.fuzzing.messages import GARBLED, TERMINATE, UNSOUND, Choose, Numbered, flow
from tests.fuzzing.wire import Wire

_UNASKED: Final = ("notice", "notification", "parameter", "cancel", "flush")
_WHOLE: Final = 1 << 20
_EVENTS_COUNTS: Final = (6, 20, 60)


def _size(choose: Choose) -> int:
    size_bytes = choose(80)
    return size_bytes if size_bytes < 40 else _WHOLE


def event(wire: Wire, make: Numbered, choose: Choose) -> None:
    """One thing happens."""
    match choose(16):
        case 0 | 1 | 2:
            wire.send(flow(make, choose))
        case 3 | 4:
            wire.feed(_size(choose))
        case 5 | 6:
            for _ in range(1 + choose(4)):
                wire.step()
        case 7 | 8:
            wire.deliver(_size(choose))
        case 9:
            wire.plan()
        case 10 | 11:
            wire.acknowledge(1 + choose(3))
        case 12:
            wire.use()
        case 13:
            wire.interject(_UNASKED[choose(len(_UNASKED))])
        case 14:
            wire.settle()
        case _:
            _rare(wire, choose)


def _rare(wire: Wire, choose: Choose) -> None:
    match choose(40):
        case 0:
            wire.close(fatal=choose(2) == 0)
        case 1:
            wire.garble(GARBLED[choose(len(GARBLED))])
        case 2:
            wire.send([UNSOUND[choose(len(UNSOUND))]], sound=False)
        case 3:
            wire.send([TERMINATE])
        case _:
            wire.feed(_WHOLE)


def play(choose: Choose, events_count: int) -> Wire:
    """A session of so many events, to its end."""
    wire, make = Wire(slow_every=(0, 2, 3)[choose(3)]), Numbered()
    for _ in range(events_count):
        event(wire, make, choose)
    wire.finish()
    return wire


def sessions(seed: int, count: int) -> None:
    """Play `count` sessions of several lengths. Raises AssertionError where something does not
    hold."""
    for number in range(count):
        source = random.Random(f"{seed} {number}")
        play(source.randrange, _EVENTS_COUNTS[number % len(_EVENTS_COUNTS)])
