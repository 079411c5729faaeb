"""How many different people each operator, and each case, has asked for: distinct counts over
sliding windows, exact to the bucket. Pure: the clock is handed in.

Of each person only the last time is kept, for the number of different people in a window is the
number of those last asked for in it. Times are kept in buckets of `BUCKET_SECONDS`; a window
reaches back to the beginning of the bucket in which it begins, so it is up to one bucket longer
than the policy says and never shorter.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from proxy.names import PrincipalName
from proxy.policy.limits import DAY_SECONDS, NO_LIMITS, YEAR_SECONDS, Limits
from proxy.policy.uses import Use

BUCKET_SECONDS: Final = 300
KEPT_MAX: Final = 2_000_000
"""People of all accounts together; about 200 bytes each. When there is no place, nobody new is
asked for."""


UNBOUNDED: Final = 1 << 40
"""Set aside where nothing limits it."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, by pseudonyms; empty where it was not said."""

    principal: PrincipalName
    operator: str = ""
    case: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """What is counted apart: the people of an operator or a case, or the names themselves."""

    principal: PrincipalName
    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Charge:
    """These items in one account, at most so many in so many seconds each."""

    account: Account
    items: frozenset[str]
    windows: Mapping[int, int]


def charges(asker: Asker, people: frozenset[str], limits: Limits) -> tuple[Charge, ...]:
    """What a statement is charged to: the case it names, where cases have a budget of their own,
    else the operator; and the names themselves, where it is limited how many there are."""
    principal, out = asker.principal, list[Charge]()
    if asker.case and limits.of_cases:
        out.append(Charge(Account(principal, "case", asker.case), people, limits.of_cases))
        cases = {DAY_SECONDS: limits.cases_per_day or 0}
        out.append(
            Charge(Account(principal, "cases", asker.operator), frozenset((asker.case,)), cases)
        )
    else:
        windows = limits.windows
        out.append(Charge(Account(principal, "operator", asker.operator), people, windows))
    if limits.operators_per_day is not None and asker.operator:
        operators = {DAY_SECONDS: limits.operators_per_day}
        out.append(Charge(Account(principal, "operators"), frozenset((asker.operator,)), operators))
    return tuple(charge for charge in out if charge.windows)


class Count:
    """One account: each item with the bucket in which it was last asked for, and how many there
    are in each bucket, rows without names among them. Buckets never go back."""

    __slots__ = ("buckets", "last", "total")

    def __init__(self) -> None:
        self.last: OrderedDict[str, int] = OrderedDict()
        self.buckets: OrderedDict[int, int] = OrderedDict()
        self.total = 0

    def touch(self, item: str, bucket: int) -> None:
        """The item is asked for now."""
        before = self.last.pop(item, None)
        self.last[item] = bucket
        if before is not None and before in self.buckets:
            self.add(before, -1)
        self.add(bucket, 1)

    def add(self, bucket: int, many: int) -> None:
        """So many more, or fewer, that have no name; nothing where the bucket is forgotten."""
        if many > 0 or bucket in self.buckets:
            self.buckets[bucket] = self.buckets.get(bucket, 0) + many
            self.total += many

    def since(self, first: int) -> int:
        """How many in the buckets from ``first`` on."""
        if not self.buckets or next(iter(self.buckets)) >= first:
            return self.total
        found = 0
        for bucket in reversed(self.buckets):
            if bucket < first:
                break
            found += self.buckets[bucket]
        return found

    def forget(self, before: int) -> int:
        """Drop what lies before a bucket; how many items that were."""
        dropped = 0
        while self.buckets and next(iter(self.buckets)) < before:
            self.total -= self.buckets.popitem(last=False)[1]
        while self.last and next(iter(self.last.values())) < before:
            self.last.popitem(last=False)
            dropped += 1
        return dropped


@dataclass(frozen=True, slots=True)
class Request:
    """People by pseudonym or, without any, ``most`` people without names (None: all that is
    left). With ``uses`` it is those that are asked for, and nobody."""

    asker: Asker
    people: tuple[str, ...] = ()
    most: int | None = None
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class Spent:
    """Granted at a time, in Unix seconds: people by pseudonym, and so many without a name."""

    at_seconds: float
    asker: Asker
    people: tuple[str, ...] = ()
    unnamed: int = 0


