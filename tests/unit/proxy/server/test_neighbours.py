"""Workers that know how many they are together."""

import os
import subprocess
import sys

import pytest

from proxy.server.neighbours import Neighbours, Places, shared_places

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
