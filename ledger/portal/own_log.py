"""The supervisor's own log as a list: which looks and opinions, and whose; found, then proved."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from ledger.entry import Entry
from ledger.envelope import Identity
from ledger.errors import FormatError
from ledger.evidence.filters import EntryFilter
from ledger.evidence.proven import ProvenEntry, ProvenLog
from ledger.evidence.scan import scan
from ledger.fields import EntryKind
from ledger.portal.keyring import Payload, open_payload
from ledger.portal.looks import Look
from ledger.portal.opinions.model import Step
from ledger.portal.opinions.words import STEPS
from ledger.portal.words import KINDS, Words
from ledger.printable import pretty
from ledger.tile import TILE_WIDTH

LIMIT: Final = 50
"""Entries of one page."""
WITHIN: Final = 2048 * TILE_WIDTH
"""Entries among which one page looks for its own; the next goes on from there."""
_STRIDE: Final = 8 * TILE_WIDTH
SHOWN: Final = frozenset({EntryKind.LOOK, EntryKind.OPINION, EntryKind.REPLY})
_BY: Final = ("supervisor", "handler")

LOOKS: Final[Mapping[Look, Words]] = {
    Look.SIGN_IN: Words("登录", "Signed in"),
    Look.SIGN_OUT: Words("退出", "Signed out"),
    Look.REFUSED: Words("登录未成功", "Sign-ins that failed"),
    Look.UNLOCK: Words("解锁私钥", "Unlocked the private key"),
    Look.ENTRY: Words("查看记录", "Looked at an entry"),
    Look.PAYLOAD: Words("查看解密的内容", "Read what is encrypted"),
    Look.SEARCH: Words("查询记录", "Searched"),
    Look.LEADS: Words("查看线索", "Looked at leads"),
    Look.STATISTICS: Words("查看统计", "Looked at statistics"),
    Look.FINDINGS: Words("查看扫描结果", "Looked at findings"),
    Look.PERSON: Words("按人查询", "Searched for a person"),
    Look.FOLLOW: Words("实时查看", "Followed entries as they came"),
    Look.VERIFY: Words("核验", "Verified"),
    Look.EXPORT: Words("导出", "Exported"),
    Look.OWN: Words("查看监督记录", "Looked at this record"),
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be listed. ``event``: a look's, or ``opinion`` or ``reply``; ``by`` a pseudonym.
    Empty: all."""

    event: str = ""
    by: str = ""

    @property
    def filter(self) -> EntryFilter:
        """As far as the bytes of an entry decide it."""
        if self.event in (EntryKind.OPINION, EntryKind.REPLY):
            return EntryFilter(kinds=frozenset({EntryKind(self.event)}))
        if self.event:
            return EntryFilter(kinds=frozenset({EntryKind.LOOK}), words=(("event", self.event),))
        return EntryFilter(kinds=SHOWN)


@dataclass(frozen=True, slots=True)
class Listed:
    """The newest first. ``unproved`` were found, and are not as they were signed; the next page has
    what is before ``before``, None where there is no more."""

    proven: tuple[ProvenEntry, ...]
    unproved: tuple[int, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class Row:
    """One entry. ``by`` is the pseudonym of who did it; ``named`` are pairs of the name of a log,
    None for one that is not configured, and a number in it. ``detail`` is the payload, where it was
    opened."""

    index: int
    time: str
    what: Words
    role: str
    by: str
    name: str | None
    log: str
    named: tuple[tuple[str | None, str], ...]
    person: str
    opinion: str
    count: int | None
    detail: str = ""


def listed(log: ProvenLog, asked: Asked, before: int | None = None, limit: int = LIMIT) -> Listed:
    """Blocks. Raises `FormatError` and `OSError` where the files cannot be read."""
    end = log.size if before is None else min(before, log.size)
    last = max(0, end - WITHIN)
    found: list[int] = []
    while end > last and len(found) <= limit:
        start = max(last, (end - 1) // _STRIDE * _STRIDE)
        here = list(scan(log.reader, asked.filter, start=start, end=end))
        mark = f'"{asked.by}"'.encode()
        found += [each.index for each in reversed(here) if not asked.by or mark in each.data]
        end = start
    more = found[limit - 1] if len(found) > limit else end
    proven: list[ProvenEntry] = []
    unproved: list[int] = []
    for index in found[:limit]:
        try:
            each = log.entry(index)
        except FormatError:
            unproved.append(index)
            continue
        if not asked.by or by_of(each.entry) == asked.by:
            proven.append(each)
    return Listed(tuple(proven), tuple(unproved), more if more > 0 else None)


def payloads(
    identity: Identity, log: ProvenLog, proven: tuple[ProvenEntry, ...]
) -> dict[int, Payload]:
    """Blocks. Those that this key opens, by number."""
    found = ((each.index, open_payload(identity, log, each)) for each in proven)
    return {index: payload for index, payload in found if isinstance(payload, Payload)}


def by_of(entry: Entry) -> str:
    """The pseudonym of who did it; empty where nobody was signed in."""
    return next((str(entry.header[name]) for name in _BY if name in entry.header), "")


def row_of(
    proven: ProvenEntry,
    names: Mapping[str, str],
    logs: Mapping[str, str],
    payload: Payload | None = None,
) -> Row:
    """``names``: pseudonym -> account; ``logs``: origin -> name for people."""
    header, by = proven.entry.header, by_of(proven.entry)
    entries, origin = header.get("entries"), str(header.get("log", ""))
    count = header.get("observed_count")
    return Row(
        proven.index,
        proven.entry.time,
        what_of(proven.entry),
        str(header.get("role", "")),
        by,
        _name_in(payload) or names.get(by),
        logs.get(origin, origin),
        tuple(_named(str(each), origin, logs) for each in entries)
        if isinstance(entries, list)
        else (),
        str(header.get("person", "")),
        str(header.get("opinion", "")),
        count if isinstance(count, int) else None,
        "" if payload is None else pretty(payload.data).rstrip(),
    )


def what_of(entry: Entry) -> Words:
    """What was done, for people; a word that a later version wrote stays as it is."""
    event = str(entry.header.get("event", ""))
    try:
        match entry.kind:
            case EntryKind.LOOK:
                return LOOKS[Look(event)]
            case EntryKind.OPINION:
                step = STEPS[Step(event)]
            case _:
                step = STEPS[Step.REPLIED]
    except ValueError:
        return Words(event, event)
    kind = KINDS[EntryKind.OPINION]
    return Words(f"{kind.chinese}：{step.chinese}", f"{kind.english}: {step.english}")


def _named(word: str, origin: str, logs: Mapping[str, str]) -> tuple[str | None, str]:
    """Looks name entries by their number, opinions by log and number."""
    log, _, number = word.rpartition(":")
    return logs.get(log or origin), number


def _name_in(payload: Payload | None) -> str | None:
    try:
        name = json.loads(payload.data)["supervisor"] if payload is not None else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return name if isinstance(name, str) else None
