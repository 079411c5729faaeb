from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.fetch import DirectoryLog, read_bundle
from ledger.merkle import leaf_hash, root_of
from ledger.tile import TileSlot, payload_path
from ledger.verify.bundles import Published, Run, judge_bundle, judge_run, read_whole_tile
from ledger.verify.entries import Expected, Wrong
from ledger.verify.report import Fault
from tests.unit.ledger.small_log import ORIGIN, SmallLog, log_of


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("bundles") / "log", 600)


def published(log: SmallLog, root: Path | None = None) -> Published:
    expected = Expected(ORIGIN, signatures=True)
    return Published(DirectoryLog(root or log.root), 604, expected)


def test_of_a_full_bundle_the_root_is_handed_back_and_of_others_every_leaf(log: SmallLog):
    first, second, third = judge_run(published(log), Run(0, 3), None)
    leaves = [leaf_hash(entry) for entry in read_bundle(DirectoryLog(log.root), 0, 256)]
    assert (first.root, first.judged.leaves) == (root_of(leaves), [])
    assert (len(second.root), len(third.root), len(third.judged.leaves)) == (32, 0, 92)
    asked = replace(published(log), rooted_sizes=frozenset({7}))
    assert judge_bundle(asked, 0, None).judged.leaves == leaves


@pytest.mark.parametrize("size", [256, 257, 604])
def test_a_root_at_the_end_of_a_bundle_needs_no_leaves(log: SmallLog, size: int):
    asked = replace(published(log), rooted_sizes=frozenset({size}))
    assert judge_bundle(asked, 0, None).root


def test_a_run_ends_where_something_is_wrong(log: SmallLog, tmp_path: Path):
    copy = shutil.copytree(log.root, tmp_path / "copy")
    (copy / "tile/entries/001").unlink()
    results = judge_run(published(log, copy), Run(0, 3), None)
    assert len(results) == 2
    found = results[-1].judged.found
    assert found is not None
    assert (found.fault, found.index) == (Fault.MISSING, 256)


def test_payloads_without_a_file_are_counted_and_no_fault(log: SmallLog, tmp_path: Path):
    copy = shutil.copytree(log.root, tmp_path / "copy")
    (copy / payload_path(1)).unlink()
    results = judge_run(published(log, copy), Run(0, 3), None)
    assert [result.judged.found for result in results] == [None] * 3
    tallies = [result.judged.tally.payloads for result in results]
    assert [tally.files_here for tally in tallies] == [True, False, True]
    assert [(tally.absent_count, tally.absent_first) for tally in tallies] == [
        (0, None), (256, 256), (0, None)]  # fmt: skip


@pytest.mark.parametrize("more", [b"\0", bytes(4), bytes(300)])
def test_bytes_after_the_last_payload_are_a_fault_at_the_end_of_the_bundle(
    log: SmallLog, tmp_path: Path, more: bytes
):
    copy = shutil.copytree(log.root, tmp_path / "copy")
    path = copy / payload_path(1)
    path.write_bytes(path.read_bytes() + more)
    found = judge_run(published(log, copy), Run(0, 2), None)[-1].judged.found
    assert found is not None
    assert (found.fault, found.index) == (Fault.PAYLOAD, 512)


@pytest.mark.parametrize("tile", [b"", bytes(31), bytes(33 * 32)])
def test_a_tile_of_another_size_is_none(tmp_path: Path, tile: bytes):
    (tmp_path / "tile/0").mkdir(parents=True)
    (tmp_path / "tile/0/000").write_bytes(tile)
    with pytest.raises(Wrong) as wrong:
        read_whole_tile(DirectoryLog(tmp_path), TileSlot(0, 0, 256), 0)
    assert (wrong.value.found.fault, wrong.value.found.index) == (Fault.TILE, 0)
