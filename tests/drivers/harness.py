"""A worker of the proxy in a thread of its own, before a real PostgreSQL, with a ledger and a
planner that the test holds in its hands."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import psycopg
import uvloop

from ledger.client import Acknowledgement, Draft, RawDraft
from ledger.errors import LedgerUnavailable
from ledger.header import decode_header
from ledger.pseudonyms import Pseudonyms
from proxy.names import PrincipalName, RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.policy.law import Match, Principal, PrincipalKind
from proxy.policy.permit import Permit
from proxy.record.recorder import Recorder
from proxy.record.scribe import Basis
from proxy.server.worker import InForce, Way, Worker, WorkerLimits
from proxy.session.plan import (
    DropPortals,
    DropStatement,
    Effect,
    Plan,
    ResetSearchPath,
    Scene,
    SetSearchPath,
    Timing,
)
from proxy.upstream.connect import Upstream
from tests.world import HOST, PASSWORD, Database

T = TypeVar("T")
PRINCIPAL = Principal(PrincipalName("tester"), PrincipalKind.JUDICIAL, (Match(user="postgres"),))


class HeldNotary:
    """A ledger that is durable when the test says so. Belongs to the worker's loop."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.open = True
        self._submitted = asyncio.Condition()
        self._waiting: list[tuple[int, int, asyncio.Future[Acknowledgement]]] = []
        self._failure: LedgerUnavailable | None = None

    def submit(self, drafts: Sequence[RawDraft]) -> asyncio.Future[Acknowledgement]:
        """As `NotaryClient.submit`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Acknowledgement] = loop.create_future()
        if self._failure is not None:
            future.set_exception(self._failure)
            future.exception()
            return future
        self._waiting.append((len(self.drafts), len(drafts), future))
        self.drafts += [Draft(*decode_header(draft.header_line), draft.payload) for draft in drafts]
        if self.open:
            loop.call_soon(self.release)
        self._tell = loop.create_task(self._announce())
        return future

    async def _announce(self) -> None:
        async with self._submitted:
            self._submitted.notify_all()

    async def submitted(self, kind: str, count: int) -> None:
        """Wait until `count` entries of a kind were submitted."""
        async with self._submitted:
            await self._submitted.wait_for(lambda: len(self.headers(kind)) >= count)

    def release(self) -> None:
        """Everything submitted so far is durable."""
        waiting, self._waiting = self._waiting, []
        for first, count, future in waiting:
            future.set_result(Acknowledgement(first, count, first + count))

    def fail(self) -> None:
        """Nothing will ever be durable again."""
        self._failure = LedgerUnavailable("the test said so")
        waiting, self._waiting = self._waiting, []
        for _, _, future in waiting:
            future.set_exception(self._failure)
            future.exception()

    def headers(self, kind: str) -> list[dict[str, Any]]:
        """The public headers of the entries of one kind."""
        return [dict(draft.header) for draft in self.drafts if draft.kind == kind]


def decision(verdict: Verdict, rule: str, kind: StatementClass, reason: str = "") -> Decision:
    return Decision(verdict, RuleName(rule), None, reason, kind)


_PATH = re.compile(r"\s*set\s+search_path\s*(?:=|to)\s*([\w, ]+)$", re.IGNORECASE)
_DEALLOCATE = re.compile(r"\s*deallocate\s+(?:prepare\s+)?\"?(\w+)\"?\s*;?$", re.IGNORECASE)
_TRANSACTION = re.compile(
    r"\s*(begin|start|commit|rollback|savepoint|release|end)\b", re.IGNORECASE
)
_COPY_IN = re.compile(r"\s*copy\b.*\bfrom\s+stdin\b", re.IGNORECASE)
_WRITE = re.compile(r"\s*(insert|update|delete|create|drop|truncate)\b", re.IGNORECASE)


class MarkedPlans:
    """Passes everything, except where a comment in the text says otherwise: ``/*refuse*/``,
    ``/*first*/``, ``/*guard*/``, ``/*strip*/``, ``/*slow*/``, ``/*unexpected*/``."""

    def __init__(self, generation: int = 1) -> None:
        self.generation = generation
        self.seals_nothing = False
        self.misread: frozenset[str] = frozenset()
        self.used_up: frozenset[Permit] = frozenset()
        self.basis = Basis("0" * 64, "0" * 64)
        self.scenes: list[Scene] = []

    def permits(self, principal: PrincipalName) -> tuple[Permit, ...]:
        return ()

    def use_up(self, principal: PrincipalName, numbers: Collection[str]) -> None:
        raise AssertionError("nobody has a permit")

    def lookup(self, text: str, scene: Scene) -> Plan | None:
        return None if "/*slow*/" in text else self._plan(text, scene)

    async def analyse(self, text: str, scene: Scene) -> Plan:
        await asyncio.sleep(0)
        return self._plan(text, scene)

    def _plan(self, text: str, scene: Scene) -> Plan:
        self.scenes.append(scene)
        if "/*refuse*/" in text:
            reason = "refused by a test: 封存"
            return Plan(decision(Verdict.REFUSE, "test", StatementClass.OTHER, reason), None)
        kind = StatementClass.SELECT
        if _TRANSACTION.match(text):
            kind = StatementClass.TRANSACTION
        copies_in = _COPY_IN.match(text) is not None and "/*unexpected*/" not in text
        plan = Plan(decision(Verdict.PASS, "nothing-protected", kind), text)
        if "/*strip*/" in text:
            stripped = decision(Verdict.STRIP, "sealed", kind)
            plan = replace(plan, decision=stripped, text=text.replace("/*strip*/", "1 +"))
        if "/*first*/" in text or _WRITE.match(text) or copies_in:
            plan = replace(plan, timing=Timing.FIRST)
        if "/*guard*/" in text:
            plan = replace(plan, guarded=True)
        effects = _effects(text)
        return replace(plan, effects=effects, settle=bool(effects), copies_in=copies_in)


def _effects(text: str) -> tuple[Effect, ...]:
    if (found := _PATH.match(text)) is not None:
        return (SetSearchPath(tuple(name.strip() for name in found[1].split(","))),)
    if (found := _DEALLOCATE.match(text)) is not None:
        return (DropStatement(None if found[1].lower() == "all" else found[1]),)
    if "reset all" in text.lower():
        return (ResetSearchPath(), DropPortals())
    if "discard all" in text.lower():
        return (ResetSearchPath(), DropStatement(None), DropPortals())
    return ()


@dataclass
class RunningProxy:
    """Enter it to start; everything that touches the worker runs on its loop, through `call`."""

    database: Database
    limits: WorkerLimits | None = None
    way: Way | None = None
    plans: MarkedPlans | None = None

    def __enter__(self) -> RunningProxy:
        self.notary = HeldNotary()
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.port = self.wait(self._start())
        return self

    def __exit__(self, *_: object) -> None:
        self.wait(self.worker.close(0.0))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the worker's loop."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=30)

    def call(self, function: Callable[[], T]) -> T:
        """Call a function on the worker's loop."""

        async def run() -> T:
            return function()

        return self.wait(run())

    async def _start(self) -> int:
        database = self.database
        upstream = Upstream(HOST, database.port)
        self.plans = self.plans or MarkedPlans()
        self.worker = Worker(
            self.way or Way(upstream),
            InForce(lambda *_: PRINCIPAL, {database.name: self.plans}),
            Recorder(self.notary, Pseudonyms(b"k" * 32)),
            self.limits,
        )
        return await self.worker.listen(HOST, 0)

    def enforce_rewriting(self) -> None:
        """A new policy: from now on ``SELECT name`` reads ``SELECT name || ''``."""

        class Rewriting(MarkedPlans):
            def _plan(self, text: str, scene: Scene) -> Plan:
                marked = super()._plan(text, scene)
                if not text.startswith("SELECT name"):
                    return marked
                stripped = replace(marked.decision, verdict=Verdict.STRIP)
                sent = text.replace("SELECT name", "SELECT name || '' AS name")
                return replace(marked, decision=stripped, text=sent)

        plans = self.plans = Rewriting(generation=2)
        in_force = InForce(lambda *_: PRINCIPAL, {self.database.name: plans})
        self.call(lambda: self.worker.enforce(in_force))

    def conninfo(self, user: str = "postgres", **more: str) -> str:
        """A libpq connection string to the proxy."""
        return psycopg.conninfo.make_conninfo(
            host=HOST,
            port=self.port,
            dbname=self.database.name,
            user=user,
            password=PASSWORD,
            **more,
        )

    def url(self, scheme: str, user: str = "postgres") -> str:
        """A URL to the proxy."""
        return f"{scheme}://{user}:{PASSWORD}@{HOST}:{self.port}/{self.database.name}"


def outcomes(proxy: RunningProxy) -> list[dict[str, Any]]:
    """The headers of all outcomes so far; waits for the first, which nobody hurries."""
    until = time.monotonic() + 10
    while not (found := proxy.call(lambda: proxy.notary.headers("outcome"))):
        assert time.monotonic() < until, "no outcome came"
        time.sleep(0.02)
    return list(found)
