"""The driver of one session: does what the pure session says, in the order it says it, and keeps
either side from sending more than the other takes."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from time import perf_counter
from typing import assert_never

from proxy.errors import FengcunError, ShuttingDown, UpstreamUnavailable
from proxy.policy.decision import Decision
from proxy.policy.law import Principal
from proxy.record.scribe import Scribe
from proxy.server.budgeting import Answer, Budgeting, granted
from proxy.server.peer import Peer
from proxy.server.plans import PlanSource
from proxy.server.stopwatch import Stopwatch
from proxy.session.commands import (
    Analyse,
    Command,
    End,
    Need,
    Record,
    Report,
    Reserve,
    ToClient,
    ToServer,
    Unit,
)
from proxy.session.opening import Opening
from proxy.session.plan import Plan, Scene
from proxy.session.refusals import encode_fatal, encode_refusal
from proxy.session.session import Rest, Session
from proxy.telemetry.labels import Direction
from proxy.telemetry.metrics import Metrics
from proxy.wire.postgres.backend import Severity

_log = logging.getLogger(__name__)


class Relay:
    """Two peers and what stands between them: first an `Opening`, then a `Session`.

    `opened` becomes True when the database has let the client in, False if the connection ends
    before; `closed` when both sides are gone.
    """

    def __init__(
        self, client: Peer, server: Peer, opening: Opening, metrics: Metrics | None = None
    ) -> None:
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[bool] = loop.create_future()
        self.closed: asyncio.Future[None] = loop.create_future()
        self._client = client
        self._server = server
        # None once there is a session, of which there may be thousands.
        self._opening: Opening | None = opening
        # It was let in where nothing is sealed, and must not outlive that.
        self.unsealed = opening.unsealed
        self._metrics = metrics
        self._session: Session | None = None
        self._scribe: Scribe | None = None
        self._plans: PlanSource | None = None
        self._analysis: asyncio.Task[Plan] | None = None
        self._budget: Budgeting | None = None
        self._asking: asyncio.Task[Answer] | None = None
        self._stopwatch = Stopwatch()
        self._held_since: float | None = None
        self._draining = False
        self._ended = False
        # Cut off before their decisions were durable.
        self._unreported: list[Unit] = []
        # Goes up with whatever happens, so that somebody can see that nothing has.
        self.steps_count = 0
        client.on_data, server.on_data = self._from_client, self._from_server
        client.on_pressure = server.on_pressure = self._balance
        client.on_lost, server.on_lost = self._client_lost, self._server_lost
        self._balance()

    def begin(
        self,
        session: Session,
        scribe: Scribe,
        plans: PlanSource,
        early: bytes,
        budget: Budgeting | None = None,
    ) -> None:
        """The session is open: tell the client so, and take what it already sent."""
        assert self._opening is not None
        self._session, self._scribe, self._plans = session, scribe, plans
        self._budget = budget
        self._client.write(self._opening.ready)
        self._opening = None
        if early:
            self._from_client(early)

    def use(self, plans: PlanSource, principal: Principal) -> None:
        """Judge by these from the next message on, and as the statements of this principal."""
        if self._session is not None and self._scribe is not None:
            self._plans = plans
            self._scribe.belong_to(principal.name)
            self._session.use(plans, principal)

    def durable(self, number: int) -> None:
        """Every record of this session up to `number` is in the ledger for good."""
        if self._session is not None and not self._ended:
            self._run(self._session.durable(number))
            self._note_times(self._session)
        elif self._unreported:
            self._report_cut([])

    def fail(self, error: FengcunError) -> None:
        """End the session with an error of our own; nothing that is held goes out."""
        whole = self._session is None or self._session.whole
        self._end(encode_fatal(error, self._codec) if whole else None)

    def reject(self, decision: Decision) -> None:
        """End the session by a refusal of all of it; nothing that is held goes out."""
        farewell = None
        if self._session is None or self._session.whole:
            farewell = encode_refusal(decision, self._codec, Severity.FATAL)
        self._end(farewell)

    @property
    def _codec(self) -> str:
        speaking = self._session or self._opening
        return "ascii" if speaking is None else speaking.codec

    @property
    def rests(self) -> Rest | None:
        """What waits for the client and for nobody else."""
        return None if self._session is None or self._ended else self._session.rests

    @property
    def untaken(self) -> int | None:
        """How much the client has taken so far, while more waits for it than may; else None."""
        crowded = self._client.crowded and not self._client.lost and not self._ended
        return self._client.taken_bytes if crowded else None

    def expire(self, decision: Decision) -> None:
        """The client was waited for too long: end the session, and record why."""
        if self._session is not None and not self._ended:
            self._run(self._session.expire(decision))

    def drain(self) -> None:
        """End the session as soon as nothing is under way, no transaction either."""
        self._draining = True
        self._leave_between_transactions()

    def _from_client(self, data: bytes) -> None:
        if self._opening is not None:
            self._run(self._opening.from_client(data))
        elif self._session is not None:
            self._stopwatch.asked(perf_counter())
            self._run(self._session.from_client(data))
            if self._metrics is not None:
                self._metrics.bytes_released(Direction.TO_DATABASE, len(data))

    def _from_server(self, data: bytes) -> None:
        session = self._session
        if session is not None:
            now = perf_counter()
            self._stopwatch.answered(now)
            self._run(session.from_server(data))
            if session.holding:
                self._held_since = self._held_since or now
            else:
                self._note_times(session)
            return
        opening = self._opening
        assert opening is not None
        self._run(opening.from_server(data))
        if opening.open and not self.opened.done():
            self.opened.set_result(True)

    def _run(self, commands: list[Command]) -> None:
        self.steps_count += 1
        need: Need | None = None
        for command in commands:
            if self._ended:
                return
            match command:
                case ToClient(data=data):
                    self._client.write(data)
                    if self._metrics is not None:
                        self._metrics.bytes_released(Direction.TO_CLIENT, len(data))
                case ToServer(data=data):
                    self._server.write(data)
                    self._stopwatch.sent(perf_counter())
                case Record():
                    self._record(command)
                case Report():
                    self._report(command)
                case Analyse(text=text, scene=scene):
                    self._analyse(text, scene)
                case Reserve():
                    need = command.need
                case End(farewell=farewell):
                    self._end(farewell)
                case _:
                    assert_never(command)
        if need is not None:
            self._reserve(need)
        self._balance()
        if self._draining:
            self._leave_between_transactions()

    def _record(self, record: Record) -> None:
        assert self._scribe is not None
        assert self._plans is not None
        self._scribe.decision(record, self._plans.basis)

    def _report(self, report: Report) -> None:
        assert self._scribe is not None
        self._scribe.outcome(report.unit, cut=report.unit.cut)
        self._give_back(report.unit)
        if self._metrics is not None:
            self._metrics.rows_released(report.unit.rows_count)

    def _analyse(self, text: str, scene: Scene) -> None:
        assert self._plans is not None
        self._analysis = asyncio.ensure_future(self._plans.analyse(text, scene))
        self._analysis.add_done_callback(self._analysed)

    def _analysed(self, analysis: asyncio.Task[Plan]) -> None:
        if analysis.cancelled() or self._ended or self._session is None:
            return
        error = analysis.exception()
        if error is None:
            self._run(self._session.planned(analysis.result()))
        elif isinstance(error, UpstreamUnavailable):
            self.fail(error)
        else:
            _log.error("a statement could not be judged", exc_info=error)
            self.fail(FengcunError("internal error: the statement could not be judged"))

    def _reserve(self, need: Need) -> None:
        """Ask the budget, once everything before the statement has been done."""
        assert self._session is not None
        assert self._scribe is not None
        if self._budget is None:
            self._run(self._session.reserved(None))
            return
        request = self._scribe.request(need)
        answer = self._budget.at_once(request)
        if answer is not None:
            self._run(self._session.reserved(granted(need, answer, self._budget)))
            return
        self._asking = asyncio.ensure_future(self._budget.ask(request))
        self._asking.add_done_callback(lambda done: self._answered(need, done))

    def _answered(self, need: Need, asking: asyncio.Task[Answer]) -> None:
        if asking.cancelled() or self._budget is None:
            return
        error = asking.exception()
        if error is not None:
            _log.error("the budget was not heard of", exc_info=error)
            self.fail(FengcunError("internal error: the budget could not be asked"))
            return
        if self._ended or self._session is None:
            # Nobody waits for it any more; who was named stays counted.
            self._budget.give_back(asking.result().ticket, asking.result().many)
            return
        self._run(self._session.reserved(granted(need, asking.result(), self._budget)))

    def _give_back(self, unit: Unit) -> None:
        if unit.grant is not None and unit.grant.ticket and self._budget is not None:
            self._budget.give_back(unit.grant.ticket, unit.grant.reserved - unit.spent_count)

    def _end(self, farewell: bytes | None) -> None:
        if self._ended:
            return
        self._ended = True
        self._cut()
        self._client.on_data = self._server.on_data = _drop
        if farewell is not None:
            self._client.write(farewell)
        self._client.close()
        self._server.close()

    def _cut(self) -> None:
        """What was under way is over; what is not durable was not released either."""
        if self._session is not None:
            self._report_cut(self._session.cut())

    def _report_cut(self, units: Iterable[Unit]) -> None:
        """An outcome names the place of its decision, which is known once that is durable."""
        units, self._unreported = [*self._unreported, *units], []
        for unit in units:
            if unit.index is None:
                self._unreported.append(unit)
            elif self._scribe is not None:
                self._scribe.outcome(unit, cut=True)
                self._give_back(unit)

    def _balance(self) -> None:
        session = self._session
        wants_client = session is None or session.wants_client_bytes
        wants_server = session is None or session.wants_server_bytes
        self._client.read(wanted=wants_client and not self._server.crowded)
        self._server.read(wanted=wants_server and not self._client.crowded)

    def _leave_between_transactions(self) -> None:
        if self._session is None or self._session.between_transactions:
            self._draining = False
            self.fail(ShuttingDown("the proxy is shutting down: connect again"))

    def _note_times(self, session: Session) -> None:
        if self._metrics is None or session.holding:
            return
        now = perf_counter()
        if self._held_since is not None:
            self._metrics.held(now - self._held_since)
            self._held_since = None
        if session.idle and (added_seconds := self._stopwatch.finished(now)) is not None:
            self._metrics.added_latency(added_seconds)

    def _client_lost(self) -> None:
        if not self._ended:
            self._ended = True
            self._cut()
        self._server.close()
        self._lost()

    def _server_lost(self) -> None:
        if self._session is not None and not self._client.lost:
            self._run(self._session.server_lost())
        else:
            self._client.close()
        self._lost()

    def _lost(self) -> None:
        if not self.opened.done():
            self.opened.set_result(False)
        if self._client.lost and self._server.lost and not self.closed.done():
            self.closed.set_result(None)


def _drop(_: bytes) -> None:
    """The session is over; what still arrives is nobody's."""