class Budget:
    """All accounts. The service has the only one, so it is exact for all workers together."""

    def __init__(
        self, limits: Mapping[PrincipalName, Limits], kept_max: int = KEPT_MAX, ticket: int = 0
    ) -> None:
        """``ticket``: the last that was given out by a budget before this one."""
        self.limits = dict(limits)
        self.kept_count = 0
        self._counts: dict[Account, Count] = {}
        self._kept_max = kept_max
        self._bucket = 0
        self._tickets: OrderedDict[int, tuple[int, int, tuple[Account, ...]]] = OrderedDict()
        self.ticket = ticket

    def ask(self, asker: Asker, people: Collection[str], now: float) -> bool:
        """Whether all of them may be asked for now; then they are counted. All or none."""
        bucket = self._move(now)
        wanted = self._charges(asker, people)
        if not all(self._fits(charge, bucket) for charge in wanted):
            return False
        if not self._has_room(wanted, bucket):
            return False
        for charge in wanted:
            self._enter(charge, bucket)
        return True

    def set_aside(self, asker: Asker, most: int | None, now: float) -> tuple[int, int]:
        """So many people without names, or as many as are left, and the ticket to give back by.

        None for ``most``: all that are left. Nothing is left: 0, and nothing is counted.
        """
        bucket = self._move(now)
        wanted = self._charges(asker, ())
        of_people = [charge for charge in wanted if charge.account.kind in _OF_PEOPLE]
        left = [self._left(charge, bucket) for charge in of_people]
        many = min((each for each in (*left, most) if each is not None), default=UNBOUNDED)
        fits = all(self._fits(charge, bucket) for charge in wanted)
        if many <= 0 or not fits or not self._has_room(wanted, bucket):
            return 0, 0
        for charge in wanted:
            self._enter(charge, bucket)
        return many, self._count_unnamed(of_people, bucket, many)

    def give_back(self, ticket: int, many: int) -> None:
        """What was set aside and has not been used. Once, and no more than it was."""
        bucket, set_aside, accounts = self._tickets.pop(ticket, (0, 0, ()))
        for account in accounts:
            count = self._counts.get(account)
            if count is not None:
                count.add(bucket, -max(0, min(many, set_aside)))

    def enter(self, spent: Spent) -> int:
        """What was granted at some time, in the order of time; whether it still fits or not. The
        ticket of what has no name, 0 where all have one."""
        bucket = self._move(spent.at_seconds)
        wanted = self._charges(spent.asker, spent.people)
        for charge in wanted:
            self._enter(charge, bucket)
        of_people = [charge for charge in wanted if charge.account.kind in _OF_PEOPLE]
        return self._count_unnamed(of_people, bucket, spent.unnamed) if spent.unnamed else 0

    def _count_unnamed(self, charges: Sequence[Charge], bucket: int, many: int) -> int:
        accounts = tuple(charge.account for charge in charges)
        for account in accounts:
            self._counts[account].add(bucket, many)
        self.ticket += 1
        self._tickets[self.ticket] = (bucket, many, accounts)
        if len(self._tickets) > _TICKETS_MAX:
            self._tickets.popitem(last=False)
        return self.ticket

    def kept(self) -> Iterator[tuple[Account, Mapping[str, int], Mapping[int, int]]]:
        """Everything, to be written down: of each account the items and the buckets."""
        for account, count in self._counts.items():
            yield account, count.last, count.buckets

    def take_up(
        self, account: Account, last: Mapping[str, int], buckets: Mapping[int, int]
    ) -> None:
        """What `kept` gave."""
        count = self._counts.setdefault(account, Count())
        for item, bucket in sorted(last.items(), key=lambda pair: pair[1]):
            count.last[item] = bucket
        for bucket, many in sorted(buckets.items()):
            count.add(bucket, many)
            self._bucket = max(self._bucket, bucket)
        self.kept_count += len(count.last)

    def _charges(self, asker: Asker, people: Collection[str]) -> tuple[Charge, ...]:
        limits = self.limits.get(asker.principal, NO_LIMITS)
        return charges(asker, frozenset(people), limits)

    def _move(self, now: float) -> int:
        """The clock may be set back; what was asked for stays as recent as it was."""
        self._bucket = max(self._bucket, int(now) // BUCKET_SECONDS)
        return self._bucket

    def _fits(self, charge: Charge, bucket: int) -> bool:
        count = self._counts.get(charge.account)
        for seconds, limit in charge.windows.items():
            first = _first(bucket, seconds)
            last = {} if count is None else count.last
            more = sum(last.get(item, -1) < first for item in charge.items)
            if more and more + (0 if count is None else count.since(first)) > limit:
                return False
        return True

    def _left(self, charge: Charge, bucket: int) -> int:
        count = self._counts.get(charge.account)
        return min(
            limit - (0 if count is None else count.since(_first(bucket, seconds)))
            for seconds, limit in charge.windows.items()
        )

    def _enter(self, charge: Charge, bucket: int) -> None:
        count = self._counts.setdefault(charge.account, Count())
        before = len(count.last)
        for item in sorted(charge.items):
            count.touch(item, bucket)
        self.kept_count += len(count.last) - before
        self.kept_count -= count.forget(_first(bucket, max(charge.windows)))

    def _has_room(self, wanted: Iterable[Charge], bucket: int) -> bool:
        """Whoever may invent names must not be able to fill the memory."""
        fresh = 0
        for charge in wanted:
            count = self._counts.get(charge.account)
            fresh += 1 if count is None else 0
            fresh += sum(count is None or item not in count.last for item in charge.items)
        if self.kept_count + len(self._counts) + fresh <= self._kept_max:
            return True
        for account, count in list(self._counts.items()):
            self.kept_count -= count.forget(_first(bucket, YEAR_SECONDS))
            if not count.buckets:
                del self._counts[account]
        return self.kept_count + len(self._counts) + fresh <= self._kept_max


_OF_PEOPLE: Final = frozenset(("operator", "case"))
_TICKETS_MAX: Final = 10_000


def _first(bucket: int, seconds: int) -> int:
    """The first bucket of a window that ends in this one."""
    return bucket - -(-seconds // BUCKET_SECONDS)
