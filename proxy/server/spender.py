"""The service's budget over its life: read from the ledger before anybody is served, again where a
policy limits otherwise, and kept in a file now and then so that a restart is quick."""

from __future__ import annotations

import asyncio
import logging
from typing import Final

from proxy.errors import RecordUnavailable
from proxy.names import PrincipalName
from proxy.policy.budget import Budget
from proxy.policy.law import Law
from proxy.policy.limits import Limits
from proxy.record.spending import Spending, copy
from proxy.server.budgeting import Owner
from proxy.settings.service import Ledger

_KEEP_SECONDS: Final = 300.0
_log = logging.getLogger(__name__)


class Spender:
    """`owner` is asked by sessions; nobody who is limited gets anything before `follow`."""

    def __init__(self, ledger: Ledger) -> None:
        """Raises `ConfigurationError` for unusable keys."""
        file = ledger.directory.with_name(f"{ledger.directory.name}.budget")
        self._spending = Spending(ledger.directory, ledger.keys, file)
        self.owner = Owner(Budget({}))

    async def follow(self, law: Law) -> None:
        """Count by this law's limits, all that was recorded before included. Raises
        `RecordUnavailable` where the log cannot be read; then all stays as it was."""
        limits = limits_of(law)
        before = self.owner.budget
        if limits == before.limits:
            return
        self.owner.follow()
        now = self.owner.clock()
        budget = await asyncio.to_thread(self._spending.read, limits, now, before.ticket)
        self.owner.become(budget)

    async def keep(self) -> None:
        """Write the counts down now."""
        if not self.owner.budget.limits:
            return
        try:
            # Before the copy: what is recorded later is read again.
            size = await asyncio.to_thread(self._spending.size)
            budget = self.owner.budget
            kept = copy(budget)
            await asyncio.to_thread(self._spending.remember, size, budget.limits, kept)
        except (OSError, RecordUnavailable) as error:
            # Only the next start is slower for it.
            _log.warning("the counts of the budget cannot be kept", exc_info=error)

    async def keep_often(self) -> None:
        """For as long as the service lives."""
        while True:
            await asyncio.sleep(_KEEP_SECONDS)
            await self.keep()


def limits_of(law: Law) -> dict[PrincipalName, Limits]:
    """Whose people are counted at all."""
    return {each.name: each.limits for each in law.principals if each.limits.counts}
