"""Who is logged in, in memory only: tokens for programs, and for the browser's cookie.

What is kept is a digest of a token, so that a copy of memory gives none away that could be sent.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Generic

from ledger.accounts.attempts import Clock
from ledger.accounts.roster import A

IDLE_SECONDS: Final = 30 * 60.0
WHOLE_SECONDS: Final = 8 * 3_600.0
OF_AN_ACCOUNT_MAX: Final = 8
_ALL_MAX: Final = 4_096


class Way(Enum):
    """What a token is good for: one of the API does nothing on the page, nor the other way."""

    API = "api"
    PAGE = "page"


def _number() -> str:
    """Of letters alone: a word of a ledger has no long run of digits."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(16))


@dataclass(slots=True, eq=False)
class Sitting(Generic[A]):
    """One login. ``form_token`` has to be in every form of it; ``number`` is what it is called in
    a ledger, and no secret."""

    account: A
    way: Way
    began: float
    seen: float
    form_token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    number: str = field(default_factory=_number)
    over: bool = False

    def has_form_token(self, given: str) -> bool:
        """Compared in the same time, whatever is given."""
        return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), self.form_token.encode())


def _nothing(_: object) -> None:
    pass


class Sittings(Generic[A]):
    """All of them. `clock` gives seconds that only grow; `ended` is called with each that ends."""

    def __init__(self, clock: Clock, ended: Callable[[Sitting[A]], None] = _nothing) -> None:
        self._clock = clock
        self._ended = ended
        self._kept: OrderedDict[bytes, Sitting[A]] = OrderedDict()

    def begin(self, account: A, way: Way) -> tuple[str, Sitting[A]]:
        """A new token, never one that the client had before."""
        now = self._clock()
        token = secrets.token_urlsafe(32)
        sitting = Sitting(account, way, now, now)
        self.sweep()
        same = [key for key, each in self._kept.items() if each.account.name == account.name]
        for key in same[: max(0, len(same) - OF_AN_ACCOUNT_MAX + 1)]:
            self._drop(key)
        self._kept[_digest(token)] = sitting
        while len(self._kept) > _ALL_MAX:
            self._drop(next(iter(self._kept)))
        return token, sitting

    def find(self, token: str, way: Way, accounts: Mapping[str, A]) -> Sitting[A] | None:
        """Whose it is, if it still is, and if the account is what it was at login."""
        key = _digest(token)
        sitting = self._kept.get(key)
        if sitting is None or sitting.way is not way:
            return None
        if self._is_over(sitting) or accounts.get(sitting.account.name) != sitting.account:
            self._drop(key)
            return None
        sitting.seen = self._clock()
        return sitting

    def end(self, token: str) -> None:
        """Log out."""
        self._drop(_digest(token))

    def sweep(self) -> None:
        """End those that are over, so that nothing of theirs is kept until somebody asks."""
        for key in [key for key, each in self._kept.items() if self._is_over(each)]:
            self._drop(key)

    def _drop(self, key: bytes) -> None:
        sitting = self._kept.pop(key, None)
        if sitting is not None:
            sitting.over = True
            self._ended(sitting)

    def _is_over(self, sitting: Sitting[A]) -> bool:
        now = self._clock()
        return now - sitting.seen >= IDLE_SECONDS or now - sitting.began >= WHOLE_SECONDS


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
