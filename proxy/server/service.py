"""The service: notary, catalogues, listener, metrics, in this order, and back when it stops.

Exit codes: 0 stopped by a signal, 2 configuration, 3 the ledger failed.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import signal
import sys
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

import uvloop

from proxy.errors import ConfigurationError, FengcunError, RecordUnavailable, UpstreamUnavailable
from proxy.policy.doubt import Doubt
from proxy.policy.law import Law
from proxy.record import Ledger, connect_ledger, require_origin
from proxy.server.catalogues import Catalogues
from proxy.server.encryption import read_client_tls
from proxy.server.identify import identify
from proxy.server.notary_process import NotaryProcess, start_notary
from proxy.server.plans import DatabasePlans
from proxy.server.proving import VerifierOf
from proxy.server.worker import InForce, Way, Worker, WorkerLimits
from proxy.session.limits import MessageLimits
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.settings.drift import doubt_after
from proxy.settings.fit import require_certificates, require_fit
from proxy.settings.service import Metrics as MetricsAddress
from proxy.settings.service import Settings
from proxy.statement.catalogue import Catalogue
from proxy.statement.grammar import TextLimits
from proxy.telemetry.endpoint import Endpoint, Health, start_endpoint
from proxy.telemetry.labels import ReloadResult
from proxy.telemetry.log import configure
from proxy.telemetry.metrics import Metrics, exposition
from proxy.upstream.connect import Upstream, tls_context
from proxy.upstream.verifiers import Verifiers

LoadLaw = Callable[[Path], Law]

EXIT_LEDGER: Final = 3
_GRACE_SECONDS: Final = 20.0
# Two: one long analysis must not stand in the way of all short ones.
_PLANNING_THREADS: Final = 2
# A planning thread holds the interpreter for this long at a time; the event loop waits for it.
_SWITCH_SECONDS: Final = 0.0005
# How often within ledger.stall_timeout_ms it is looked whether something waits that long.
_STALL_LOOKS: Final = 10
_REFRESH_SECONDS_MIN: Final = 0.5
# A catalogue older than this, in refresh intervals and at least in seconds, is not judged by.
_STALE_INTERVALS: Final = 12
_STALE_SECONDS_MIN: Final = 60.0
_log = logging.getLogger(__name__)


def serve(settings: Settings, load_law: LoadLaw) -> int:
    """Serve until SIGTERM or SIGINT; SIGHUP reads the policy again. Raises `ConfigurationError`
    and `UpstreamUnavailable` when it cannot start."""
    configure(sys.stderr)
    sys.setswitchinterval(_SWITCH_SECONDS)
    return uvloop.run(Service(settings, load_law).run())


class Service:
    """One run of the service."""

    def __init__(
        self, settings: Settings, load_law: LoadLaw, notary_arguments: tuple[str, ...] = ()
    ) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.port = 0
        self.notary_process_id = 0
        self.serving = asyncio.Event()
        # Set whenever a changed catalogue has taken effect.
        self.refreshed = asyncio.Event()
        self._load_law = load_law
        self._notary_arguments = notary_arguments
        self._stopping = asyncio.Event()
        self._ledger_lost = False
        self._verifier_of: VerifierOf | None = None
        way = self._read_way()
        self._watched = Catalogues(settings.upstream, way.upstream_tls)
        self._catalogues: Mapping[str, Catalogue] = {}
        # The catalogues of when an administrator last put the policy in force, and what has become
        # of its fitting them since.
        self._fitted: Mapping[str, Catalogue] = {}
        self._doubts: Mapping[str, Doubt] = {}
        self._executor = ThreadPoolExecutor(_PLANNING_THREADS, thread_name_prefix="planning")
        self._enacted: str | None = None
        self._law: Law
        self._ledger: Ledger
        self._worker: Worker
        self._reloading = asyncio.Lock()
        self._read_at = -math.inf

    def stop(self) -> None:
        """Finish what is under way, then end."""
        self._stopping.set()

    async def run(self) -> int:
        """The whole life of the service; its exit code."""
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._executor.shutdown, wait=False, cancel_futures=True)
            self._law = self._read_law()
            require_origin(self.settings.ledger.keys, self.settings.ledger.origin)
            try:
                notary = await start_notary(self.settings.ledger, *self._notary_arguments)
                stack.push_async_callback(notary.stop)
                self.notary_process_id = notary.process_id
                self._ledger = await connect_ledger(
                    self.settings.ledger.socket_path, self.settings.ledger.keys, self.metrics
                )
            except RecordUnavailable as error:
                _log.critical("the ledger cannot be opened", exc_info=error)
                return EXIT_LEDGER
            stack.push_async_callback(self._ledger.close)
            self._ledger.on_failure = self._ledger_failed
            await self._open(stack)
            await self._until_stopped(notary)
        return EXIT_LEDGER if self._ledger_lost else 0

    async def _open(self, stack: contextlib.AsyncExitStack) -> None:
        settings, limits = self.settings, self.settings.limits
        stack.push_async_callback(self._watched.close)
        self._catalogues = await self._watched.look()
        require_fit(settings.policy.file, self._law, self._catalogues)
        self._fitted = self._catalogues
        in_force = self._in_force(self._law, self._catalogues, {})
        await self._enact(self._law)
        if settings.login.verifier_query is not None:
            verifiers = self._verifiers(settings.login.verifier_query)
            stack.push_async_callback(verifiers.close)
            self._verifier_of = verifiers.of
            await verifiers.of(settings.upstream.catalogue_user)  # a query that fails is seen now
        self._worker = Worker(
            self._read_way(),
            in_force,
            self._ledger.recorder,
            WorkerLimits(
                connections_max=limits.connections_max,
                handshakes_max=limits.handshakes_max,
                startup_seconds_max=limits.startup_timeout_ms / 1000,
                messages=MessageLimits(limits.statement_bytes_max, limits.message_bytes_max),
            ),
            self.metrics,
        )
        # Before anybody can connect: who is served may count on an end in good order.
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop)
        loop.add_signal_handler(signal.SIGHUP, lambda: loop.create_task(self.reload()))
        listen = settings.listen
        try:
            self.port = await self._worker.listen(listen.host, listen.port)
        except OSError as error:
            raise ConfigurationError(
                f"[listen] {listen.host}:{listen.port} cannot be listened on: "
                "choose another address or stop the other process"
            ) from error
        stack.push_async_callback(self._close_worker)
        if settings.metrics is not None:
            endpoint = await self._endpoint(settings.metrics)
            stack.push_async_callback(endpoint.close)
        _log.info("serving", extra={"host": listen.host, "port": self.port})
        self.serving.set()

    async def _until_stopped(self, notary: NotaryProcess) -> None:
        stopping = asyncio.create_task(self._stopping.wait())
        watching = asyncio.create_task(self._watch_catalogues())
        timing = asyncio.create_task(self._watch_ledger(notary))
        await asyncio.wait((stopping, notary.exited), return_when=asyncio.FIRST_COMPLETED)
        if notary.exited.done():
            self._ledger_failed()
        timing.cancel()
        watching.cancel()
        stopping.cancel()

    async def _watch_ledger(self, notary: NotaryProcess) -> None:
        """A notary, or a disk below it, that hangs has failed as much as one that says so."""
        seconds_max = self.settings.ledger.stall_timeout_ms / 1000
        while True:
            await asyncio.sleep(seconds_max / _STALL_LOOKS)
            if self._ledger.give_up_after(seconds_max):
                notary.hangs = True
                _log.critical("the ledger stalled: an entry was not durable in time; see its disk")
                return

    async def reload(self) -> bool:
        """Read the policy and the certificates again; a file with a mistake changes nothing."""
        async with self._reloading:
            try:
                law, way = self._read_law(), self._read_way()
                catalogues = await self._watched.look()
                require_fit(self.settings.policy.file, law, catalogues)
                in_force = self._in_force(law, catalogues, {})
                await self._enact(law)
            except FengcunError as error:
                _log.error("the policy was not reloaded; everything stays", exc_info=error)
                self.metrics.policy_read(ReloadResult.REJECTED)
                return False
            self._law, self._catalogues, self._fitted = law, catalogues, catalogues
            self._worker.enforce(in_force)
            self._worker.lead(way)
            self._watched.tls = way.upstream_tls
            self._doubt({})
        self.metrics.policy_read(ReloadResult.APPLIED)
        _log.info("the policy was reloaded", extra={"policy": law.digest})
        return True

    def _read_law(self) -> Law:
        law = self._load_law(self.settings.policy.file)
        require_certificates(self.settings, law)
        return law

    def _read_way(self) -> Way:
        upstream, tls = Upstream.configured(self.settings.upstream), self.settings.tls
        client_tls = None if tls is None else read_client_tls(tls)
        return Way(upstream, tls_context(upstream), client_tls, self._verifier_of)

    def _verifiers(self, query: str) -> Verifiers:
        settings = self.settings.upstream
        # Under the log's own key: the same after a restart, for what changes then is not genuine.
        secret = self._ledger.recorder.pseudonyms.of("login", "mock").encode()
        return Verifiers(partial(self._watched.open, settings.databases[0]), query, secret)

    async def _watch_catalogues(self) -> None:
        """A catalogue that changed takes effect before the next statement is judged."""
        interval_seconds = self.settings.upstream.catalogue_refresh_ms / 1000
        while True:
            await asyncio.sleep(interval_seconds)
            await self._refresh_catalogues(changed=False)

    async def _refresh_catalogues(self, *, changed: bool) -> None:
        """Look at the databases again; where nothing is known to have changed, unless somebody has
        just done so. Raises `UpstreamUnavailable` where something has."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        async with self._reloading:
            # Who asks for what does not exist must not make the proxy flood the database.
            soon = loop.time() - self._read_at < _REFRESH_SECONDS_MIN or self._read_at > asked_at
            if soon and not changed:
                return
            compared = await self._compare_catalogues()
            self._read_at = loop.time()
        if changed and not compared:
            raise UpstreamUnavailable("the catalogue cannot be read after a change of the schema")

    async def _compare_catalogues(self) -> bool:
        """Judge by what is there now; False where that could not be read."""
        try:
            catalogues = await self._watched.look()
        except UpstreamUnavailable as error:
            self.metrics.upstream_failed("catalogue")
            _log.warning("the catalogue was not read; the old one stays", exc_info=error)
            if self._stale():
                doubts = dict.fromkeys(self._catalogues, Doubt.CATALOGUE)
                self._take_effect(self._catalogues, doubts)
            return False
        for name in catalogues:
            self.metrics.catalogue_loaded(name, time.time())
        if self._same(catalogues) and Doubt.CATALOGUE not in self._doubts.values():
            return True
        found = {
            name: doubt_after(self._law, self._fitted[name], catalogue)
            for name, catalogue in catalogues.items()
        }
        doubts = {name: doubt for name, doubt in found.items() if doubt is not Doubt.NONE}
        self._take_effect(catalogues, doubts)
        return True

    def _stale(self) -> bool:
        """Whether a catalogue was last read too long ago to be judged by."""
        interval_seconds = self.settings.upstream.catalogue_refresh_ms / 1000
        stale_seconds = max(_STALE_INTERVALS * interval_seconds, _STALE_SECONDS_MIN)
        return self._watched.age_seconds() >= stale_seconds

    def _same(self, catalogues: Mapping[str, Catalogue]) -> bool:
        return all(catalogues[name].version == c.version for name, c in self._catalogues.items())

    def _take_effect(
        self, catalogues: Mapping[str, Catalogue], doubts: Mapping[str, Doubt]
    ) -> None:
        """Judge by these from the next statement on, if they are not what is judged by already."""
        if self._same(catalogues) and doubts == self._doubts:
            return
        self._catalogues = catalogues
        self._worker.enforce(self._in_force(self._law, catalogues, doubts))
        self._doubt(doubts)
        self.refreshed.set()
        _log.info("the catalogue changed")

    def _doubt(self, doubts: Mapping[str, Doubt]) -> None:
        self._doubts = doubts
        self.metrics.policy_fits(fits=not doubts)
        for doubt in doubts.values():
            _log.critical(
                "the policy no longer fits the database: what it protects is refused; see what"
                " `fengcun check` says, and reload a policy that fits",
                extra={"kind": doubt.value},
            )

    def _in_force(
        self,
        law: Law,
        catalogues: Mapping[str, Catalogue],
        doubts: Mapping[str, Doubt],
    ) -> InForce:
        limits = self.settings.limits
        texts = TextLimits(limits.statement_bytes_max, limits.tokens_max, limits.nesting_max)
        plans = {
            name: DatabasePlans(
                Planner(law, catalogue, texts, doubts.get(name, Doubt.NONE)),
                PlanCache(entries_max=limits.plans_max),
                self._executor,
                self.metrics,
                self._refresh_catalogues,
            )
            for name, catalogue in catalogues.items()
        }
        return InForce(partial(identify, law.principals), plans)

    async def _enact(self, law: Law) -> None:
        """The policy in force is itself an entry, before anything is judged by it."""
        await self._ledger.policy_in_force(
            law.digest, relations_count=len(law.relations), principals_count=len(law.principals)
        )
        self.metrics.policy_in_force(law.digest, previous=self._enacted)
        self._enacted = law.digest

    async def _endpoint(self, metrics: MetricsAddress) -> Endpoint:
        return await start_endpoint(
            metrics.host,
            metrics.port,
            exposition=lambda: exposition(self.metrics),
            health=self.health,
        )

    def health(self) -> Health:
        """What is well now. The age of the catalogues is asked for, too: it tells of a watch that
        has stopped looking, which raises no doubt by itself."""
        unread = self._stale() or Doubt.CATALOGUE in self._doubts.values()
        return Health(
            ready=self.serving.is_set() and not self._stopping.is_set(),
            ledger=not self._ledger_lost,
            catalogue=bool(self._catalogues) and not unread,
            policy=not self._doubts,
        )

    def _ledger_failed(self) -> None:
        if self._ledger_lost or self._stopping.is_set():
            return
        self._ledger_lost = True
        self.metrics.ledger_failed()
        _log.critical("the ledger cannot record any more: nothing is served, the service stops")
        if self.serving.is_set():
            self._worker.ledger_failed()
        self._stopping.set()

    async def _close_worker(self) -> None:
        await self._worker.close(0.0 if self._ledger_lost else _GRACE_SECONDS)
