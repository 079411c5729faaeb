"""One target under atheris: ``python -m tests.fuzzing.child TARGET NOTES libFuzzer-arguments``.

NOTES is a directory that gets the slowest input so far, and how long it took the processor.
"""

from __future__ import annotations

import sys
from pathlib import Path
from time import process_time
from typing import Final

import atheris

_SLOW_SECONDS: Final = 0.05
_HANG_SECONDS: Final = 10


def main() -> None:
    name, notes = sys.argv[1], Path(sys.argv[2])
    with atheris.instrument_imports(include=["proxy", "ledger"]):
        from tests.fuzzing.targets import TOOK_TOO_LONG, target
    with target(name) as run:
        slowest_seconds = _SLOW_SECONDS

        def timed(data: bytes) -> None:
            nonlocal slowest_seconds
            start = process_time()
            run(data)
            seconds = process_time() - start
            if seconds > slowest_seconds:
                slowest_seconds = seconds
                (notes / "slowest").write_bytes(data)
                (notes / "slowest-seconds").write_text(f"{seconds:.3f}\n", encoding="ascii")
            if seconds > _HANG_SECONDS:
                raise TimeoutError(f"{TOOK_TOO_LONG}: {seconds:.1f} seconds of the processor")

        atheris.Setup([sys.argv[0], *sys.argv[3:]], timed)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
