"""An erasure in a process that kills itself just before one of its changes to the disk.

    python -m tests.faults.ledger.erase_and_die DIRECTORY CHANGE INDEX...

DIRECTORY holds `keys` and `log`. Exit code 0 when there was no such change.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from ledger.disk import LocalDisk
from ledger.erase import erase
from ledger.erasure import Order
from ledger.fetch import DirectoryLog
from ledger.keys import load_keys
from tests.faults.ledger.fault_disk import FaultDisk
from tests.unit.ledger.small_log import PROXY_ID, SEGMENT_BYTES

ORDER = Order("2026-12", "court.example")


class DyingDisk(FaultDisk):
    """No error is seen by anybody: the process is gone."""

    @property
    def failed_in(self) -> str:
        return ""

    @failed_in.setter
    def failed_in(self, name: str) -> None:
        if name:
            os.kill(os.getpid(), signal.SIGKILL)


def erase_on(directory: Path, disk: FaultDisk, indices: list[int]) -> None:
    erase(
        disk.as_disk(),
        DirectoryLog(directory / "log"),
        load_keys(directory / "keys", PROXY_ID),
        PROXY_ID,
        indices,
        ORDER,
        clock_ms=lambda: time.time_ns() // 1_000_000,
        segment_bytes=SEGMENT_BYTES,
        reserve_bytes=0,
    )


if __name__ == "__main__":
    home = Path(sys.argv[1])
    dying = DyingDisk(LocalDisk(home / "log"), int(sys.argv[2]))
    erase_on(home, dying, [int(word) for word in sys.argv[3:]])
