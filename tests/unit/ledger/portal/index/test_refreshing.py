import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.fields import EntryKind
from ledger.portal.index.index import Index
from ledger.portal.index.model import By, Each, Flaw, Query, Rebuilt, Refreshed
from ledger.portal.logs import LogUnreadable, Trouble, source_of
from ledger.tile import bundle_path
from tests.unit.ledger.portal.made_log import (
    MadeLog,
    heartbeats,
    keys_of,
    made_log,
    rewrite_bundle,
)

NAME = "公安"


@pytest.fixture
def log(tmp_path: Path) -> MadeLog:
    return made_log(tmp_path / "log", heartbeats(899))


@pytest.fixture
def index(tmp_path: Path):
    opened = Index.open(tmp_path / "index", [NAME])
    yield opened
    opened.close()


def numbers(index: Index) -> list[int]:
    page = index.search(Query(), limit=1000)
    found = [row.number for row in page.rows]
    while page.after is not None:
        page = index.search(Query(), page.after, limit=1000)
        found += [row.number for row in page.rows]
    return found[::-1]


def counted(index: Index) -> int:
    return sum(each.entries_count for each in index.count_by(By.KIND, Each.ALL))


def test_a_log_is_indexed_once_and_then_what_came_since(log: MadeLog, index: Index):
    assert index.refresh(log.source()) == Refreshed(NAME, 900, 900, Rebuilt.FIRST)
    assert index.refresh(log.source()) == Refreshed(NAME, 900, 0, None)
    log.append(heartbeats(5)).append(heartbeats(300))
    told: list[tuple[int, int]] = []
    done = index.refresh(log.source(), lambda *step: told.append(step))
    assert done == Refreshed(NAME, 1205, 305, None)
    assert told[-1] == (1205, 1205)
    assert numbers(index) == list(range(1205))
    assert counted(index) == 1205


def test_a_log_that_shrank_is_indexed_anew(log: MadeLog, index: Index, tmp_path: Path):
    older = log.copy(tmp_path / "older")
    log.append(heartbeats(3))
    index.refresh(log.source())
    place = source_of(NAME, str(older), [str(log.keys.log.verifier)])
    assert index.refresh(place) == Refreshed(NAME, 900, 900, Rebuilt.SHRANK)
    assert numbers(index) == list(range(900))


def test_another_log_of_the_same_name_is_indexed_anew(tmp_path: Path, index: Index):
    """Same keys, another history: whoever held them began again."""
    one = made_log(tmp_path / "one", heartbeats(10))
    other = made_log(tmp_path / "other", [(EntryKind.HEARTBEAT, {"state": "stop"})] * 20)
    index.refresh(one.source())
    assert index.refresh(other.source()).rebuilt is Rebuilt.OTHER_ENTRIES
    assert {row.event for row in index.search(Query(kinds=_HEARTBEAT)).rows} == {"stop"}
    assert index.states()[0].rebuilt is Rebuilt.OTHER_ENTRIES


_HEARTBEAT = frozenset({EntryKind.HEARTBEAT})


def test_another_key_is_another_log(log: MadeLog, index: Index, tmp_path: Path):
    index.refresh(log.source())
    other = MadeLog(tmp_path / "other", keys_of("ledger.example/b"))
    assert index.refresh(other.source()).rebuilt is Rebuilt.OTHER_KEY
    assert index.states()[0].origin == "ledger.example/b"


def test_one_more_key_of_the_same_log_changes_nothing(log: MadeLog, index: Index):
    index.refresh(log.source())
    old, new = (str(keys_of(log.keys.origin, seed).log.verifier) for seed in (b"l", b"n"))
    both = source_of(NAME, str(log.root), [old, new])
    assert index.refresh(both).rebuilt is None
    # When the old one is retired, the new one was known already.
    assert index.states()[0].rebuilt is Rebuilt.FIRST


def test_a_log_that_cannot_be_read_leaves_what_was_indexed(log: MadeLog, index: Index):
    index.refresh(log.source())
    checkpoint = (log.root / "checkpoint").read_bytes()
    (log.root / "checkpoint").unlink()
    with pytest.raises(LogUnreadable):
        index.refresh(log.source())
    assert len(numbers(index)) == 900
    (log.root / "checkpoint").write_bytes(checkpoint)
    (log.root / bundle_path(3, 132)).unlink()
    with pytest.raises(LogUnreadable, match="899") as caught:
        index.refresh(log.source())
    assert caught.value.trouble is Trouble.ENTRIES_GONE
    assert len(numbers(index)) == 900


