"""What is asked of the index and what it answers. Pure.

The index is a convenience: it finds entries and counts them. It proves nothing, and what is shown
as evidence is read from the log and verified. Rows hold what stands in public headers, no more.

Within a log, entries are ordered by number, which the log proves, not by time, which it claims.
Several logs are merged by time, the newest first, and each keeps its own order in that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ledger.errors import FormatError
from ledger.fields import EntryKind

LIMIT_MAX: Final = 1000
"""Rows of one page."""
_PSEUDONYM: Final = re.compile(r"[0-9a-f]{32}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_HOUR: Final = ":00:00.000Z"
_POSITION: Final = re.compile(r"([^:,]{1,64}):(0|[1-9][0-9]{0,15})")
_POSITION_CHARACTERS_MAX: Final = 4096


class Role(StrEnum):
    """As what a pseudonym stands in a header; the fields of that name, except `PERSON`."""

    PERSON = "person"
    """Whose data it is about: the fields `subjects` and `person`."""
    OPERATOR = "operator"
    CASE = "case"
    ACCOUNT = "account"
    SOURCE = "source"
    UNIT = "unit"
    HANDLER = "handler"
    APPROVER = "approver"
    OFFICER = "officer"
    APPLICANT = "applicant"
    SUPERVISOR = "supervisor"


class Flaw(StrEnum):
    """Why an entry has no fields here. What that means for the log, its verification says."""

    MALFORMED = "malformed"  # no entry as the format has it
    MISPLACED = "misplaced"  # an entry that calls itself by another number, or of another log
    MISSING = "missing"  # its file is not there, or breaks off before it


@dataclass(frozen=True, slots=True)
class Named:
    """An entry that has one of these pseudonyms in that role.

    Each log has a pseudonym key of its own, so a person has one pseudonym in each: give them all.
    """

    role: Role
    pseudonyms: tuple[str, ...]  # 32 hexadecimal digits each

    def __post_init__(self) -> None:
        if not all(map(_PSEUDONYM.fullmatch, self.pseudonyms)):
            raise FormatError("a pseudonym is 32 hexadecimal digits")


@dataclass(frozen=True, slots=True)
class Query:
    """All that is given must hold; an empty one lets everything through.

    Words are compared as a whole. One that stands in no header finds nothing.
    """

    logs: frozenset[str] = frozenset()  # names of sources; empty: each that is indexed
    kinds: frozenset[EntryKind] = frozenset()
    since: str | None = None  # as `moments.parse_moment` gives it; that moment is in
    until: str | None = None  # that moment is out
    principal: str | None = None
    verdict: str | None = None
    rule: str | None = None
    statement_class: str | None = None
    attribution: str | None = None
    event: str | None = None  # of permits, certificates, policies, opinions and orders
    permit: str | None = None  # its number, in the permit's own entries and in decisions under it
    certificate: str | None = None  # its serial
    opinion: str | None = None  # number of a procuratorate's opinion, in its entries and replies
    order: str | None = None  # number of an order, of unsealing or erasure
    session: str | None = None
    error: str | None = None
    named: tuple[Named, ...] = ()
    cut: bool = False  # only results that a cap ended
    refused: bool = False  # only refused statements, permits and certificates
    without_case: bool = False  # only decisions that name no case
    flawed: bool = False  # only entries that could not be read

    def __post_init__(self) -> None:
        for moment in (self.since, self.until):
            if moment is not None and not _TIME.fullmatch(moment):
                raise FormatError("a time looks like 2026-01-31T00:00:00.000Z")


@dataclass(frozen=True, slots=True)
class Row:
    """An entry as a list shows it: what its public header says; None or empty what it does not."""

    log: str  # name of the source
    number: int  # index in the log
    time: str  # as entries have it; of a flawed one the time of the one before, or ""
    kind: EntryKind | None  # None: flawed
    flaw: Flaw | None = None
    principal: str | None = None
    verdict: str | None = None
    rule: str | None = None
    article: str | None = None
    statement_class: str | None = None
    attribution: str | None = None
    event: str | None = None  # also the state of a heartbeat, the result of a reply, a label
    session: str | None = None
    permits: tuple[str, ...] = ()
    certificate: str | None = None
    opinion: str | None = None
    order: str | None = None
    error: str | None = None
    decide_by: str | None = None  # of a permit, as its writer spelt it
    decision: int | None = None  # number of the decision that an outcome belongs to
    rows_count: int | None = None
    released_bytes: int | None = None
    duration_ms: int | None = None
    subjects_count: int | None = None
    statements_count: int | None = None
    cut: bool = False
    named: Mapping[Role, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Position:
    """Where a list stands: for each log the number that was reached.

    A log that it does not name is at its newest end. What `search` and `tail` hand back names all.
    """

    numbers: tuple[tuple[str, int], ...] = ()  # by name of the log, sorted

    @classmethod
    def of(cls, numbers: Mapping[str, int]) -> Position:
        return cls(tuple(sorted(numbers.items())))

    def __str__(self) -> str:
        """For an address or a `Last-Event-ID`; percent-encode it there, names may be Chinese."""
        return ",".join(f"{log}:{number}" for log, number in self.numbers)

    @classmethod
    def parse(cls, text: str) -> Position:
        """The inverse, for text nobody vouches for. Raises `FormatError`."""
        parts = text.split(",") if text and len(text) <= _POSITION_CHARACTERS_MAX else []
        matches = [_POSITION.fullmatch(part) for part in parts]
        numbers = {match[1]: int(match[2]) for match in matches if match is not None}
        if (text and not parts) or len(numbers) != len(parts):
            raise FormatError("this is no place in a list of entries")
        return cls.of(numbers)


@dataclass(frozen=True, slots=True)
class Page:
    """`after` is where the next page begins, or None where there is no more.

    A page may be short, even empty, and yet have more after it: the time it may take was over.
    """

    rows: tuple[Row, ...]
    after: Position | None


class By(StrEnum):
    """What `count_by` tells apart, beside the time."""

    LOG = "log"
    KIND = "kind"
    PRINCIPAL = "principal"
    VERDICT = "verdict"
    RULE = "rule"
    EVENT = "event"


class Each(StrEnum):
    """How long the stretches of time are that `count_by` counts in."""

    HOUR = "hour"
    DAY = "day"
    MONTH = "month"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Tally:
    """Which entries `count_by` counts. Only what can be answered at once for any log."""

    logs: frozenset[str] = frozenset()
    kinds: frozenset[EntryKind] = frozenset()
    since: str | None = None  # on a whole hour
    until: str | None = None
    principal: str | None = None
    verdict: str | None = None
    rule: str | None = None

    def __post_init__(self) -> None:
        for moment in (self.since, self.until):
            if moment is not None and not (_TIME.fullmatch(moment) and moment.endswith(_HOUR)):
                raise FormatError("entries are counted between whole hours")


@dataclass(frozen=True, slots=True)
class Counted:
    """So many entries of that value in that stretch of time; stretches with none are left out."""

    when: str  # 2026-01-31T08, 2026-01-31, 2026-01 or "", on the clock that was asked for
    value: str  # "" where the entries have no such field
    entries_count: int
    rows_count: int  # rows released, in outcomes


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What belongs to one entry. Lists of a session or a permit: `Query(session=…)`."""

    decision: Row | None  # of an outcome
    outcome: Row | None  # of a decision
    before: Row | None  # the one before it of the same session
    after: Row | None  # the one after it of the same session


class Rebuilt(StrEnum):
    """Why an index was made anew."""

    FIRST = "first"  # there was none
    SHRANK = "shrank"  # the log is shorter than what was indexed of it
    OTHER_ENTRIES = "other-entries"  # the last indexed entry is not the same any more
    OTHER_KEY = "other-key"  # the source was given another key, or is another log
    UNREADABLE = "unreadable"  # the index file is damaged, or of another version


@dataclass(frozen=True, slots=True)
class Refreshed:
    """What `refresh` did."""

    log: str
    size: int  # entries indexed now, all that the signed checkpoint covers
    added_count: int
    rebuilt: Rebuilt | None  # all but `FIRST` are worth telling the supervisor


@dataclass(frozen=True, slots=True)
class LogState:
    """What is indexed of one log."""

    log: str
    origin: str
    size: int
    flawed_count: int
    first_time: str  # "" where nothing is indexed
    last_time: str
    refreshed_at: str  # by the clock of this machine
    rebuilt: Rebuilt | None  # why it was last made anew, and when
    rebuilt_at: str


def total(counts: Iterable[Counted]) -> int:
    return sum(each.entries_count for each in counts)
