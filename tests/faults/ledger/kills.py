"""kill -9 under load, for as long as wanted, with a journal of receipts that survives it."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path
from random import Random

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.client import NotaryClient
from ledger.errors import LedgerUnavailable
from tests.faults.ledger.processes import notary_process, start_notary
from tests.unit.ledger.small_log import decision

LANES = 8
GROUP_ENTRIES = 3


@dataclass
class Figures:
    kills: int = 0
    receipts: int = 0
    entries: int = 0
    lost: int = 0

    def as_json(self) -> dict[str, int]:
        return dict(self.__dict__)


async def submit_until_it_dies(
    socket: Path, kill_after: int, kill: Callable[[], None] | None
) -> list[int]:
    """The tree sizes of all receipts. `kill` is called after so many of them."""
    client = await NotaryClient.connect(socket)
    journal: list[int] = []

    async def lane() -> None:
        while True:
            receipt = await client.submit([decision()] * GROUP_ENTRIES)
            journal.append(receipt.tree_size)
            if len(journal) == kill_after and kill is not None:
                kill()

    ends = await asyncio.gather(*(lane() for _ in range(LANES)), return_exceptions=True)
    await client.close()
    assert all(isinstance(end, LedgerUnavailable) for end in ends), ends
    return journal


def kill_again_and_again(
    directory: Path,
    *,
    seed: int,
    seconds: float = inf,
    rounds: float = inf,
    progress: Callable[[str], None] = lambda text: None,
) -> Figures:
    """Each round: load, kill -9, verify the remains against every checkpoint seen so far, start."""
    log, process, socket = notary_process(directory)
    random, figures, seen = Random(seed), Figures(), list[Checkpoint]()
    until = time.monotonic() + seconds
    size = 0
    while time.monotonic() < until and figures.kills < rounds:
        kill_after = random.randint(1, 400)
        journal = asyncio.run(submit_until_it_dies(socket, kill_after, process.kill))
        assert process.wait(timeout=60) == -9
        figures.kills += 1
        figures.receipts += len(journal)
        size = max([size, *journal])
        found = log.verify(seen).size
        figures.lost += max(0, size - found)
        assert not figures.lost, figures
        note = (log.root / "checkpoint").read_bytes()
        seen = [*seen[-20:], open_checkpoint(note, [log.keys.log.verifier])]
        process = start_notary(directory)
        progress(f"{figures.kills} kills, {figures.receipts} receipts, {found} entries")
        if found > 20_000:  # a log of its own again: verification is not what is tried here
            process.kill()
            process.wait(timeout=60)
            figures.entries += found
            shutil.rmtree(directory)
            directory.mkdir()
            log, process, socket = notary_process(directory)
            seen, size = [], 0
    process.terminate()
    assert process.wait(timeout=60) == 0
    figures.entries += log.verify(seen).size
    return figures
