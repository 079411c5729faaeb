"""The first page: each log, and in plain words how it stands."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from aiohttp import web

from ledger.fields import EntryKind
from ledger.portal.context import (
    FEED,
    INDEX,
    KEYRING,
    LAST_CHECK,
    LOOKS,
    SOURCES,
    Check,
    person_of,
    render,
)
from ledger.portal.index.model import LogState, Query
from ledger.portal.logs import Trouble
from ledger.portal.route import Route
from ledger.portal.words import Words

HEARTBEAT_SECONDS_MAX: Final = 600.0
"""A notary says every minute that it is there."""

_TROUBLES: Final = {
    Trouble.NOT_THERE: Words(
        "指定的位置没有记录。", "There is no record at the place that was given."
    ),
    Trouble.UNREACHABLE: Words(
        "无法连接到记录所在处。", "The place of the record cannot be reached."
    ),
    Trouble.NOT_SIGNED: Words(
        "记录不是由登记的公钥签名，不能采信。",
        "The record is not signed by the key that is registered: do not rely on it.",
    ),
    Trouble.OTHER_LOG: Words("指定的位置是另一份记录。", "Another record is at that place."),
    Trouble.ENTRIES_GONE: Words(
        "记录中有缺失，部分记录无法读取。",
        "Entries are missing: part of the record cannot be read.",
    ),
    Trouble.DAMAGED: Words("记录已损坏，无法读取。", "The record is damaged and cannot be read."),
}
_READING: Final = Words("正在读取…", "Being read …")
_UNCHECKED: Final = Words("尚未核验", "Not verified yet")


@dataclass(frozen=True, slots=True)
class Card:
    """One log. `tone` is good, warn, bad, or nothing where nothing is known."""

    name: str
    tone: str
    words: Words
    size: int | None
    last_time: str
    heartbeat_seconds: float | None
    check: Check | None
    reading: tuple[int, int] | None = None
    """Entries read and entries in all, where the log is being read for the first time."""

    @property
    def late(self) -> bool:
        """Whether the writer has been silent for too long."""
        return self.heartbeat_seconds is not None and (
            self.heartbeat_seconds > HEARTBEAT_SECONDS_MAX
        )

    @property
    def empty(self) -> bool:
        """Whether nothing but its own beginning is in it."""
        return self.size is not None and self.size <= 1


async def _overview(request: web.Request) -> web.Response:
    return render(
        request,
        "overview.html",
        cards=await cards_of(request.app),
        now=time.time(),
        unlockable=request.app[KEYRING].there,
        unlocked=request.app[KEYRING].of(person_of(request).sitting) is not None,
        own_origin=request.app[LOOKS].origin,
    )


async def cards_of(app: web.Application) -> list[Card]:
    """In the order in which the logs were given."""
    states = {each.log: each for each in await asyncio.to_thread(app[INDEX].states)}
    return [await _card(app, name, states.get(name)) for name in app[SOURCES]]


async def _card(app: web.Application, name: str, state: LogState | None) -> Card:
    check, trouble = await app[LAST_CHECK](name), app[FEED].trouble(name)
    tone, words = "", _UNCHECKED
    if check is not None:
        tone, words = {True: "good", False: "bad", None: "warn"}[check.good], check.words
    # A fault that was found once is not forgotten because the log is out of reach now.
    if trouble is not None and tone != "bad":
        tone, words = "bad", _TROUBLES[trouble]
    elif state is None and check is None:
        words = _READING
    query = Query(logs=frozenset({name}), kinds=frozenset({EntryKind.HEARTBEAT}))
    beats = (await asyncio.to_thread(app[INDEX].search, query, None, 1)).rows if state else ()
    age = time.time() - datetime.fromisoformat(beats[0].time).timestamp() if beats else None
    size, last = (None, "") if state is None else (state.size, state.last_time)
    reading = app[FEED].progress(name) if state is None else None
    return Card(name, tone, words, size, last, age, check, reading)


ROUTES: Final = (Route("GET", "/", _overview),)
