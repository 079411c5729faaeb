"""A seed that is another one in each run, and the same in all processes of one: where it stands in
the name of a test, all of them must collect the same names.
"""

from __future__ import annotations

import os
import random

_RUN = os.environ.get("PYTEST_XDIST_TESTRUNUID") or os.urandom(8).hex()


def seed_of(name: str) -> int:
    """32 bits for the module of that name."""
    return random.Random(f"{_RUN} {name}").randrange(1 << 32)
