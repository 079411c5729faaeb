"""The budget's one owner, in the service's process, and the ways to it from a session.

In a worker it is remembered what has been granted in the current bucket of time: to ask for the
same person again changes nothing, and needs no answer.
"""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final, Protocol

from proxy.errors import ProtocolViolation
from proxy.names import PrincipalName
from proxy.policy.budget import BUCKET_SECONDS, UNBOUNDED, Asker, Budget, Request, Spent
from proxy.policy.uses import Use, Uses
from proxy.session.commands import Need
from proxy.session.plan import Grant

_REMEMBERED_MAX: Final = 50_000


@dataclass(frozen=True, slots=True)
class Answer:
    """``many``: for people with names 1, or 0 where they are refused; without names so many as
    were set aside, to be given back by the ``ticket``. For uses of permits 1, or 0 and which of
    them are ``used_up``."""

    many: int
    ticket: int = 0
    used_up: tuple[str, ...] = ()


class Budgeting(Protocol):
    """Where a session's statements are charged. `at_once` is None where `ask` has to be awaited."""

    def at_once(self, request: Request) -> Answer | None: ...

    async def ask(self, request: Request) -> Answer: ...

    def give_back(self, ticket: int, many: int) -> None: ...


class Owner:
    """The budget in this process, for all workers. ``uses`` is None before it is known what was
    used; till then nothing is."""

    def __init__(self, budget: Budget, clock: Callable[[], float] = time.time) -> None:
        self.budget = budget
        self.uses: Uses | None = None
        self.clock = clock
        self._granted: list[Spent] | None = None

    def at_once(self, request: Request) -> Answer:
        """Always at once."""
        if request.uses:
            return self._use(request.uses)
        now, who = self.clock(), request.asker
        if request.people:
            answer = Answer(int(self.budget.ask(who, request.people, now)))
            spent = Spent(now, who, request.people)
        else:
            answer = Answer(*self.budget.set_aside(who, request.most, now))
            spent = Spent(now, who, (), answer.many if answer.many < UNBOUNDED else 0)
        if self._granted is not None and answer.many:
            self._granted.append(spent)
        return answer

    def _use(self, wanted: tuple[Use, ...]) -> Answer:
        if self.uses is None:
            return Answer(0, used_up=tuple(use.permit for use in wanted))
        used_up = self.uses.take(wanted)
        return Answer(int(not used_up), used_up=used_up)

    def has_use(self, use: Use) -> bool:
        """Whether one is left of a permit; none before it is known how often it was used."""
        return self.uses is not None and self.uses.has(use)

    def take_use(self, use: Use) -> bool:
        """Whether it was left, and then it is gone."""
        return bool(self._use((use,)).many)

    def follow(self) -> None:
        """Another budget is being read from the ledger: keep what is granted meanwhile."""
        self._granted = []

    def become(self, budget: Budget) -> None:
        """That is the budget now, with what was granted meanwhile. What was set aside before and
        comes back later is not: that errs towards having asked for more."""
        for spent in self._granted or ():
            budget.enter(spent)
        self.budget, self._granted = budget, None

    async def ask(self, request: Request) -> Answer:
        """Likewise."""
        return self.at_once(request)

    def give_back(self, ticket: int, many: int) -> None:
        """What was set aside and not used."""
        if ticket and many > 0:
            self.budget.give_back(ticket, many)

    def answer(self, body: str) -> str:
        """To a worker, see `Remote`. Raises `ProtocolViolation`."""
        answer = self.at_once(decode_request(body))
        return json.dumps([answer.many, answer.ticket, answer.used_up])

    def take_back(self, body: str) -> None:
        """From a worker, likewise."""
        match _loads(body):
            case [int(ticket), int(many)]:
                self.give_back(ticket, many)
            case _:
                raise ProtocolViolation("neither a ticket nor a number")


class Remote:
    """The owner in another process. ``ask`` and ``tell`` go there with a verb and a body."""

    def __init__(
        self,
        ask: Callable[[str, str], Awaitable[str]],
        tell: Callable[[str, str], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._ask = ask
        self._tell = tell
        self._clock = clock
        self._bucket = 0
        self._granted: set[tuple[Asker, str]] = set()

    def at_once(self, request: Request) -> Answer | None:
        """What was granted in this bucket of time has been counted in it."""
        self._turn()
        named = request.people
        known = bool(named) and all((request.asker, each) in self._granted for each in named)
        return Answer(1) if known else None

    async def ask(self, request: Request) -> Answer:
        """Raises `proxy.server.channel.NoAnswer`, and `ProtocolViolation` for what is none."""
        self._turn()
        bucket = self._bucket
        match _loads(await self._ask("reserve", encode_request(request))):
            case [int(many), int(ticket), list(used_up)]:
                answer = Answer(many, ticket, tuple(map(str, used_up)))
            case _:
                raise ProtocolViolation("no answer of the budget")
        if answer.many and request.people and bucket == self._bucket:
            if len(self._granted) + len(request.people) > _REMEMBERED_MAX:
                self._granted.clear()
            self._granted.update((request.asker, each) for each in request.people)
        return answer

    def give_back(self, ticket: int, many: int) -> None:
        """What was set aside and not used."""
        if ticket and many > 0:
            self._tell("give-back", json.dumps([ticket, many]))

    def forget(self) -> None:
        """A new policy may count what the one before did not."""
        self._granted.clear()

    def _turn(self) -> None:
        bucket = int(self._clock()) // BUCKET_SECONDS
        if bucket != self._bucket:
            self._bucket = bucket
            self._granted.clear()


def granted(need: Need, answer: Answer, budget: Budgeting) -> Grant | None:
    """What an answer lets a statement give; None where nothing."""
    if need.uses:
        return Grant(used_up=answer.used_up) if answer.many or answer.used_up else None
    if need.people or answer.many >= UNBOUNDED:
        return Grant(need.people, need.rows_max) if answer.many else None
    rows_max = answer.many // need.weight
    if rows_max == 0:
        budget.give_back(answer.ticket, answer.many)
        return None
    spends = need.rows_max is None or rows_max < need.rows_max
    return Grant((), rows_max, answer.many, need.weight, answer.ticket, spends)


def encode_request(request: Request) -> str:
    """As text for a `Channel`."""
    who = request.asker
    uses = [[use.permit, use.most] for use in request.uses]
    return json.dumps([who.principal, who.operator, who.case, request.people, request.most, uses])


def decode_request(body: str) -> Request:
    """Raises `ProtocolViolation`."""
    match _loads(body):
        case [str(principal), str(operator), str(case), list(people), most, list(uses)] if all(
            isinstance(each, str) for each in people
        ) and (most is None or (isinstance(most, int) and most >= 0)):
            asker = Asker(PrincipalName(principal), operator, case)
            return Request(asker, tuple(map(str, people)), most, tuple(map(_use_of, uses)))
        case _:
            raise ProtocolViolation("not what a budget is asked")


def _use_of(said: object) -> Use:
    match said:
        case [str(permit), int(most)]:
            return Use(permit, most)
        case _:
            raise ProtocolViolation("not a use of a permit")


def _loads(body: str) -> object:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise ProtocolViolation("not JSON") from None
