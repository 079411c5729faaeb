"""A ledger that hangs has failed as much as one that says so."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from typing import Final

from proxy.record.line import Ledger

# How often within the time allowed it is looked whether something waits that long.
_LOOKS: Final = 10
_log = logging.getLogger(__name__)


async def until_stalled(ledger: Ledger, seconds_max: float) -> None:
    """Returns once an entry has waited longer than that; the ledger has failed then.

    A process that stood still itself, on a busy or a suspended machine, has not read what it was
    answered meanwhile. So an entry must have been waiting at this many looks, too.
    """
    loop = asyncio.get_running_loop()
    looked_at = deque([loop.time()], maxlen=_LOOKS)
    while True:
        await asyncio.sleep(seconds_max / _LOOKS)
        now = loop.time()
        often_enough = len(looked_at) == _LOOKS
        if often_enough and ledger.give_up_after(max(seconds_max, now - looked_at[0])):
            break
        looked_at.append(now)
    _log.critical(
        "the ledger stalled: an entry was not durable in time, or not cosigned where a witness is"
        " required; see its disk, and the witness"
    )
