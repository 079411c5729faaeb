"""Workers that know how many they are together."""

import os
import subprocess
import sys

import pytest

from proxy.names import PrincipalName
from proxy.server.neighbours import Neighbours, Places, TooManyPrincipals, shared_places

DESK, OTHER_NAME = PrincipalName("desk"), PrincipalName("other")
OTHER = """
import sys
from proxy.server.neighbours import Places
places = Places(int(sys.argv[1]), 3, 2)
places.hold(int(sys.argv[2]))
print(places.taken_count)
"""


def test_what_each_holds_is_seen_by_all_and_across_processes():
    handle = shared_places(3)
    first, second = Places(handle, 3, 0), Places(handle, 3, 1)
    first.hold(5)
    second.hold(7)
    done = subprocess.run(
        [sys.executable, "-c", OTHER, str(handle), "30"],
        pass_fds=[handle], check=True, capture_output=True, text=True,
    )  # fmt: skip
    os.close(handle)
    assert int(done.stdout) == first.taken_count == second.taken_count == 42
    first.give_up(2)
    first.hold(4)
    assert second.taken_count == 11


def test_sessions_of_a_principal_are_counted_across_workers_and_go_with_a_worker():
    handle = shared_places(2)
    first, second = Places(handle, 2, 0), Places(handle, 2, 1)
    os.close(handle)
    for places, changes in ((first, (1, 1)), (second, (1, -1, 1))):
        for change in changes:
            places.hold_session(DESK, change)
    second.hold_session(OTHER_NAME, 1)
    assert first.sessions_of(DESK) == second.sessions_of(DESK) == 3
    first.give_up(1)
    assert (first.sessions_of(DESK), first.sessions_of(OTHER_NAME)) == (2, 0)
    assert first.taken_count == 0


def test_principals_without_sessions_leave_their_place_to_others():
    places = Places.alone()
    for number in range(1_024):
        places.hold_session(PrincipalName(f"p{number}"), 1)
    with pytest.raises(TooManyPrincipals):
        places.hold_session(DESK, 1)
    assert places.sessions_of(DESK) == 0
    places.hold_session(PrincipalName("p7"), -1)
    places.hold_session(DESK, 1)
    counts = [places.sessions_of(PrincipalName(name)) for name in ("desk", "p7", "p1023")]
    assert counts == [1, 0, 1]


def test_a_worker_alone_counts_for_itself():
    alone, other = Places.alone(), Places.alone()
    alone.hold(3)
    assert (alone.taken_count, other.taken_count) == (3, 0)


@pytest.mark.parametrize(
    ("workers_count", "of_all", "share"), [(1, 64, 64), (2, 64, 32), (3, 64, 22), (8, 1, 1)]
)
def test_a_share_is_even_and_never_nothing(workers_count, of_all, share):
    assert Neighbours(count=workers_count).share(of_all) == share


async def test_who_has_no_neighbours_asks_nobody():
    await Neighbours().pass_cancel(b"key")
    await Neighbours().schema_changed()
