"""What every process that the service starts has in common."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import partial
from signal import Signals
from typing import Final

_SIGNAL_WHEN_PARENT_DIES: Final = 1  # PR_SET_PDEATHSIG of prctl(2), Linux
_libc: Final = ctypes.CDLL(None)


def ends_with_parent(number: Signals) -> Callable[[], None]:
    """For `preexec_fn`: a service that is killed must leave nobody who serves, or who keeps the
    log locked; its children get this signal then."""
    return partial(_libc.prctl, _SIGNAL_WHEN_PARENT_DIES, number)
