"""Thousands of changes to a log, of every class; each is found, by whom it can be found."""

from __future__ import annotations

from itertools import chain, pairwise
from pathlib import Path
from unittest.mock import patch

import pytest

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.disk import LocalDisk
from ledger.errors import ConfigurationError, LedgerError
from ledger.verify import Fault, LogInvalid
from tests.faults.ledger.crash_runs import PublicationInStep, publication_of
from tests.faults.ledger.forgeries import (
    copied_tail,
    erased_payloads,
    files_gone_or_foreign,
    one_stolen_key,
    rearranged,
    stolen_keys,
)
from tests.faults.ledger.mutations import (
    KEYS,
    Found,
    Mutation,
    Original,
    cuts,
    files_of,
    flips,
    judge,
    original_of,
    small_original,
    verified,
    wide_original,
)
from tests.unit.ledger.small_log import SmallLog


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Original:
    return small_original(tmp_path_factory.mktemp("small") / "log")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Original:
    """Another history under the same keys."""
    return small_original(tmp_path_factory.mktemp("stranger") / "log")


def test_each_class_of_byte_counts(small: Original):
    kinds = set()
    for mutation in chain(flips(small, 19), cuts(small, 53)):
        judge(mutation, small)
        kinds.add(mutation.kind)
    fields = ("first line", "origin", "number and link", "time", "header", "payload line")
    assert {f"flip: entry, {name}" for name in (*fields, "signature")} <= kinds
    assert len(kinds) > 20


def test_every_length_and_every_blank_line_counts(small: Original):
    rare = ("flip: entry, length", "flip: entry, blank", "flip: write-ahead log, header")
    found = [mutation for mutation in flips(small, 1, 3) if mutation.kind in rare]
    assert len(found) > 150
    for mutation in found:
        judge(mutation, small)


def test_nothing_can_be_rearranged(small: Original, stranger: Original):
    for mutation in chain(
        rearranged(small, stranger, 1),
        erased_payloads(small),
        files_gone_or_foreign(small, stranger),
        copied_tail(small),
    ):
        judge(mutation, small)


def test_nor_in_a_log_with_full_tiles(tmp_path: Path):
    original, other = wide_original(tmp_path / "log"), wide_original(tmp_path / "other")
    for mutation in chain(flips(original, 5003), rearranged(original, other, 211)):
        judge(mutation, original)
    for mutation in files_gone_or_foreign(original, other):
        if not mutation.kind.startswith("another: "):
            judge(mutation, original)


def test_what_is_not_found_fails_the_drill(small: Original):
    with pytest.raises(AssertionError, match="is not found"):
        judge(Mutation("harmless", {**small.files, "notes.txt": b"x"}), small)
    with pytest.raises(AssertionError):
        mutation = next(flips(small, 1))
        judge(Mutation(mutation.kind, mutation.files, Found.IN_THE_REPORT), small)


def test_with_both_keys_stolen_only_who_remembers_can_tell(small: Original, tmp_path: Path):
    assert stolen_keys(small, tmp_path) == 12


def test_one_stolen_key_is_not_enough(small: Original, tmp_path: Path):
    assert one_stolen_key(small, tmp_path) == 36


def test_an_old_snapshot_is_told_by_any_later_checkpoint(tmp_path: Path):
    log, snapshots = SmallLog(tmp_path / "log").create(), []
    for _ in range(4):
        log.open().append(2)
        log.close()
        snapshots.append(original_of(files_of(log.root)))
    for older, later in pairwise(snapshots):
        assert verified(older.files) == older.report
        with pytest.raises(LogInvalid) as invalid:
            verified(older.files, (later.published,))
        assert (invalid.value.fault, invalid.value.index) == (Fault.ROLLBACK, older.report.size)
        assert verified(later.files, (older.published,)) == later.report


class UnlockedDisk(LocalDisk):
    """A file system on which flock does nothing."""

    def lock(self) -> None:
        pass


def test_a_second_writer_is_refused(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    with pytest.raises(ConfigurationError, match="another notary"):
        SmallLog(log.root, log.keys).prepare()
    log.append(1)
    log.close()
    assert log.verify().kinds["decision"] == 1


@pytest.mark.parametrize("groups", [(1, 1), (1, 2), (2, 1)])
def test_two_writers_without_a_lock_make_a_fork_that_is_found(tmp_path: Path, groups):
    """Both publish: the checkpoints of one refute the other, or it stops at what is there."""
    kept: list[Checkpoint] = []
    failures: list[LedgerError] = []
    with patch("ledger.log.Publication", PublicationInStep):
        first = SmallLog(tmp_path / "log").create().open(UnlockedDisk(tmp_path / "log"))
        second = SmallLog(first.root, first.keys)
        second.open(UnlockedDisk(first.root))
        for log, count in zip((first, second), groups, strict=True):
            assert log.sequencer is not None
            log.append(1, batch_count=count)
            try:
                publication_of(log.sequencer).publish()
            except LedgerError as error:
                failures.append(error)
            note = (first.root / "checkpoint").read_bytes()
            kept.append(open_checkpoint(note, [KEYS.log.verifier]))
    with pytest.raises(LogInvalid) as invalid:
        verified(files_of(first.root), tuple(kept))
    assert invalid.value.fault in (Fault.FORK, Fault.ROLLBACK, Fault.WAL, Fault.ROOT, Fault.TILE)
    assert failures or kept[0] != kept[1]
