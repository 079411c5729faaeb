"""The service: notary, workers, metrics, in this order, and back when it stops. Where there is a
witness it is asked before the notary starts, and a courier goes to it from then on.

One worker is in this process; several are processes of their own, and this one has no clients.
Exit codes: 0 stopped by a signal, 2 configuration, 3 the ledger failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import sys
from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Protocol

import uvloop

from proxy.desk.batch.opening import open_batch_desk
from proxy.desk.certificate.opening import open_certificate_desk
from proxy.desk.certificate.routes import VERIFY_PATH, certificate_routes, verify_page
from proxy.desk.desk import Desk
from proxy.desk.front.application import NO_PAGES, TABLES, Page
from proxy.desk.front.listener import Listener, open_front
from proxy.desk.front.routes import Tables
from proxy.desk.opening import open_desk, terms_of
from proxy.errors import ConfigurationError, FengcunError, RecordUnavailable
from proxy.policy.law import Law
from proxy.policy.permit import Permit
from proxy.record.line import Ledger, connect_ledger, require_origin
from proxy.server.courier_process import Courier
from proxy.server.crew import Crew
from proxy.server.guard_process import ask_witness
from proxy.server.interpreter import settle
from proxy.server.neighbours import Neighbours
from proxy.server.notary_process import NotaryProcess, start_notary
from proxy.server.scan import Scanner
from proxy.server.spender import Spender
from proxy.server.stall import until_stalled
from proxy.server.station import Station
from proxy.settings.drift import Landmarks
from proxy.settings.law import law_of
from proxy.settings.problems import Document, read_document
from proxy.settings.service import Settings
from proxy.telemetry.endpoint import Health, start_endpoint
from proxy.telemetry.labels import ReloadResult
from proxy.telemetry.log import configure
from proxy.telemetry.metrics import Metrics, exposition, shared_metrics

EXIT_LEDGER: Final = 3
_log = logging.getLogger(__name__)


class Post(Protocol):
    """Where statements are judged: a `Station` in this process, or a `Crew` of several."""

    async def prepare(self, document: Document, law: Law) -> Mapping[str, Landmarks]: ...

    def abandon(self) -> None: ...

    async def commit(self) -> int: ...

    async def permit(self, permits: tuple[Permit, ...]) -> None: ...

    async def health(self) -> Health: ...

    def ledger_failed(self) -> None: ...

    async def close(self, grace_seconds: float) -> None: ...


def serve(settings: Settings) -> int:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the policy again. Raises `ConfigurationError`
    and `UpstreamUnavailable` when it cannot start."""
    configure(sys.stderr)
    settle()
    with contextlib.ExitStack() as stack:
        if settings.listen.workers > 1:
            try:
                stack.enter_context(shared_metrics())
            except OSError as error:
                raise ConfigurationError(
                    "several workers need a directory that they can write their metrics to: see"
                    " PROMETHEUS_MULTIPROC_DIR"
                ) from error
        return uvloop.run(Service(settings).run())


