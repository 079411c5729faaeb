"""A batch check, from its beginning to its entry.

Everybody on the list is looked up first, a part of the list at a time, each part answered at a
fixed time. Then, in one step of the desk, and only if the permit still counts: the file, a use, the
ledger's entry; and from there on the answers may be read. So what fails on the way has given
nothing, and counted nothing. A check has a number, and to ask for one that was done gives what it
gave: who did not hear the answer asks again.
"""

from __future__ import annotations

import asyncio
import functools
import hmac
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final, Protocol, TypeVar

from proxy.desk.batch.answers import (
    Answers,
    answer_of,
    decode_answers,
    encode_answers,
)
from proxy.desk.certificate.gate import ListGate, at_a_fixed_time
from proxy.desk.entries import permit_event
from proxy.desk.errors import DeskError
from proxy.desk.model import Dossier, Officer
from proxy.desk.store import Store
from proxy.policy.identity import normalise_identity
from proxy.policy.uses import Use
from proxy.record.permits import USED, PermitRegister
from proxy.telemetry.labels import PermitStep
from proxy.telemetry.metrics import Metrics

PART_MAX: Final = 16
"""People that are looked up before the next answer is told; progress is told by parts, too."""
_AT_ONCE_MAX: Final = 2
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class Permits(Protocol):
    """What is needed of `proxy.desk.desk.Desk`."""

    @property
    def used(self) -> Mapping[str, tuple[str, ...]]: ...

    def batch(self, officer: Officer, number: str) -> Dossier: ...

    async def with_batch(
        self, officer: Officer, number: str, step: Callable[[Dossier], Awaitable[_T]]
    ) -> _T: ...

    def today(self) -> date: ...


class UseCounter(Protocol):
    """What is needed of `proxy.server.budgeting.Owner`."""

    def has_use(self, use: Use) -> bool: ...

    def take_use(self, use: Use) -> bool: ...


@dataclass(frozen=True, slots=True)
class BatchRooms:
    """What checks are made with. ``gate`` is None where no look-up is configured."""

    gate: ListGate | None
    store: Store
    register: PermitRegister
    uses: UseCounter
    metrics: Metrics
    answer_every_seconds: float


@dataclass(frozen=True, slots=True)
class Progress:
    """How it stands with a permit's checks: so many are on record. Of one under way so many of all
    people are ``done``. ``failed`` is why the last one that was begun came to nothing."""

    runs: int
    running: bool
    done: int
    people: int
    failed: Exception | None


@dataclass(slots=True)
class _Job:
    run: int
    done: int = 0
    failed: Exception | None = None
    task: asyncio.Task[None] | None = field(default=None, repr=False)


class BatchDesk:
    """The checks under one desk's permits. Belongs to the loop that made it; the desk has
    started."""

    def __init__(self, rooms: BatchRooms, permits: Permits) -> None:
        self._rooms = rooms
        self._permits = permits
        self._given = dict(permits.used)
        self._jobs: dict[str, _Job] = {}
        self._places = asyncio.Semaphore(_AT_ONCE_MAX)

    async def close(self) -> None:
        """Look nobody up any more. What is being recorded is the desk's to finish."""
        tasks = [job.task for job in self._jobs.values() if job.task is not None]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def progress(self, officer: Officer, number: str) -> Progress:
        """Raises `DeskError` for a permit that is not in force, or not this officer's to use."""
        dossier = self._permits.batch(officer, number)
        people, runs = len(dossier.application.subjects), len(self._given.get(number, ()))
        job = self._jobs.get(number)
        if job is None:
            return Progress(runs, running=False, done=0, people=people, failed=None)
        return Progress(runs, job.failed is None, job.done, people, job.failed)

    def begin(self, officer: Officer, number: str, run: int) -> Progress:
        """Begin the ``run``th check under a permit, from 1 on. One that is under way or on record
        is not begun again. Raises `DeskError`."""
        dossier = self._permits.batch(officer, number)
        gate = self._rooms.gate
        if gate is None:
            raise DeskError("no-look-up")
        runs, job = len(self._given.get(number, ())), self._jobs.get(number)
        running = job is not None and job.failed is None
        if not 1 <= run <= runs and not (running and job is not None and job.run == run):
            if running:
                raise DeskError("running")
            if run != runs + 1:
                raise DeskError("unknown-run")
            if not self._rooms.uses.has_use(_use(dossier)):
                raise DeskError("used-up")
            job = self._jobs[number] = _Job(run)
            job.task = asyncio.create_task(self._run(gate, officer, dossier, job))
        return self.progress(officer, number)

    async def answers(self, officer: Officer, number: str, run: int) -> Answers:
        """What a check on record gave. Raises `DeskError`."""
        self._permits.batch(officer, number)
        given = self._given.get(number, ())
        if not 1 <= run <= len(given):
            raise DeskError("unknown-run")
        line = await asyncio.to_thread(self._rooms.store.answers, number, run)
        found = self._rooms.register.document_hmac(line)
        try:
            if not hmac.compare_digest(found, given[run - 1]):
                raise ValueError("not what was recorded")
            return decode_answers(line)
        except ValueError:
            _log.error("answers are missing, or are not what was recorded")
            raise DeskError("answers-lost") from None

    async def _run(self, gate: ListGate, officer: Officer, dossier: Dossier, job: _Job) -> None:
        try:
            async with self._places:
                found = await self._look_up(gate, officer, dossier, job)
            give = functools.partial(self._give, officer, job.run, found)
            await self._permits.with_batch(officer, dossier.number, give)
        except Exception as error:  # noqa: BLE001
            job.failed = error
            if not isinstance(error, DeskError):
                extra = {"permit": dossier.number}
                _log.error("a batch check failed: no answer was given", exc_info=error, extra=extra)
        else:
            del self._jobs[dossier.number]

    async def _look_up(
        self, gate: ListGate, officer: Officer, dossier: Dossier, job: _Job
    ) -> list[bool]:
        """Every one by one statement, and in their order. Raises `UpstreamUnavailable`; and
        `DeskError` when the permit has come to its end on the way."""
        numbers = [normalise_identity(each) for each in dossier.application.subjects]
        found: list[bool] = []
        while len(found) < len(numbers):
            part = numbers[len(found) : len(found) + PART_MAX]
            asked = gate.have_convictions(part, officer=officer.name, today=self._permits.today())
            found += await at_a_fixed_time(self._rooms.answer_every_seconds, asked)
            job.done = len(found)
            self._permits.batch(officer, dossier.number)
        return found

    async def _give(self, officer: Officer, run: int, found: list[bool], dossier: Dossier) -> None:
        """Raises `DeskError`, `RecordUnavailable`."""
        rooms, number = self._rooms, dossier.number
        people = zip(dossier.application.subjects, map(answer_of, found), strict=True)
        line = encode_answers(Answers(number, run, officer.name, tuple(people)))
        try:
            await asyncio.to_thread(rooms.store.keep_answers, number, run, line)
        except OSError as error:
            _log.error("the desk cannot write its files: no answer was given", exc_info=error)
            raise DeskError("store") from None
        if not rooms.uses.take_use(_use(dossier)):
            raise DeskError("used-up")
        event = replace(permit_event(dossier, line), event=USED, officer=officer.name)
        await rooms.register.write(event)
        self._given[number] = (*self._given.get(number, ()), rooms.register.document_hmac(line))
        rooms.metrics.permit_moved(PermitStep.USED)


def _use(dossier: Dossier) -> Use:
    return Use(dossier.number, dossier.uses_max or 0)
