"""The process of one verification: a `Job` comes in, lines of JSON go out, the verdict last.

    python -m ledger.portal.proof.worker < job

A process of its own, because it takes a core or more for minutes, and can be ended at any time.
"""

from __future__ import annotations

import json
import sys
import time
from typing import BinaryIO, Final

from ledger.portal.proof.verdict import to_json
from ledger.portal.proof.verification import Job, verified

_EVERY_SECONDS: Final = 0.25


def run(given: BinaryIO, out: BinaryIO) -> None:
    """Progress as `{"done": …, "total": …}`, and at the end `{"verdict": …, "note": …}`."""
    job = Job.parse(given.read())
    told_at = float("-inf")

    def tell(done: int, total: int) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _EVERY_SECONDS:
            told_at = time.monotonic()
            _write(out, {"done": done, "total": total})

    result = verified(job, time.time(), tell)
    _write(out, {"verdict": to_json(result.verdict), "note": result.note})


def _write(out: BinaryIO, row: dict[str, object]) -> None:
    out.write(json.dumps(row).encode() + b"\n")
    out.flush()


if __name__ == "__main__":
    run(sys.stdin.buffer, sys.stdout.buffer)
