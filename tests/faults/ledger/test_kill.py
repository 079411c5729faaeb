"""kill -9, again and again, with a journal of receipts that survives it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

import pytest

from tests.faults.ledger.kills import kill_again_and_again, submit_until_it_dies
from tests.faults.ledger.processes import notary_process, start_notary


def test_no_receipt_is_lost_to_kill_9(tmp_path: Path):
    figures = kill_again_and_again(tmp_path, rounds=5, seed=0)
    assert (figures.kills, figures.lost) == (5, 0)
    assert figures.receipts > 100


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_a_sync_that_fails_in_the_kernel_ends_the_process_with_3(tmp_path: Path):
    log, process, socket = notary_process(tmp_path)
    process.terminate()
    assert process.wait(timeout=10) == 0
    inject = "inject=fdatasync:error=EIO:when=40+"
    process = start_notary(tmp_path, "strace", "-f", "-qq", "-o", "/dev/null", "-e", inject)
    journal = asyncio.run(submit_until_it_dies(socket, 0, None))
    assert process.wait(timeout=60) == 3
    assert log.verify().size >= max(journal)
