"""The service's budget over its life: read from the ledger before anybody is served, again where a
policy limits otherwise, and kept in a file now and then so that a restart is quick."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Mapping
from typing import Final

from proxy.errors import RecordUnavailable
from proxy.names import PrincipalName
from proxy.policy.budget import Budget
from proxy.policy.law import Law
from proxy.policy.limits import Limits
from proxy.policy.uses import Uses
from proxy.record.spending import Spending, copy
from proxy.server.budgeting import Owner
from proxy.settings.service import Ledger

_KEEP_SECONDS: Final = 300.0
_log = logging.getLogger(__name__)


class Spender:
    """`owner` is asked by sessions; nobody who is limited gets anything before `follow`, and no
    permit with a number of uses is used before `count_uses`."""

    def __init__(self, ledger: Ledger) -> None:
        """Raises `ConfigurationError` for unusable keys."""
        file = ledger.directory.with_name(f"{ledger.directory.name}.budget")
        self._spending = Spending(ledger.directory, ledger.keys, file)
        self.owner = Owner(Budget({}))
        self._reading = asyncio.Lock()

    async def follow(self, law: Law) -> None:
        """Count by this law's limits, all that was recorded before included. Raises
        `RecordUnavailable` where the log cannot be read; then all stays as it was."""
        async with self._reading:
            limits = limits_of(law)
            if limits != self.owner.budget.limits:
                await self._read(limits)

    async def count_uses(self) -> None:
        """Before the first permit that may be used only so often: from now on it is known how often
        each was. Raises `RecordUnavailable`, as `follow` does."""
        async with self._reading:
            if self.owner.uses is None:
                await self._read(self.owner.budget.limits, counts_uses=True)

    async def _read(
        self, limits: Mapping[PrincipalName, Limits], *, counts_uses: bool = False
    ) -> None:
        owner, spending = self.owner, self._spending
        owner.follow()
        read = functools.partial(spending.read, counts_uses=counts_uses)
        owner.become(await asyncio.to_thread(read, limits, owner.clock(), owner.budget.ticket))
        if owner.uses is None and spending.uses is not None:
            # Nothing was used before; later the owner knows of more than the log.
            owner.uses = Uses(spending.uses)

    async def keep(self) -> None:
        """Write the counts down now."""
        if not self.owner.budget.limits and self.owner.uses is None:
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