@pytest.mark.parametrize("first", [True, False])
def test_what_could_be_read_is_indexed_before_the_error(log: MadeLog, index: Index, first: bool):
    if not first:
        index.refresh(log.source())
        log.append(heartbeats(500))
    number, width = (log.size - 1) // 256, (log.size - 1) % 256 + 1
    path = log.root / bundle_path(number, width)
    data = path.read_bytes()
    path.unlink()
    with pytest.raises(LogUnreadable):
        index.refresh(log.source())
    assert numbers(index) == list(range(number * 256))
    path.write_bytes(data)
    assert index.refresh(log.source()).added_count == width
    assert numbers(index) == list(range(log.size))
    assert counted(index) == log.size


def test_a_log_of_which_nothing_can_be_read_has_no_index(log: MadeLog, index: Index):
    for number, width in enumerate((256, 256, 256, 132)):
        (log.root / bundle_path(number, width)).unlink()
    with pytest.raises(LogUnreadable):
        index.refresh(log.source())
    assert index.states() == []
    assert index.search(Query()).rows == ()


def test_a_hole_is_filled_once_its_entries_come(log: MadeLog, index: Index):
    path = log.root / bundle_path(1)
    data = path.read_bytes()
    path.unlink()
    index.refresh(log.source())
    row = index.row(NAME, 300)
    assert row is not None
    assert (row.flaw, row.time) == (Flaw.MISSING, "2026-01-01T00:00:00.000Z")
    assert counted(index) == 900 - 256
    assert index.refresh(log.source()).rebuilt is None
    entries = [data[:0], *bundle_of_bytes(data)[1:]]
    rewrite_bundle(log.root, 1, entries, 256)
    index.refresh(log.source())
    flawed = index.search(Query(flawed=True)).rows
    assert [(row.number, row.flaw) for row in flawed] == [(256, Flaw.MALFORMED)]
    assert counted(index) == 899
    assert numbers(index) == list(range(900))


def bundle_of_bytes(data: bytes) -> list[bytes]:
    found = []
    while data:
        length = int.from_bytes(data[:2])
        found.append(data[2 : 2 + length])
        data = data[2 + length :]
    return found


def test_a_progress_that_raises_ends_it_and_leaves_no_half(log: MadeLog, index: Index, tmp_path):
    def stop(done: int, size: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        index.refresh(log.source(), stop)
    assert index.states() == []
    index.refresh(log.source())
    log.append(heartbeats(900))
    with pytest.raises(KeyboardInterrupt):
        index.refresh(log.source(), stop)
    whole = numbers(index)
    assert whole == list(range(len(whole)))
    assert counted(index) == len(whole)


KILLED = """
import os, sys, time
from pathlib import Path
from ledger.portal.index import refreshing
from ledger.portal.index.index import Index
from ledger.portal.logs import source_of

refreshing.BATCH_BUNDLES = 1
root, key, place = sys.argv[1:]
index = Index.open(Path(root), ["公安"])

def progress(done, size):
    print(done, flush=True)
    time.sleep(0.02)

print("begun", flush=True)
index.refresh(source_of("公安", place, [key]), progress)
"""


@pytest.mark.parametrize("first", [True, False])
def test_a_process_that_is_killed_leaves_an_index_that_goes_on(
    log: MadeLog, tmp_path: Path, first: bool
):
    root, key = tmp_path / "killed", str(log.keys.log.verifier)
    log.append(heartbeats(3000))
    if not first:
        index = Index.open(root, [NAME])
        index.refresh(log.source())
        index.close()
        log.append(heartbeats(5000))
    command = [sys.executable, "-c", KILLED, str(root), key, str(log.root)]
    for after in (1, 3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            for _ in range(1 + after):
                assert process.stdout.readline()
            process.kill()
            assert process.wait() == -signal.SIGKILL
        index = Index.open(root, [NAME])
        found = numbers(index) if index.states() else []
        assert found == list(range(len(found)))
        assert len(found) >= (0 if first else 3900)
        assert not first or found == []
        index.close()
    index = Index.open(root, [NAME])
    index.refresh(log.source())
    assert numbers(index) == list(range(log.size))
    assert counted(index) == log.size
    left = {path.suffix for path in root.iterdir()}
    assert left <= {"", ".index", ".index-wal", ".index-shm"}
    index.close()
