"""How Python is set in a process that serves."""

from __future__ import annotations

import gc
import sys
from typing import Final

# A planning thread holds the interpreter for this long at a time; the event loop waits for it.
_SWITCH_SECONDS: Final = 0.0005
_YOUNG_OBJECTS_MAX: Final = 10_000
_YOUNG_COLLECTIONS: Final = 20
_MIDDLE_COLLECTIONS: Final = 100


def settle() -> None:
    """For the event loop and the planning beside it. Call once, when all is imported."""
    sys.setswitchinterval(_SWITCH_SECONDS)
    collect_less()


def collect_less() -> None:
    """The tree of a statement is tens of thousands of objects, all of which live until it is
    judged. To look for garbage at every seven hundredth takes as long as the judging does; and what
    was imported is never garbage."""
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS_MAX, _YOUNG_COLLECTIONS, _MIDDLE_COLLECTIONS)
