"""A ledger that hangs has failed as much as one that says so."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from proxy.record import Ledger

# How often within the time allowed it is looked whether something waits that long.
_LOOKS: Final = 10
_log = logging.getLogger(__name__)


async def until_stalled(ledger: Ledger, seconds_max: float) -> None:
    """Returns once an entry has waited longer than that; the ledger has failed then."""
    while True:
        await asyncio.sleep(seconds_max / _LOOKS)
        if ledger.give_up_after(seconds_max):
            break
    _log.critical("the ledger stalled: an entry was not durable in time; see its disk")
