"""Whom a session looked for: kept here under a handle, so that no number is in an address."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.accounts.sittings import Sitting
from ledger.portal.accounts import Account

_OF_A_SESSION_MAX: Final = 50


@dataclass(frozen=True, slots=True)
class Sought:
    """One person: their pseudonym by name of the log. Nothing that is not in public headers."""

    pseudonyms: Mapping[str, str]
    unknown: tuple[str, ...] = ()
    """Logs whose pseudonyms the key that was unlocked cannot make."""
    look: int = 0
    """The entry of the portal's own log that says so."""


class Searches:
    """By session; gone with it."""

    def __init__(self) -> None:
        self._kept: dict[Sitting[Account], OrderedDict[str, Sought]] = {}

    def keep(self, sitting: Sitting[Account], sought: Sought) -> str:
        """A handle that says nothing, and is good for this session alone."""
        handle = secrets.token_urlsafe(16)
        kept = self._kept.setdefault(sitting, OrderedDict())
        kept[handle] = sought
        while len(kept) > _OF_A_SESSION_MAX:
            kept.popitem(last=False)
        return handle

    def find(self, sitting: Sitting[Account], handle: str) -> Sought | None:
        """What was kept, if it still is."""
        return self._kept.get(sitting, OrderedDict()).get(handle)

    def drop(self, sitting: Sitting[Account]) -> None:
        """The session is over."""
        self._kept.pop(sitting, None)
