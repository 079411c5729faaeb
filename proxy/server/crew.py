"""Several workers on one port, each a process of its own: started, told the same, and replaced.

A policy takes effect in all of them or in none: each prepares it, the service has it recorded, and
only then each commits. A worker that ends by itself is replaced, by one that judges by the policy
in force and not by what the file says by then.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from proxy.errors import FengcunError, ProtocolViolation, UpstreamUnavailable
from proxy.policy.budget import Budget
from proxy.policy.law import Law
from proxy.policy.permit import Permit
from proxy.server.budgeting import Owner
from proxy.server.channel import NoAnswer
from proxy.server.neighbours import Places, shared_places
from proxy.server.order import Order, decode_health, decode_landmarks
from proxy.server.permit_order import encode_permits
from proxy.server.permits import Permits
from proxy.server.shared_port import hold_port
from proxy.server.station import address_unusable
from proxy.server.worker_process import WorkerProcess, start_worker
from proxy.settings.drift import Landmarks
from proxy.settings.problems import Document
from proxy.settings.service import Settings
from proxy.telemetry.endpoint import Health
from proxy.telemetry.metrics import forget_process

_BEGIN_SECONDS_MAX: Final = 60.0
_PREPARE_SECONDS_MAX: Final = 60.0
# A worker that takes longer may still judge by the old policy, so it is ended.
_COMMIT_SECONDS_MAX: Final = 10.0
_PERMIT_SECONDS_MAX: Final = 10.0
_CANCEL_SECONDS_MAX: Final = 5.0
_HEALTH_SECONDS_MAX: Final = 2.0
_LEAVES_SECONDS_MAX: Final = 5.0
# How often a worker is asked whether it still answers, and how long it may take.
_LOOK_SECONDS: Final = 5.0
_HUNG_SECONDS: Final = 30.0
_AGAIN_SECONDS: Final = 1.0
_log = logging.getLogger(__name__)

LedgerFailed = Callable[[bool], None]
"""A worker can record no more; True: because it waited in vain."""


@dataclass(frozen=True, slots=True)
class _InForce:
    policy: str
    landmarks: Mapping[str, Landmarks]


class Crew:
    """Like a `Station`, and made of several."""

    def __init__(
        self, settings: Settings, ledger_failed: LedgerFailed, owner: Owner | None = None
    ) -> None:
        self._settings = settings
        self._owner = owner or Owner(Budget({}))
        self._count = settings.listen.workers
        self._ledger_failed = ledger_failed
        self._workers: dict[int, WorkerProcess] = {}
        self._keeping: list[asyncio.Task[None]] = []
        # Held from `prepare` to what ends it, and while a worker is replaced.
        self._turn = asyncio.Lock()
        self._prepared: _InForce | None = None
        self._in_force: _InForce | None = None
        self._permits: tuple[Permit, ...] = ()
        self._checked = Permits()
        self._closing = False
        self._held = ExitStack()
        self._handle = shared_places(self._count)
        self._held.callback(os.close, self._handle)
        self._places = Places(self._handle, self._count)

    async def prepare(self, document: Document, law: Law) -> Mapping[str, Landmarks]:
        """Raises what a worker finds wrong; then nothing has changed in any. Each reads the text
        of `document` by itself: a `law` is not sent."""
        await self._turn.acquire()
        try:
            if self._in_force is None:
                await self._begin()
            policy = document.content.decode()
            found = await self._ask_all(
                self._asked(), "prepare", Order(policy).encode(), _PREPARE_SECONDS_MAX
            )
            if not found:
                raise NoAnswer("no worker serves at this moment: try again")
            self._prepared = _InForce(policy, decode_landmarks(found[0]))
            return self._prepared.landmarks
        except BaseException:
            self.abandon()
            raise

    def abandon(self) -> None:
        """What was prepared is not wanted; nothing changes."""
        self._prepared = None
        for worker in self._workers.values():
            worker.channel.tell("abandon")
        self._turn.release()

    async def commit(self) -> int:
        """What was prepared is in force in every worker that serves; the port they listen on."""
        first = self._in_force is None
        workers = self._asked()
        self._in_force, self._prepared = self._prepared, None
        try:
            if first:
                (port, *_) = await self._ask_all(workers, "commit", "", _COMMIT_SECONDS_MAX)
                for worker in workers:
                    worker.serves = True
                self._keeping += [asyncio.create_task(self._keep(n)) for n in self._workers]
                return int(port)
            await asyncio.gather(*map(self._commit_or_end, workers))
            return self._settings.listen.port
        finally:
            self._turn.release()

    async def permit(self, permits: tuple[Permit, ...]) -> None:
        """These permits are in force in every worker when this returns, and no others. Who does
        not take them is ended. Raises ValueError for two of one number."""
        self._checked.replace(permits)
        self._permits = permits
        # Whoever is being started has been told of those before, or will be told of these.
        workers = [w for w in self._workers.values() if w.knows_permits and not w.exited.done()]
        await asyncio.gather(*map(self._permit_or_end, workers))

    async def _permit_or_end(self, worker: WorkerProcess) -> None:
        try:
            await self._tell_permits(worker)
        except FengcunError as error:
            _log.error("a worker did not take the permits: it is ended", exc_info=error)
            await worker.kill()

    async def _tell_permits(self, worker: WorkerProcess) -> None:
        """Of those that are in force at the moment it is written, however many wait to do so."""
        worker.knows_permits = True
        told = encode_permits(self._permits, self._checked.clock.now())
        await worker.channel.ask("permits", told, seconds_max=_PERMIT_SECONDS_MAX)

    async def health(self) -> Health:
        """What is well in all of them."""
        workers = self._serving()
        answers = await asyncio.gather(
            *(worker.channel.ask("health", seconds_max=_HEALTH_SECONDS_MAX) for worker in workers),
            return_exceptions=True,
        )
        found = [decode_health(answer) for answer in answers if isinstance(answer, str)]
        return Health(
            ready=len(found) == self._count and all(each.ready for each in found),
            ledger=all(each.ledger for each in found),
            catalogue=bool(found) and all(each.catalogue for each in found),
            policy=all(each.policy for each in found),
        )

    def ledger_failed(self) -> None:
        """Nothing is released any more, and nobody is replaced."""
        self._closing = True
        for worker in self._workers.values():
            worker.channel.tell("ledger-failed")

    async def close(self, grace_seconds: float) -> None:
        """All stop listening; transactions may finish, for so long; what is left is ended."""
        self._closing = True
        for task in self._keeping:
            task.cancel()
        if self._keeping:
            await asyncio.wait(self._keeping)
        workers = self._workers.values()
        await asyncio.gather(*(w.stop(grace_seconds, _LEAVES_SECONDS_MAX) for w in workers))
        self._held.close()

    def _asked(self) -> list[WorkerProcess]:
        """Who agrees on a policy: all of them on the first, and later those that serve."""
        return list(self._workers.values()) if self._in_force is None else self._serving()

    def _serving(self) -> list[WorkerProcess]:
        return [worker for worker in self._workers.values() if worker.serves]

    async def _begin(self) -> None:
        listen = self._settings.listen
        try:
            self._held.push(hold_port(listen.host, listen.port))
        except OSError as error:
            raise address_unusable(listen) from error
        started = [self._start(number) for number in range(self._count)]
        for result in await asyncio.gather(*started, return_exceptions=True):
            if isinstance(result, BaseException):
                raise result

    async def _start(self, number: int) -> WorkerProcess:
        """A worker that is connected to the ledger and has no policy yet."""

        async def answer(verb: str, body: str) -> str:
            return await self._hear(number, verb, body)

        worker = await start_worker(number, self._count, self._handle, answer)
        self._workers[number] = worker
        settings = self._settings.model_dump_json()
        await worker.channel.ask("begin", settings, seconds_max=_BEGIN_SECONDS_MAX)
        await self._tell_permits(worker)
        return worker

    async def _ask_all(
        self, workers: list[WorkerProcess], verb: str, body: str, seconds_max: float
    ) -> list[str]:
        answers = await asyncio.gather(
            *(worker.channel.ask(verb, body, seconds_max=seconds_max) for worker in workers),
            return_exceptions=True,
        )
        for worker, answer in zip(workers, answers, strict=True):
            if isinstance(answer, NoAnswer):
                # It may still be at it, and would not be ready for what it is asked next.
                await worker.kill()
            if isinstance(answer, BaseException):
                raise answer
        return [answer for answer in answers if isinstance(answer, str)]

    async def _commit_or_end(self, worker: WorkerProcess) -> None:
        try:
            await worker.channel.ask("commit", seconds_max=_COMMIT_SECONDS_MAX)
        except FengcunError as error:
            _log.error("a worker did not take the policy: it is ended", exc_info=error)
            await worker.kill()

    async def _keep(self, number: int) -> None:
        """Replace the worker of this number whenever it ends."""
        while True:
            worker = self._workers[number]
            await self._until_gone(worker)
            if self._closing:
                return
            self._forget(worker)
            while True:
                if await self._replace(number):
                    break
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _until_gone(self, worker: WorkerProcess) -> None:
        while not worker.exited.done():
            await asyncio.wait((worker.exited,), timeout=_LOOK_SECONDS)
            if worker.exited.done():
                return
            try:
                await worker.channel.ask("health", seconds_max=_HUNG_SECONDS)
            except FengcunError as error:
                _log.error("a worker does not answer: it is ended", exc_info=error)
                await worker.kill()

    def _forget(self, worker: WorkerProcess) -> None:
        worker.serves = False
        self._places.give_up(worker.number)
        forget_process(worker.process_id)
        _log.error(
            "a worker ended by itself: another takes its place",
            extra={
                "worker": worker.number,
                "process_id": worker.process_id,
                "exit_code": worker.exited.result(),
            },
        )

    async def _replace(self, number: int) -> bool:
        try:
            worker = await self._start(number)
            async with self._turn:
                assert self._in_force is not None
                order = Order(self._in_force.policy, self._in_force.landmarks).encode()
                ask = worker.channel.ask
                await ask("prepare", order, seconds_max=_PREPARE_SECONDS_MAX)
                await ask("commit", seconds_max=_COMMIT_SECONDS_MAX)
                worker.serves = True
        except FengcunError as error:
            _log.error("a worker did not start: it is tried again", exc_info=error)
            await self._workers[number].kill()
            self._forget(self._workers[number])
            return False
        return True

    async def _hear(self, number: int, verb: str, body: str) -> str:
        """What a worker asks of the service, all of it on behalf of the others."""
        match verb:
            case "cancel":
                await self._pass_cancel(number, body)
            case "changed":
                await self._all_look(number)
            case "reserve":
                return self._owner.answer(body)
            case "give-back":
                self._owner.take_back(body)
            case "ledger-failed":
                self._ledger_failed(False)
            case "ledger-stalled":
                self._ledger_failed(True)
            case _:
                raise ProtocolViolation("the service is not asked that")
        return ""

    async def _pass_cancel(self, sender: int, key: str) -> None:
        """To every other worker; each knows what it gave out, and nobody else does."""
        try:
            bytes.fromhex(key)
        except ValueError:
            raise ProtocolViolation("a key that is none") from None
        asked = (
            each.channel.ask("cancel", key, seconds_max=_CANCEL_SECONDS_MAX)
            for each in self._serving()
            if each.number != sender
        )
        # One that has just ended has no session left to cancel.
        for answer in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(answer, BaseException) and not isinstance(answer, FengcunError):
                raise answer

    async def _all_look(self, but: int) -> None:
        """Whoever changed a database goes on when all have seen it. One that ends meanwhile is
        replaced by one that has. Raises `UpstreamUnavailable`."""
        async with self._turn:
            others = [worker for worker in self._serving() if worker.number != but]
            asked = (each.channel.ask("look", seconds_max=_PREPARE_SECONDS_MAX) for each in others)
            answers = await asyncio.gather(*asked, return_exceptions=True)
        for answer in answers:
            if isinstance(answer, UpstreamUnavailable):
                raise answer
