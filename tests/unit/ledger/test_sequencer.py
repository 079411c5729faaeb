from pathlib import Path

import pytest

from ledger.errors import DiskReserveReached, LedgerFailed
from ledger.fetch import DirectoryLog
from tests.unit.ledger.small_log import SmallLog, judged


@pytest.fixture
def log(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    yield log
    log.close()


def test_receipts_come_in_order_and_cover_contiguous_entries(log: SmallLog):
    receipts = log.append(50, batch_count=3)
    assert [receipt.count for receipt in receipts] == [3] * 50
    starts = [receipt.first_index for receipt in receipts]
    assert starts == list(range(starts[0], starts[0] + 150, 3))
    assert all(receipt.tree_size >= receipt.first_index + 3 for receipt in receipts)
    log.close()
    assert log.verify().kinds["decision"] == 150


def test_what_is_acknowledged_is_verifiable_at_once(log: SmallLog):
    for _ in range(5):
        receipt = log.append(7)[-1]
        assert log.verify().size >= receipt.first_index + receipt.count


def test_a_stop_is_recorded_and_all_is_published(log: SmallLog):
    log.append(500)
    log.close()
    report = log.verify()
    assert report.kinds["decision"] == 500
    assert report.kinds["heartbeat"] == 1
    assert report.published_size == report.size


def test_after_a_stop_nothing_is_taken_and_another_stop_is_none(log: SmallLog):
    sequencer = log.sequencer
    assert sequencer is not None
    log.close()
    with pytest.raises(LedgerFailed):
        sequencer.commit([[judged()]])
    sequencer.stop()
    assert sequencer.failure is None
    assert log.verify().kinds["heartbeat"] == 1


def test_groups_beyond_the_limit_of_a_frame_are_split(log: SmallLog):
    receipts = log.append(3, batch_count=4096)
    assert len({receipt.tree_size for receipt in receipts}) == 3


def test_a_batch_that_is_a_group_of_its_own_keeps_its_place(log: SmallLog):
    assert log.sequencer is not None
    large = [judged(payload=bytes(1 << 20))] * 15
    receipts = log.sequencer.commit([[judged()], large, [judged()] * 2, large])
    starts = [receipt.first_index - receipts[0].first_index for receipt in receipts]
    assert starts == [0, 1, 16, 18]
    assert [receipt.count for receipt in receipts] == [1, 15, 2, 15]
    assert len({receipt.tree_size for receipt in receipts}) == 2


def test_the_stop_at_the_reserve_is_recorded_and_nothing_is_acknowledged(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    with pytest.raises(DiskReserveReached):
        log.open(reserve_bytes=1 << 60)
    log.close()
    report = log.verify()
    assert report.kinds == {"genesis": 1, "heartbeat": 1}
    text = DirectoryLog(log.root).read("tile/entries/000.p/2")
    assert b'"reason":"disk-reserve"' in text
