"""Leads from the rows of an index, in one pass, the newest row of each log first. Pure.

Counted are statements that touched protected relations: what passed as it was sent did not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappush, heappushpop
from typing import Final

from ledger.fields import EntryKind
from ledger.portal.beijing import BEIJING
from ledger.portal.index.model import Role, Row
from ledger.portal.leads.model import ENTRIES_MAX, Lead, Limits, Rule, Who

_REFUSED: Final = "refuse"
_NOT_PROTECTED: Final = "pass"
_CERTIFICATE_REFUSED: Final = "refused"


def leads(rows: Iterable[Row], limits: Limits) -> list[Lead]:
    """What the decisions and certificates among `rows` show, the newest day first."""
    found = _Notes(limits)
    for row in rows:
        found.take(row)
    return sorted(found.leads(), key=_newest_first)


def _newest_first(lead: Lead) -> tuple[int, ...]:
    year, month, day = map(int, lead.day.split("-"))
    return (-year, -month, -day, list(Rule).index(lead.rule), -lead.count)


@dataclass(slots=True)
class _Note:
    """Entries of one sort, of one day and person or of all days."""

    count: int = 0
    principals: set[str] = field(default_factory=set)
    # The smallest numbers, as a heap of their negatives.
    first: list[int] = field(default_factory=list)

    def add(self, row: Row) -> None:
        self.count += 1
        if row.principal is not None:
            self.principals.add(row.principal)
        self.mention(row)

    def mention(self, row: Row) -> None:
        """It belongs to what was counted."""
        if -row.number in self.first:
            return
        if len(self.first) < ENTRIES_MAX:
            heappush(self.first, -row.number)
        else:
            heappushpop(self.first, -row.number)

    def lead(self, rule: Rule, key: _Key, limit: int, count: int | None = None) -> Lead:
        entries = tuple(sorted(-number for number in self.first))
        return Lead(
            rule,
            key.log,
            key.day,
            key.who,
            tuple(sorted(self.principals)),
            self.count if count is None else count,
            limit,
            entries,
        )


@dataclass(frozen=True, slots=True)
class _Key:
    log: str
    who: Who
    day: str


@dataclass(slots=True)
class _Drip:
    note: _Note = field(default_factory=_Note)
    people: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)


class _Notes:
    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._counted: dict[tuple[Rule, _Key], _Note] = {}
        self._sources: dict[_Key, tuple[set[str], _Note]] = {}
        self._drips: dict[tuple[str, Who], _Drip] = {}
        # By log and person: certificates that were refused later than what is looked at now.
        self._refused: dict[tuple[str, str], list[tuple[datetime, Row]]] = {}
        self._before: dict[_Key, _Note] = {}

    def take(self, row: Row) -> None:
        moment = _moment(row.time)
        if moment is None:
            return
        if row.kind is EntryKind.CERTIFICATE and row.event == _CERTIFICATE_REFUSED:
            for person in row.named.get(Role.PERSON, ()):
                self._refused.setdefault((row.log, person), []).append((moment, row))
        elif row.kind is EntryKind.DECISION and row.verdict != _NOT_PROTECTED:
            self._decision(row, moment)

    def _decision(self, row: Row, moment: datetime) -> None:
        key = _Key(row.log, _who(row), moment.strftime("%Y-%m-%d"))
        if row.verdict == _REFUSED:
            self._count(Rule.REFUSED, key, row)
            return
        for_certificates = row.principal in self._limits.certificate_principals
        if Role.CASE not in row.named and not for_certificates:
            self._count(Rule.NO_CASE, key, row)
        if not self._limits.opens <= moment.hour < self._limits.closes:
            self._count(Rule.OUT_OF_HOURS, key, row)
        if key.who.operator is not None:
            sources, note = self._sources.setdefault(key, (set(), _Note()))
            sources.update(row.named.get(Role.SOURCE, ()))
            note.add(row)
        people = row.named.get(Role.PERSON, ())
        if people:
            drip = self._drips.setdefault((row.log, key.who), _Drip())
            drip.note.add(row)
            drip.people.update(people)
            drip.days.add(key.day)
        for person in people:
            self._look_up(row, moment, key.who, person)

    def _count(self, rule: Rule, key: _Key, row: Row) -> None:
        self._counted.setdefault((rule, key), _Note()).add(row)

    def _look_up(self, row: Row, moment: datetime, who: Who, person: str) -> None:
        if row.principal in self._limits.certificate_principals:
            return
        within = timedelta(days=self._limits.before_certificate_days)
        for refused_at, certificate in self._refused.get((row.log, person), ()):
            if refused_at - moment <= within:
                day = refused_at.strftime("%Y-%m-%d")
                note = self._before.setdefault(_Key(row.log, who, day), _Note())
                note.add(row)
                note.mention(certificate)

    def leads(self) -> Iterator[Lead]:
        limits = {
            Rule.NO_CASE: self._limits.no_case_count,
            Rule.OUT_OF_HOURS: self._limits.out_of_hours_count,
            Rule.REFUSED: self._limits.refused_count,
        }
        for (rule, key), note in self._counted.items():
            if note.count >= limits[rule]:
                yield note.lead(rule, key, limits[rule])
        for key, (sources, note) in self._sources.items():
            if len(sources) > 1:
                yield note.lead(Rule.TWO_SOURCES, key, 1, len(sources))
        for (log, who), drip in self._drips.items():
            enough = len(drip.people) >= self._limits.drip_people_count
            if enough and len(drip.days) >= self._limits.drip_days_count:
                key = _Key(log, who, max(drip.days))
                people_count = len(drip.people)
                yield drip.note.lead(Rule.DRIP, key, self._limits.drip_people_count, people_count)
        for key, note in self._before.items():
            yield note.lead(Rule.BEFORE_CERTIFICATE, key, 1)


def _who(row: Row) -> Who:
    operator = next(iter(row.named.get(Role.OPERATOR, ())), None)
    account = next(iter(row.named.get(Role.ACCOUNT, ())), None)
    return Who(operator, None if operator is not None else account)


def _moment(time: str) -> datetime | None:
    """In China; None for what claims no time. It is the writer's clock and proves nothing."""
    try:
        moment = datetime.fromisoformat(time)
        return None if moment.tzinfo is None else moment.astimezone(BEIJING)
    except (OverflowError, ValueError):
        return None
