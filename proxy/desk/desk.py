"""The desk: applications for permits, what officers decide on them, and which permits are in force.

Each step is written in one order: the dossier's file, the ledger's entry, what statements are
judged by. A permit is in force when it is in the ledger, durable, and its dossier is the one that
the entry binds; a revocation is in force when it is in the ledger, whatever the files say. Steps
are taken one at a time, and go to their end even if who asked for one has gone away.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final, TypeVar

from proxy.desk.contents import encode_dossier
from proxy.desk.documents import CHINA
from proxy.desk.entries import permit_event, permit_of
from proxy.desk.errors import DeskError
from proxy.desk.model import (
    Application,
    Dossier,
    Officer,
    RefusalGround,
    RevocationReason,
    Role,
    State,
)
from proxy.desk.rebuild import Rebuilt, rebuild
from proxy.desk.rules import Terms, check_batch, check_form, check_officer, objection
from proxy.desk.store import Store
from proxy.desk.working_days import WorkingDays
from proxy.errors import FengcunError
from proxy.policy.law import Law
from proxy.policy.permit import Permit
from proxy.record.history import PermitHistory
from proxy.record.permits import PermitRegister
from proxy.telemetry.labels import PermitStep
from proxy.telemetry.metrics import Metrics

Enforce = Callable[[tuple[Permit, ...]], Awaitable[None]]
"""Makes these permits, and no others, those that statements are judged by; in force on return."""

LOOK_SECONDS: Final = 30.0
"""How often the desk looks for permits that have come to their end."""
FOLLOW_LOOKS: Final = 10
"""After so many looks it reads on in the ledger, so that the next start has little to read."""
_T = TypeVar("_T")
_NUMBER_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz234567"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rooms:
    """What the desk works with."""

    store: Store
    register: PermitRegister
    history: PermitHistory
    terms: Terms
    working_days: WorkingDays
    metrics: Metrics


class Desk:
    """One agency's query counter. Belongs to the loop that made it."""

    def __init__(
        self,
        rooms: Rooms,
        law: Callable[[], Law],
        enforce: Enforce,
        clock: Callable[[], float],
    ) -> None:
        """``law`` is the policy in force, ``clock`` gives Unix seconds."""
        self._rooms = rooms
        self._law = law
        self._enforce = enforce
        self._clock = clock
        self._dossiers: dict[str, Dossier] = {}
        self._granted: set[str] = set()
        self._enforced = False
        self._turn = asyncio.Lock()
        self._steps: set[asyncio.Task[object]] = set()
        self._watching: asyncio.Task[None] | None = None
        self._closed = False

    # How it begins and ends

    async def start(self) -> None:
        """Take up what is in the ledger, and put in force what of it is. Raises `FengcunError`."""
        rooms, now = self._rooms, self._clock()
        await asyncio.to_thread(rooms.history.begin)
        found: Rebuilt = await asyncio.to_thread(
            rebuild, rooms.history.latest, rooms.store, rooms.register, now
        )
        rooms.metrics.permits_unusable(found.unusable_count)
        self._dossiers = dict(found.dossiers)
        self._granted = {n for n, each in self._dossiers.items() if each.state is State.GRANTED}
        if not rooms.working_days.knows(self.today()):
            _log.error(
                "the calendar of working days of this year is missing: add it to"
                " desk.calendar_directory; deadlines are counted Monday to Friday",
                extra={"year": self.today().year},
            )
        await self.reconsider()
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Take nothing more, and finish what was begun."""
        self._closed = True
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
        if self._steps:
            await asyncio.wait(self._steps)

    async def reconsider(self) -> None:
        """Put in force what is, by the policy as it is now: after a policy was loaded."""
        if not self._closed:
            await self._alone(self._put_in_force())

    # What officers do

    async def apply(self, officer: Officer, application: Application) -> Dossier:
        """Take an application in. What the law refuses is refused at once, and both are recorded.

        Raises `DeskError` for what is not filled in right, and then nothing is.
        """
        check_officer(officer, Role.CLERK)
        check_form(application, self._rooms.terms, self._law(), self.today())
        return await self._alone(self._apply(officer, application))

    async def grant(self, officer: Officer, number: str) -> Dossier:
        """Permit it, from now on. Raises `DeskError` where that is not this officer's, or not
        possible any more."""
        return await self._alone(self._grant(officer, number))

    async def refuse(self, officer: Officer, number: str, ground: RefusalGround) -> Dossier:
        """Decide not to permit it. Raises `DeskError`, likewise."""
        return await self._alone(self._refuse(officer, number, ground))

    async def revoke(self, officer: Officer, number: str, reason_code: str) -> Dossier:
        """Take a permit back; in force when this returns. ``reason_code`` is a
        `RevocationReason`. Any approver may, also of what they took in. Raises `DeskError`."""
        return await self._alone(self._revoke(officer, number, reason_code))

    # What officers see

    def today(self) -> date:
        """The date in China."""
        return datetime.fromtimestamp(self._clock(), CHINA).date()

    def dossier(self, number: str) -> Dossier:
        """One application as it stands now. Raises `DeskError`."""
        return self._as_now(self._known(number))

    def dossiers(self, state: State | None = None) -> tuple[Dossier, ...]:
        """All, or those in one state, the latest first."""
        every = map(self._as_now, self._dossiers.values())
        found = [each for each in every if state in (None, each.state)]
        return tuple(sorted(found, key=lambda d: (d.received_at, d.number), reverse=True))

    def overdue(self, today: date) -> tuple[Dossier, ...]:
        """What should have been decided before ``today`` and was not, the oldest first."""
        waiting = self.dossiers(State.RECEIVED)
        late = [each for each in waiting if each.decide_by < today]
        return tuple(sorted(late, key=lambda d: (d.decide_by, d.number)))

    def permits(self) -> tuple[Permit, ...]:
        """Those in force now: granted, not at their end, lawful by the policy as it is."""
        granted = [self._dossiers[number] for number in sorted(self._granted)]
        return tuple(permit_of(each) for each in granted if self._in_force(each))

    # Batch checks, which `proxy.desk.batch` makes

    @property
    def used(self) -> Mapping[str, tuple[str, ...]]:
        """See `PermitHistory.used`: what the ledger had at the start, at the least."""
        return self._rooms.history.used

    def batch(self, officer: Officer, number: str) -> Dossier:
        """A batch permit in force that this officer may use. Raises `DeskError`."""
        dossier = self._known(number)
        check_batch(officer, dossier.application)
        if not self._in_force(dossier):
            raise DeskError("not-in-force")
        return dossier

    async def with_batch(
        self, officer: Officer, number: str, step: Callable[[Dossier], Awaitable[_T]]
    ) -> _T:
        """The same, and take a step of the desk by it: no revocation comes between."""

        async def taken() -> _T:
            return await step(self.batch(officer, number))

        return await self._alone(taken())

    def _in_force(self, dossier: Dossier) -> bool:
        ended = dossier.valid_until is None or dossier.valid_until <= self._now()
        if dossier.state is not State.GRANTED or ended:
            return False
        return objection(dossier.application, self._rooms.terms, self._law()) is None

    # The steps, one at a time

    async def _apply(self, officer: Officer, application: Application) -> Dossier:
        rooms, now = self._rooms, self._now()
        basis = rooms.terms.bases.get(application.basis)
        deadline = rooms.working_days.deadline(application.received_on or self.today())
        dossier = Dossier(
            number=self._new_number(),
            application=application,
            state=State.RECEIVED,
            received_at=now,
            received_by=officer.name,
            decide_by=deadline.day,
            calendar_known=deadline.known,
            cited=None if basis is None else basis.cited,
        )
        await self._write(dossier, PermitStep.RECEIVED)
        found = objection(application, rooms.terms, self._law())
        if found is None:
            return dossier
        refused = replace(
            dossier, state=State.REFUSED, decided_at=now, ground=found.ground, rule=found.rule
        )
        await self._write(refused, PermitStep.REFUSED)
        return refused

    async def _grant(self, officer: Officer, number: str) -> Dossier:
        dossier = self._to_decide(officer, number)
        terms, application, now = self._rooms.terms, dossier.application, self._now()
        if objection(application, terms, self._law()) is not None:
            raise DeskError("unlawful-now")
        granted = replace(
            dossier,
            state=State.GRANTED,
            decided_at=now,
            decided_by=officer.name,
            valid_until=now + timedelta(days=min(application.valid_days, terms.valid_days_max)),
            uses_max=min(application.uses_max or terms.uses_max, terms.uses_max),
        )
        await self._write(granted, PermitStep.GRANTED)
        await self._put_in_force()
        return granted

    async def _refuse(self, officer: Officer, number: str, ground: RefusalGround) -> Dossier:
        refused = replace(
            self._to_decide(officer, number),
            state=State.REFUSED,
            decided_at=self._now(),
            decided_by=officer.name,
            ground=ground,
        )
        await self._write(refused, PermitStep.REFUSED)
        return refused

    async def _revoke(self, officer: Officer, number: str, reason_code: str) -> Dossier:
        check_officer(officer, Role.APPROVER)
        dossier = self._known(number)
        try:
            reason = RevocationReason(reason_code)
        except ValueError:
            raise DeskError("reason-code", "reason_code") from None
        if self._as_now(dossier).state is not State.GRANTED:
            raise DeskError("not-in-force")
        revoked = replace(
            dossier,
            state=State.REVOKED,
            ended_at=self._now(),
            ended_by=officer.name,
            reason=reason,
        )
        await self._write(revoked, PermitStep.REVOKED)
        await self._put_in_force()
        return revoked

    def _to_decide(self, officer: Officer, number: str) -> Dossier:
        check_officer(officer, Role.APPROVER)
        dossier = self._known(number)
        check_officer(officer, Role.APPROVER, not_by=dossier.received_by)
        if dossier.state is not State.RECEIVED:
            raise DeskError("decided")
        return dossier

    async def _write(self, dossier: Dossier, step: PermitStep) -> None:
        """First the file, then the ledger, then it is so. Raises `DeskError`,
        `RecordUnavailable`."""
        rooms, line = self._rooms, encode_dossier(dossier)
        event = permit_event(dossier, line)
        try:
            await asyncio.to_thread(
                rooms.store.add, dossier.number, line, new=step is PermitStep.RECEIVED
            )
        except OSError as error:
            _log.error("the desk cannot write its files: nothing was decided", exc_info=error)
            raise DeskError("store") from None
        await rooms.register.write(event)
        self._dossiers[dossier.number] = dossier
        if dossier.state is State.GRANTED:
            self._granted.add(dossier.number)
        else:
            self._granted.discard(dossier.number)
        rooms.metrics.permit_moved(step)

    async def _put_in_force(self) -> None:
        permits, self._enforced = self.permits(), False
        await self._enforce(permits)
        self._enforced = True
        self._rooms.metrics.permits_in_force(len(permits))

    async def _alone(self, step: Coroutine[None, None, _T]) -> _T:
        """One step at a time, and each to its end."""
        if self._closed:
            step.close()
            raise DeskError("closed")

        async def taken() -> _T:
            async with self._turn:
                return await step

        task = asyncio.create_task(taken())
        self._steps.add(task)
        task.add_done_callback(self._stepped)
        return await asyncio.shield(task)

    def _stepped(self, task: asyncio.Task[object]) -> None:
        self._steps.discard(task)
        if not task.cancelled():
            # Looked at, also where who asked has gone away.
            task.exception()

    async def _watch(self) -> None:
        looks = 0
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            looks += 1
            try:
                await self.expire()
                if not self._enforced:
                    await self.reconsider()
                if looks % FOLLOW_LOOKS == 0:
                    await asyncio.to_thread(self._rooms.history.follow)
            except FengcunError as error:
                _log.error("the desk could not look after its permits", exc_info=error)

    async def expire(self) -> None:
        """Record the end of the permits that have come to it. They count for nothing already.

        Raises `DeskError`, `RecordUnavailable`.
        """
        await self._alone(self._expire())

    async def _expire(self) -> None:
        now = self._now()
        over = [
            each
            for each in map(self._dossiers.__getitem__, sorted(self._granted))
            if each.valid_until is not None and each.valid_until <= now
        ]
        for dossier in over:
            ended = replace(dossier, state=State.EXPIRED, ended_at=dossier.valid_until)
            await self._write(ended, PermitStep.EXPIRED)
        if over:
            await self._put_in_force()

    def _known(self, number: str) -> Dossier:
        if (dossier := self._dossiers.get(number)) is None:
            raise DeskError("unknown-number")
        return dossier

    def _as_now(self, dossier: Dossier) -> Dossier:
        until = dossier.valid_until
        if dossier.state is State.GRANTED and until is not None and until <= self._now():
            return replace(dossier, state=State.EXPIRED, ended_at=until)
        return dossier

    def _now(self) -> datetime:
        return datetime.fromtimestamp(int(self._clock()), UTC)

    def _new_number(self) -> str:
        letters = "".join(secrets.choice(_NUMBER_LETTERS) for _ in range(10))
        return f"xk-{self.today():%Y%m%d}-{letters}"
