import contextlib
import queue
from pathlib import Path

import pytest

from ledger.errors import DiskReserveReached, LedgerFailed
from ledger.fetch import DirectoryLog
from ledger.wire import Acknowledgement
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


def test_a_stop_drains_what_was_submitted_and_is_recorded(log: SmallLog):
    receipts: queue.SimpleQueue[Acknowledgement] = queue.SimpleQueue()
    assert log.sequencer is not None
    log.sequencer.submit([[judged()] for _ in range(500)], receipts.put)
    log.close()
    assert receipts.qsize() == 500
    report = log.verify()
    assert report.kinds["decision"] == 500
    assert report.kinds["heartbeat"] == 1
    assert report.published_size == report.size


def test_after_a_stop_nothing_is_taken(log: SmallLog):
    sequencer = log.sequencer
    assert sequencer is not None
    log.close()
    with pytest.raises(LedgerFailed):
        sequencer.submit([[judged()]], lambda _: None)


def test_groups_beyond_the_limit_of_a_frame_are_split(log: SmallLog):
    receipts = log.append(3, batch_count=4096)
    assert len({receipt.tree_size for receipt in receipts}) == 3
    assert log.sequencer is not None
    assert log.sequencer.backlog_bytes == 0


def test_the_stop_at_the_reserve_is_recorded_and_nothing_is_acknowledged(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open(reserve_bytes=1 << 60)
    assert log.sequencer is not None
    sequencer = log.sequencer
    acknowledged: list[Acknowledgement] = []
    with contextlib.suppress(LedgerFailed):  # it may have stopped already
        sequencer.submit([[judged()]], acknowledged.append)
    log.close()
    assert isinstance(sequencer.failure, DiskReserveReached)
    assert acknowledged == []
    report = log.verify()
    assert report.kinds == {"genesis": 1, "heartbeat": 1}
    text = DirectoryLog(log.root).read("tile/entries/000.p/2")
    assert b'"reason":"disk-reserve"' in text
