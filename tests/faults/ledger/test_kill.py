"""kill -9, again and again, with a journal of receipts that survives it."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from random import Random

import pytest

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.client import NotaryClient
from ledger.errors import LedgerUnavailable
from tests.faults.ledger.processes import notary_process, start_notary
from tests.unit.ledger.small_log import decision

ROUNDS = 5


async def submit_until_it_dies(socket: Path, kill_after: int, kill) -> int:
    """The largest acknowledged size. `kill` is called after so many receipts."""
    client = await NotaryClient.connect(socket)
    journal: list[int] = []

    async def lane() -> None:
        while True:
            receipt = await client.submit([decision()] * 3)
            journal.append(receipt.tree_size)
            if len(journal) == kill_after:
                kill()

    with pytest.raises(LedgerUnavailable):
        await asyncio.gather(*(lane() for _ in range(8)))
    await client.close()
    return max(journal)


def test_no_receipt_is_lost_to_kill_9(tmp_path: Path):
    log, process, socket = notary_process(tmp_path)
    random = Random(0)
    seen: list[Checkpoint] = []
    for _ in range(ROUNDS):
        kill_after = random.randint(1, 150)
        size = asyncio.run(submit_until_it_dies(socket, kill_after, process.kill))
        assert process.wait(timeout=10) == -9
        assert log.verify(seen).size >= size
        note = (log.root / "checkpoint").read_bytes()
        seen.append(open_checkpoint(note, [log.keys.log.verifier]))
        process = start_notary(tmp_path)
        assert log.verify(seen).size >= size
    process.terminate()
    assert process.wait(timeout=10) == 0
    assert log.verify(seen).kinds["boot"] == ROUNDS + 1


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")
def test_a_sync_that_fails_in_the_kernel_ends_the_process_with_3(tmp_path: Path):
    log, process, socket = notary_process(tmp_path)
    process.terminate()
    assert process.wait(timeout=10) == 0
    inject = "inject=fdatasync:error=EIO:when=40+"
    process = start_notary(tmp_path, "strace", "-f", "-qq", "-o", "/dev/null", "-e", inject)
    size = asyncio.run(submit_until_it_dies(socket, 10**9, None))
    assert process.wait(timeout=20) == 3
    assert log.verify().size >= size