class Service:
    """One run of the service."""

    def __init__(self, settings: Settings, notary_arguments: tuple[str, ...] = ()) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.port = 0
        self.notary_process_id = 0
        self.serving = asyncio.Event()
        self.post: Post
        self.desk: Desk | None = None
        self.front: Listener | None = None
        self._law: Law
        self._notary_arguments = notary_arguments
        self._notary: NotaryProcess
        self._courier: Courier
        self._ledger: Ledger
        self._spender: Spender
        self._ledger_lost = False
        self._stopping = asyncio.Event()
        self._reloading = asyncio.Lock()

    def stop(self) -> None:
        """Finish what is under way, then end."""
        self._stopping.set()

    async def run(self) -> int:
        """The whole life of the service; its exit code."""
        async with contextlib.AsyncExitStack() as stack:
            document, law = self._read_policy()
            ledger = self.settings.ledger
            require_origin(ledger.keys, ledger.origin)
            try:
                async with ask_witness(ledger) as heard:
                    self._notary = await start_notary(ledger, *heard, *self._notary_arguments)
                courier = self._make_courier()
                # After the notary, so that it takes along what was published last.
                stack.push_async_callback(courier.stop)
                stack.push_async_callback(self._notary.stop)
                self.notary_process_id = self._notary.process_id
                self._ledger = await connect_ledger(ledger.socket_path, ledger.keys, self.metrics)
            except RecordUnavailable as error:
                _log.critical("the ledger cannot be opened", exc_info=error)
                return EXIT_LEDGER
            stack.push_async_callback(self._ledger.close)
            self._ledger.on_failure = self._ledger_failed
            self._spender = Spender(ledger)
            self.post = self._make_post()
            stack.push_async_callback(self._close_post)
            courier.start()
            stack.push_async_callback(self._spender.keep)
            for task in (self._watch_ledger(), self._spender.keep_often()):
                stack.callback(asyncio.create_task(task).cancel)
            try:
                await self._open(stack, document, law)
                await self._until_stopped()
            except RecordUnavailable:
                if not self._ledger_lost:
                    raise
        return EXIT_LEDGER if self._ledger_lost else 0

    def _make_courier(self) -> Courier:
        self._courier = Courier(self.settings.ledger, self.metrics, self._contradicted)
        return self._courier

    def _read_policy(self) -> tuple[Document, Law]:
        document = read_document(self.settings.policy.file)
        return document, law_of(document)

    def _make_post(self) -> Post:
        if self.settings.listen.workers == 1:
            alone = Neighbours(budget=self._spender.owner)
            return Station(self.settings, self._ledger.recorder, self.metrics, alone)
        # This process reads none; the workers' are the ones that could be old.
        self.metrics.catalogue_loaded("none", math.inf)
        return Crew(self.settings, self._worker_cannot_record, self._spender.owner)

    async def _open(self, stack: contextlib.AsyncExitStack, document: Document, law: Law) -> None:
        await self._agree(document, law)
        # Before anybody can connect: who is served may count on an end in good order.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.create_task(self.reload()))
        self.port = await self.post.commit()
        self._law = law
        self._scan(stack)
        await self._open_desk(stack)
        if self.settings.metrics is not None:
            endpoint = await start_endpoint(
                self.settings.metrics.host,
                self.settings.metrics.port,
                exposition=lambda: exposition(self.metrics),
                health=self.health,
            )
            stack.push_async_callback(endpoint.close)
        _log.info("serving", extra={"host": self.settings.listen.host, "port": self.port})
        self.serving.set()

    async def _open_desk(self, stack: contextlib.AsyncExitStack) -> None:
        """After the first policy is in force, so that its permits are judged by it."""
        if self.settings.desk is None:
            return
        desk = await open_desk(
            self.settings.desk,
            self.settings.ledger,
            self._ledger,
            self.metrics,
            lambda: self._law,
            self.permit,
        )
        stack.push_async_callback(desk.close)
        try:
            # Now, and not while an officer waits for the first permit.
            await self._spender.count_uses()
            await desk.start()
        except RecordUnavailable as error:
            _log.critical("what permits there are cannot be known", exc_info=error)
            self._ledger_failed()
            raise
        self.desk = desk
        if self.settings.desk.officers_file is not None:
            terms = await asyncio.to_thread(terms_of, self.settings.desk)
            tables, pages = await self._certificates()
            uses = self._spender.owner
            batch = await asyncio.to_thread(
                open_batch_desk, self.settings, self._ledger, desk, uses, self.metrics
            )
            stack.push_async_callback(batch.close)
            front = await open_front(
                self.settings.desk,
                desk,
                terms,
                self._ledger.recorder,
                self.metrics,
                batch=batch,
                tables=tables,
                pages=pages,
            )
            stack.push_async_callback(front.close)
            self.front = front
            _log.info("the desk is open", extra={"port": front.port})

    async def _certificates(self) -> tuple[Tables, Mapping[str, Page]]:
        """What the front serves beside its own, where there is a [certificate]."""
        if self.settings.certificate is None:
            return TABLES, NO_PAGES
        desk = await asyncio.to_thread(open_certificate_desk, self.settings, self._ledger)
        page = verify_page(desk, self.settings.certificate.verifications_per_minute)
        return (*TABLES, certificate_routes(desk)), {VERIFY_PATH: page}

    def _scan(self, stack: contextlib.AsyncExitStack) -> None:
        """Begin to look for findings, where that is configured."""
        if self.settings.scan is None:
            if self._law.findings:
                _log.warning("nothing looks for the policy's findings: there is no [scan] table")
            return
        scanner = Scanner(self.settings, self._ledger.recorder, self.metrics, lambda: self._law)
        stack.callback(asyncio.create_task(scanner.run()).cancel)

    async def _agree(self, document: Document, law: Law) -> None:
        """What can be in force everywhere becomes an entry, once, and is in force nowhere yet."""
        await self.post.prepare(document, law)
        try:
            await self._spender.follow(law)
            if self.front is not None:
                await asyncio.to_thread(self.front.reload)
            await self._ledger.policy_in_force(
                law.digest, relations_count=len(law.relations), principals_count=len(law.principals)
            )
        except BaseException:
            self.post.abandon()
            raise

    async def _until_stopped(self) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        exited = self._notary.exited
        await asyncio.wait((stopping, exited), return_when=asyncio.FIRST_COMPLETED)
        if exited.done():
            self._ledger_failed()
        stopping.cancel()

    async def _watch_ledger(self) -> None:
        await until_stalled(self._ledger, self.settings.ledger.stall_timeout_ms / 1000)
        self._notary.hangs = True

    async def reload(self) -> bool:
        """Read the policy and the certificates again; a mistake in either changes nothing, in no
        worker."""
        async with self._reloading:
            try:
                document, law = self._read_policy()
                await self._agree(document, law)
            except FengcunError as error:
                _log.error("the policy was not reloaded; everything stays", exc_info=error)
                self.metrics.policy_read(ReloadResult.REJECTED)
                return False
            await self.post.commit()
            self._law = law
            if self.desk is not None:
                await self.desk.reconsider()
        self.metrics.policy_read(ReloadResult.APPLIED)
        _log.info("the policy was reloaded", extra={"policy": law.digest})
        return True

    async def permit(self, permits: tuple[Permit, ...]) -> None:
        """These permits are in force, and no others, in every worker when this returns; what was
        seen by one that is not among them is seen no more. Raises ValueError where two have one
        number, and `RecordUnavailable` where it cannot be known how often they were used; then
        nothing changes."""
        if any(each.uses_max is not None for each in permits):
            await self._spender.count_uses()
        await self.post.permit(permits)

    async def health(self) -> Health:
        """What is well now."""
        found = await self.post.health()
        ready = found.ready and self.serving.is_set() and not self._stopping.is_set()
        return replace(
            found,
            ready=ready,
            ledger=found.ledger and not self._ledger_lost,
            witness=self._courier.is_well,
        )

    def _contradicted(self) -> None:
        _log.critical("the witness has shown that this log was rolled back or forked")
        self._ledger_failed()

    def _worker_cannot_record(self, stalled: bool) -> None:
        self._notary.hangs = self._notary.hangs or stalled
        self._ledger_failed()

    def _ledger_failed(self) -> None:
        if self._ledger_lost or self._stopping.is_set():
            return
        self._ledger_lost = True
        self.metrics.ledger_failed()
        _log.critical("the ledger cannot record any more: nothing is served, the service stops")
        self.post.ledger_failed()
        self._stopping.set()

    async def _close_post(self) -> None:
        drain_seconds = self.settings.limits.drain_timeout_ms / 1000
        await self.post.close(0.0 if self._ledger_lost else drain_seconds)
