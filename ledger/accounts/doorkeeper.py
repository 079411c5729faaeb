"""Lets people in: their passwords, how often they may be tried, and who is in."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from enum import Enum
from typing import Final, Generic

from ledger.accounts.attempts import Attempts, Clock, Failures
from ledger.accounts.roster import A, Roster, account_name
from ledger.accounts.sittings import Sitting, Sittings, Way

DELAY_SECONDS: Final = 1.0
_AT_ONCE_MAX: Final = 2
_WAITING_MAX: Final = 32
_SUM_UP_SECONDS: Final = 60.0


class Login(Enum):
    """What became of a try."""

    LET_IN = "let-in"
    REFUSED = "refused"
    LOCKED = "locked"


class NotLoggedIn(Exception):
    """Name, password or code is wrong; which of them is not said."""


class TooManyAttempts(Exception):
    """``retry_seconds``: not before then."""

    def __init__(self, retry_seconds: float) -> None:
        self.retry_seconds = retry_seconds
        super().__init__("too many attempts")


def _enough(_: object) -> bool:
    return True


def _nothing(_: object) -> None:
    pass


class Doorkeeper(Generic[A]):
    """Of one house. Belongs to the loop that made it.

    `told` is given what failed, summed up once a minute; `counted` each try; `ended` who is out.
    """

    def __init__(
        self,
        roster: Roster[A],
        *,
        told: Callable[[Failures], None],
        counted: Callable[[Login], None] = _nothing,
        ended: Callable[[Sitting[A]], None] = _nothing,
        clock: Clock = time.monotonic,
        pause: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._roster = roster
        self._told = told
        self._counted = counted
        self._attempts = Attempts(clock)
        self._sittings: Sittings[A] = Sittings(clock, ended)
        self._pause = pause
        self._places = asyncio.Semaphore(_AT_ONCE_MAX)
        self._waiting_count = 0
        self._failures = Failures()
        self._timer: asyncio.TimerHandle | None = None

    async def check(
        self, name: str, password: str, source: str, second: Callable[[A], bool] = _enough
    ) -> A:
        """Whose password this is. `second`, which may block, judges a second factor once the
        password is right. Raises `NotLoggedIn` and `TooManyAttempts`; both for names that are
        nobody's, too, and after the same time."""
        if self._waiting_count >= _WAITING_MAX:
            raise TooManyAttempts(1.0)
        self._waiting_count += 1
        try:
            async with self._places:
                account = await self._tried(name, password, source, second)
        finally:
            self._waiting_count -= 1
        if account is None:
            await self._pause(DELAY_SECONDS)
            raise NotLoggedIn("name or password is wrong")
        self._counted(Login.LET_IN)
        return account

    async def _tried(
        self, name: str, password: str, source: str, second: Callable[[A], bool]
    ) -> A | None:
        try:
            name = account_name(name)
        except ValueError:
            name = "?"
        if (left := self._attempts.locked_seconds(name, source)) > 0:
            self._counted(Login.LOCKED)
            raise TooManyAttempts(left)
        await asyncio.to_thread(self._roster.look)
        account = self._roster.accounts.get(name)
        kept = self._roster.nobody if account is None else account.password
        fits = await asyncio.to_thread(kept.fits, password)
        if account is not None and fits and await asyncio.to_thread(second, account):
            self._attempts.succeeded(name, source)
            return account
        self._attempts.failed(name, source)
        self._counted(Login.REFUSED)
        self._note(None if account is None else name, source)
        return None

    async def find(self, token: str, way: Way) -> Sitting[A] | None:
        """Whose token this is; None where it is nobody's any more."""
        await asyncio.to_thread(self._roster.look)
        return self._sittings.find(token, way, self._roster.accounts)

    def begin(self, account: A, way: Way) -> tuple[str, Sitting[A]]:
        """A token for who was checked."""
        return self._sittings.begin(account, way)

    def end(self, token: str) -> None:
        """Log out."""
        self._sittings.end(token)

    def sweep(self) -> None:
        """Log out who has been idle, or in for too long."""
        self._sittings.sweep()

    def close(self) -> None:
        """The last of what is told."""
        if self._timer is not None:
            self._timer.cancel()
        self._sum_up()

    def _note(self, name: str | None, source: str) -> None:
        self._failures.add(name, source, time.time())
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SUM_UP_SECONDS, self._sum_up)

    def _sum_up(self) -> None:
        self._timer = None
        failures, self._failures = self._failures, Failures()
        if failures.count:
            self._told(failures)
