"""All opinions, from the supervisor's own log: a step is taken once its entry is durable."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from types import MappingProxyType

from ledger.entry import parse_entry
from ledger.errors import FormatError
from ledger.fetch import DirectoryLog, entries
from ledger.portal.looks import Looks
from ledger.portal.opinions.entries import MARKS, act_of, draft_of
from ledger.portal.opinions.model import Act, NotNow, Opinion, after

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """A step, and the entry of the own log that records it."""

    index: int
    act: Act


class Register:
    """Belongs to one event loop."""

    def __init__(self, looks: Looks) -> None:
        self._looks = looks
        self._opinions: dict[str, Opinion] = {}
        self._taken: dict[str, list[Taken]] = {}
        self._turn = asyncio.Lock()

    @property
    def opinions(self) -> Mapping[str, Opinion]:
        """By number."""
        return MappingProxyType(self._opinions)

    def steps(self, number: str) -> Sequence[Taken]:
        """Of one opinion, the first one first."""
        return tuple(self._taken.get(number, ()))

    def about(self, log: str, entry: int) -> Sequence[Opinion]:
        """Those that name an entry, ``log`` being the origin; the last one first."""
        found = (each for each in self._opinions.values() if each.log == log)
        return [each for each in found if entry in each.entries][::-1]

    def read(self) -> None:
        """What was recorded before this start. Blocks."""
        for index, data, _ in entries(DirectoryLog(self._looks.directory)):
            if not any(mark in data for mark in MARKS):
                continue
            try:
                act = act_of(parse_entry(data)[0])
                self._keep(index, act, after(self._opinions.get(act.number), act))
            except (FormatError, NotNow):
                # The log's own check says whether it was altered; a newer version may know more.
                _log.warning("an entry about an opinion was passed over", extra={"entry": index})

    async def take(self, act: Act, text: str, name: str) -> int:
        """The entry, once it is durable. Raises `NotNow`, and `NotRecorded`; then nothing is
        done."""
        async with self._turn:
            return await self._take(act, text, name)

    async def draft(self, act: Act, text: str, name: str) -> str:
        """The number that a new one got: the year's next."""
        async with self._turn:
            taken = (int(each.partition("-")[2]) for each in self._opinions if _is_of(each, act.on))
            number = f"{act.on.year}-{max(taken, default=0) + 1}"
            await self._take(replace(act, number=number), text, name)
            return number

    async def _take(self, act: Act, text: str, name: str) -> int:
        opinion = after(self._opinions.get(act.number), act)
        draft = draft_of(act, text, name, self._looks.pseudonyms.of)
        index = await self._looks.append(draft.kind, draft.header, draft.payload)
        self._keep(index, act, opinion)
        return index

    def _keep(self, index: int, act: Act, opinion: Opinion) -> None:
        self._opinions[act.number] = opinion
        self._taken.setdefault(act.number, []).append(Taken(index, act))


def _is_of(number: str, day: date) -> bool:
    year, _, rest = number.partition("-")
    return year == str(day.year) and rest.isascii() and rest.isdigit()
