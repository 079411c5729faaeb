"""What one process judges by and where it listens: the policy in force, the catalogues, kept true
while the databases change, and the worker that uses both.

A policy takes effect in two steps, so that several processes and the ledger can agree on it:
`prepare` finds out whether it could be in force here, and `commit` puts it in force.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Final

from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.policy.doubt import Doubt
from proxy.policy.law import Law
from proxy.policy.permit import Permit
from proxy.record.recorder import Recorder
from proxy.server.catalogues import Catalogues
from proxy.server.encryption import read_client_tls
from proxy.server.identify import identify
from proxy.server.neighbours import Neighbours
from proxy.server.patience import Patience
from proxy.server.permits import Permits
from proxy.server.plans import DatabasePlans
from proxy.server.proving import VerifierOf
from proxy.server.worker import InForce, Way, Worker, WorkerLimits
from proxy.session.limits import MessageLimits
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.settings.drift import Landmarks, doubt_after, landmarks
from proxy.settings.fit import require_certificates, require_fit
from proxy.settings.problems import Document
from proxy.settings.service import Listen, Settings
from proxy.statement.catalogue import Catalogue
from proxy.statement.grammar import TextLimits
from proxy.telemetry.endpoint import Health
from proxy.telemetry.metrics import Metrics
from proxy.upstream.connect import Upstream, tls_context
from proxy.upstream.verifier_file import VerifierFile
from proxy.upstream.verifiers import Verifiers

# Two: one long analysis must not stand in the way of all short ones.
_PLANNING_THREADS: Final = 2
_REFRESH_SECONDS_MIN: Final = 0.5
# A catalogue older than this, in refresh intervals and at least in seconds, is not judged by.
_STALE_INTERVALS: Final = 12
_STALE_SECONDS_MIN: Final = 60.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A policy that could be in force, and the way in by the certificates that were read with it.

    `landmarks` are those of when an administrator last put the policy in force, and `doubts` what
    has become of its fitting them since.
    """

    law: Law
    catalogues: Mapping[str, Catalogue]
    landmarks: Mapping[str, Landmarks]
    doubts: Mapping[str, Doubt]
    way: Way


class Station:
    """Made without effect; the first `commit` begins to listen."""

    def __init__(
        self,
        settings: Settings,
        recorder: Recorder,
        metrics: Metrics,
        neighbours: Neighbours | None = None,
    ) -> None:
        """Raises `ConfigurationError` for certificates that cannot be used."""
        self.settings = settings
        # Set whenever a changed catalogue has taken effect.
        self.refreshed = asyncio.Event()
        self._recorder = recorder
        self._metrics = metrics
        self._neighbours = neighbours or Neighbours()
        self.permits = Permits()
        self._verifiers: Verifiers | None = None
        self._watched = Catalogues(settings.upstream, self._read_way().upstream_tls)
        self._catalogues: Mapping[str, Catalogue] = {}
        self._landmarks: Mapping[str, Landmarks] = {}
        self._doubts: Mapping[str, Doubt] = {}
        self._executor = ThreadPoolExecutor(_PLANNING_THREADS, thread_name_prefix="planning")
        self._law: Law
        self._worker: Worker | None = None
        self._port = 0
        self._prepared: _Prepared | None = None
        self._watching: asyncio.Task[None] | None = None
        # Held from `prepare` to what ends it, and for each look at the databases.
        self._turn = asyncio.Lock()
        self._read_at = -math.inf

    async def prepare(
        self, document: Document, law: Law, known: Mapping[str, Landmarks] | None = None
    ) -> Mapping[str, Landmarks]:
        """See whether `law`, read from `document`, can be in force, and give what to tell by that
        a database has changed under it. Nothing else takes effect before `commit` or `abandon`.

        With `known` the policy is in force already, elsewhere and for these landmarks: a database
        that it does not fit has changed since, and is doubted. Raises `UpstreamUnavailable`, and
        without `known` `ConfigurationProblems` for a policy that does not fit.
        """
        with ExitStack() as stack:
            await self._turn.acquire()
            stack.callback(self._turn.release)
            require_certificates(self.settings, law)
            await self._prove_verifiers()
            way = self._read_way()
            catalogues = await self._watched.look()
            if known is None:
                require_fit(document.file, law, catalogues)
                known = {name: landmarks(law, each) for name, each in catalogues.items()}
            doubts = _doubts(law, known, catalogues)
            self._prepared = _Prepared(law, catalogues, known, doubts, way)
            stack.pop_all()
        return known

    def abandon(self) -> None:
        """What was prepared is not wanted; nothing changes."""
        if self._prepared is not None:
            self._prepared = None
            self._turn.release()

    async def commit(self) -> int:
        """Judge by what was prepared from the next message on; the port that is listened on.

        Raises `ConfigurationError`, the first time, for an address that cannot be listened on.
        """
        prepared, self._prepared = self._prepared, None
        assert prepared is not None
        try:
            previous = None if self._worker is None else self._law.digest
            self._law, self._catalogues = prepared.law, prepared.catalogues
            self._landmarks = prepared.landmarks
            in_force = self._in_force(prepared.law, prepared.catalogues, prepared.doubts)
            for name in prepared.catalogues:
                self._metrics.catalogue_loaded(name, time.time())
            self._metrics.policy_in_force(prepared.law.digest, previous=previous)
            self._metrics.policy_seals(nothing=prepared.law.seals_nothing)
            self._doubt(prepared.doubts)
            self._watched.tls = prepared.way.upstream_tls
            if self._worker is None:
                self._worker = self._make_worker(in_force, prepared.way)
                self._port = await self._listen(self._worker)
                self._watching = asyncio.create_task(self._watch_catalogues())
            else:
                self._worker.enforce(in_force)
                self._worker.lead(prepared.way)
        finally:
            self._turn.release()
        return self._port

    async def permit(self, permits: tuple[Permit, ...]) -> None:
        """From the next message on these permits are in force, and no others. Raises ValueError
        for two of one number."""
        self.permits.replace(permits)

    async def cancel(self, key: bytes) -> None:
        """A cancel request that came to another worker."""
        if self._worker is not None:
            await self._worker.cancel(key)

    async def look_again(self) -> None:
        """Another worker has changed a database. Raises `UpstreamUnavailable`."""
        if self._worker is not None:
            await self._look(changed=True)

    async def health(self) -> Health:
        """What is well now. The age of the catalogues is asked for, too: it tells of a watch that
        has stopped looking, which raises no doubt by itself."""
        unread = self._stale() or Doubt.CATALOGUE in self._doubts.values()
        return Health(
            ready=self._watching is not None,
            ledger=True,
            catalogue=bool(self._catalogues) and not unread,
            policy=not self._doubts,
        )

    def ledger_failed(self) -> None:
        """Release nothing any more."""
        if self._worker is not None:
            self._worker.ledger_failed()

    async def close(self, grace_seconds: float) -> None:
        """Stop listening; let transactions finish, for so long; end what is left."""
        if self._watching is not None:
            self._watching.cancel()
            self._watching = None
        if self._worker is not None:
            await self._worker.close(grace_seconds)
        self.abandon()
        if self._verifiers is not None:
            await self._verifiers.close()
        await self._watched.close()
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _read_way(self) -> Way:
        upstream, tls = Upstream.configured(self.settings.upstream), self.settings.tls
        client_tls = None if tls is None else read_client_tls(tls)
        return Way(upstream, tls_context(upstream), client_tls, self._verifier_of())

    def _verifier_of(self) -> VerifierOf | None:
        if (file := self.settings.login.verifier_file) is not None:
            return VerifierFile(file, self._mock_secret()).of
        return None if self._verifiers is None else self._verifiers.of

    def _mock_secret(self) -> bytes:
        """Under the log's own key: the same after a restart, for what changes is not genuine."""
        return self._recorder.pseudonyms.of("login", "mock").encode()

    async def _prove_verifiers(self) -> None:
        """Where the proxy checks passwords: a query that fails is seen now."""
        settings, query = self.settings.upstream, self.settings.login.verifier_query
        if query is None or self._verifiers is not None:
            return
        opens = partial(self._watched.open, settings.databases[0])
        verifiers = Verifiers(opens, query, self._mock_secret())
        await verifiers.of(settings.catalogue_user)
        self._verifiers = verifiers

    def _make_worker(self, in_force: InForce, way: Way) -> Worker:
        limits = self.settings.limits
        return Worker(
            way,
            in_force,
            self._recorder,
            WorkerLimits(
                connections_max=limits.connections_max,
                handshakes_max=limits.handshakes_max,
                startup_seconds_max=limits.startup_timeout_ms / 1000,
                messages=MessageLimits(limits.statement_bytes_max, limits.message_bytes_max),
                patience=Patience(
                    _seconds(limits.idle_timeout_ms),
                    _seconds(limits.idle_in_transaction_timeout_ms),
                    _seconds(limits.slow_client_timeout_ms),
                ),
            ),
            self._metrics,
            self._neighbours,
        )

    async def _listen(self, worker: Worker) -> int:
        listen = self.settings.listen
        try:
            return await worker.listen(listen.host, listen.port)
        except OSError as error:
            raise address_unusable(listen) from error

    async def _watch_catalogues(self) -> None:
        """A catalogue that changed takes effect before the next statement is judged."""
        interval_seconds = self.settings.upstream.catalogue_refresh_ms / 1000
        while True:
            await asyncio.sleep(interval_seconds)
            await self._refresh_catalogues(changed=False)

    async def _refresh_catalogues(self, *, changed: bool) -> None:
        """Look at the databases again, and so do the neighbours where something is known to have
        changed. Raises `UpstreamUnavailable` where something has."""
        await self._look(changed=changed)
        # Not in our turn: a neighbour that has changed something, too, waits for us to look.
        if changed:
            await self._neighbours.schema_changed()

    async def _look(self, *, changed: bool) -> None:
        """Where nothing is known to have changed, unless somebody has just done so."""
        loop = asyncio.get_running_loop()
        asked_at = loop.time()
        async with self._turn:
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
            self._metrics.upstream_failed("catalogue")
            _log.warning("the catalogue was not read; the old one stays", exc_info=error)
            if self._stale():
                doubts = dict.fromkeys(self._catalogues, Doubt.CATALOGUE)
                self._take_effect(self._catalogues, doubts)
            return False
        for name in catalogues:
            self._metrics.catalogue_loaded(name, time.time())
        if self._same(catalogues) and Doubt.CATALOGUE not in self._doubts.values():
            return True
        self._take_effect(catalogues, _doubts(self._law, self._landmarks, catalogues))
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
        assert self._worker is not None
        self._catalogues = catalogues
        self._worker.enforce(self._in_force(self._law, catalogues, doubts))
        self._doubt(doubts)
        self.refreshed.set()
        _log.info("the catalogue changed")

    def _doubt(self, doubts: Mapping[str, Doubt]) -> None:
        self._doubts = doubts
        self._metrics.policy_fits(fits=not doubts)
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
                self._metrics,
                self._refresh_catalogues,
                self.permits,
            )
            for name, catalogue in catalogues.items()
        }
        return InForce(partial(identify, law.principals), plans)


def address_unusable(listen: Listen) -> ConfigurationError:
    """What to say when nobody can listen there."""
    return ConfigurationError(
        f"[listen] {listen.host}:{listen.port} cannot be listened on: "
        "choose another address or stop the other process"
    )


def _seconds(milliseconds: int) -> float | None:
    """None for 0, which stands for never."""
    return milliseconds / 1000 if milliseconds else None


def _doubts(
    law: Law, known: Mapping[str, Landmarks], now: Mapping[str, Catalogue]
) -> dict[str, Doubt]:
    """The databases that the policy does not fit any more, and how far."""
    found = {name: doubt_after(law, known[name], catalogue) for name, catalogue in now.items()}
    return {name: doubt for name, doubt in found.items() if doubt is not Doubt.NONE}
