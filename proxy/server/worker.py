"""Accepts connections and takes each from its first byte to its last."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from proxy.errors import FengcunError, RecordUnavailable, ShuttingDown, UpstreamUnavailable
from proxy.policy.decision import Decision
from proxy.policy.law import Principal
from proxy.record.recorder import Recorder
from proxy.record.scribe import Basis, Identity, Scribe
from proxy.server.door import Door, Visit
from proxy.server.encryption import ClientTls
from proxy.server.entrance import (
    EncryptionRequired,
    PolicyChanged,
    TookTooLong,
    UnknownDatabase,
    codec_asked_for,
    prove,
    proven_login,
    said_by,
    stranger,
)
from proxy.server.greeting import ClientLeft, Greeted, Greeting
from proxy.server.neighbours import Neighbours
from proxy.server.patience import Patience, Watch
from proxy.server.peer import Peer
from proxy.server.plans import PlanSource
from proxy.server.proving import VerifierOf
from proxy.server.relay import Relay
from proxy.server.strangers import Strangers
from proxy.session.commands import Record, Unit
from proxy.session.limits import MessageLimits
from proxy.session.login import RelayedLogin
from proxy.session.opening import Opening
from proxy.session.plan import Timing
from proxy.session.refusals import NO_PRINCIPAL, PRINCIPAL_IS_FULL, encode_fatal
from proxy.session.session import Session
from proxy.telemetry.labels import ConnectionState, NotLetIn
from proxy.telemetry.metrics import Metrics
from proxy.upstream.cancel import CancelKeys
from proxy.upstream.connect import Upstream, connect
from proxy.wire.postgres.parameters import Admission, admit
from proxy.wire.postgres.scram import Proven
from proxy.wire.postgres.startup import CancelRequest, encode_startup, legible

_log = logging.getLogger(__name__)
_NONCE_BYTES: Final = 16

Identify = Callable[[str, str, str, str, str | None], Principal | None]
"""User, database, source address, application_name and the subject of the client's certificate, if
it showed one -> the principal, or None."""


_SEALED_SINCE: Final = PolicyChanged("the policy has changed: connect again")


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker takes on."""

    connections_max: int = 400
    handshakes_max: int = 64
    startup_seconds_max: float = 10.0
    messages: MessageLimits = field(default_factory=MessageLimits)
    patience: Patience = field(default_factory=Patience)


@dataclass(slots=True)
class InForce:
    """What statements are judged by; replaced as a whole, never changed in place."""

    identify: Identify
    plans: Mapping[str, PlanSource]

    @property
    def seals_nothing(self) -> bool:
        """Nothing behind this proxy is sealed."""
        return bool(self.plans) and all(plans.seals_nothing for plans in self.plans.values())


@dataclass(frozen=True, slots=True)
class Way:
    """How clients get in and where they are taken."""

    upstream: Upstream
    upstream_tls: ssl.SSLContext | None = None
    client_tls: ClientTls | None = None
    verifier_of: VerifierOf | None = None
    """Where the proxy checks passwords itself; None where the database does."""


@dataclass(frozen=True, slots=True)
class _Guest:
    """Who has a session here."""

    identity: Identity
    visit: Visit


class Worker:
    """All sessions of one event loop."""

    def __init__(
        self,
        way: Way,
        in_force: InForce,
        recorder: Recorder,
        limits: WorkerLimits | None = None,
        metrics: Metrics | None = None,
        neighbours: Neighbours | None = None,
    ) -> None:
        self._way = way
        self._in_force = in_force
        self._recorder = recorder
        self._limits = limits or WorkerLimits()
        self._metrics = metrics
        self._neighbours = neighbours or Neighbours()
        self._cancel_keys = CancelKeys()
        turns_max = self._neighbours.share(self._limits.handshakes_max)
        self._door = Door(self._neighbours.places, self._limits.connections_max, turns_max)
        self._strangers = Strangers(recorder, metrics)
        self._watch = Watch(self._limits.patience)
        self._watching: asyncio.Task[None] | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self._relays: dict[Relay, _Guest] = {}
        self._server: asyncio.Server | None = None
        self._failed = False

    @property
    def connections_count(self) -> int:
        """Connections of any sort."""
        return len(self._connections)

    async def listen(self, host: str, port: int) -> int:
        """Accept clients; the port that was taken, where 0 means any. Raises `OSError`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: Peer(self._accept), host, port, reuse_port=self._neighbours.count > 1
        )
        self._watching = loop.create_task(self._watch.keep_looking(lambda: self._relays))
        return int(self._server.sockets[0].getsockname()[1])

    def enforce(self, in_force: InForce) -> None:
        """From its next message on, every session is judged by this."""
        self._in_force = in_force
        for relay, guest in list(self._relays.items()):
            principal = _identified(in_force, guest.identity)
            plans = in_force.plans[guest.identity.database]
            if principal is None:
                relay.reject(NO_PRINCIPAL)
            elif relay.unsealed and not plans.seals_nothing:
                relay.fail(_SEALED_SINCE)
            else:
                # Who is in stays in, however many they are now.
                guest.visit.belong_to(principal)
                relay.use(plans, principal)

    def lead(self, way: Way) -> None:
        """Who comes from now on gets in this way."""
        self._way = way

    async def cancel(self, key: bytes) -> None:
        """Cancel what the session of this key is doing, if it is one of ours."""
        await self._cancel_keys.cancel(key)

    def ledger_failed(self) -> None:
        """Release nothing any more, on any session."""
        self._failed = True
        self._stop_accepting()
        for relay in list(self._relays):
            relay.fail(RecordUnavailable("the audit ledger cannot record: try later"))

    async def close(self, grace_seconds: float) -> None:
        """Stop accepting; let what is under way finish, for so long; end what is left."""
        self._stop_accepting()
        for relay in list(self._relays):
            relay.drain()
        if self._connections:
            await asyncio.wait(self._connections, timeout=grace_seconds)
        for relay in list(self._relays):
            relay.fail(ShuttingDown("the proxy is shutting down: connect again"))
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)
        if self._watching is not None:
            self._watching.cancel()
        self._strangers.close()

    def _stop_accepting(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _accept(self, peer: Peer) -> None:
        visit = None if self._failed else self._door.arrive(peer.address)
        if visit is None:
            if not self._failed:
                self._strangers.turned_away(NotLetIn.CROWDED, peer.address)
            peer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(peer, Greeting(peer), visit))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, peer: Peer, greeting: Greeting, visit: Visit) -> None:
        self._move(None, ConnectionState.STARTING)
        state = ConnectionState.STARTING
        relay: Relay | None = None
        try:
            async with asyncio.timeout(self._limits.startup_seconds_max):
                relay = await self._open(peer, greeting, visit)
            del greeting  # as long as the session lasts this is all that would hold it
            if relay is not None:
                self._move(state, ConnectionState.SERVED)
                state = ConnectionState.SERVED
                await relay.closed
        except TimeoutError:
            self._turn_away(peer, TookTooLong("the client took too long to log in"), visit)
        except FengcunError as error:
            self._turn_away(peer, error, visit)
        finally:
            self._move(state, None)
            visit.leave()
            if relay is not None:
                self._relays.pop(relay, None)
            peer.close()

    def _turn_away(self, peer: Peer, error: FengcunError, visit: Visit) -> None:
        self._strangers.failed(error, visit.source, visit.user)
        if not isinstance(error, ClientLeft):
            peer.write(encode_fatal(error, visit.codec))

    async def _open(self, peer: Peer, greeting: Greeting, visit: Visit) -> Relay | None:
        """Everything up to the first ReadyForQuery; None where no session comes of it."""
        way = self._way
        greeted = await greeting.finish(way.client_tls)
        if isinstance(greeted.packet, CancelRequest):
            await self._cancel_keys.cancel(greeted.packet.key, self._neighbours.pass_cancel)
            return None
        if greeted.secured is None and way.client_tls is not None and way.client_tls.required:
            raise EncryptionRequired(
                "connections here are encrypted: set sslmode=verify-full or require"
            )
        unsealed = self._in_force.seals_nothing
        admission = admit(greeted.packet, unsealed=unsealed)
        visit.user = legible(admission.user)
        visit.codec = codec_asked_for(admission.client_encoding)
        if admission.database not in self._in_force.plans:
            raise UnknownDatabase("this proxy does not serve that database")
        async with visit.turn():
            visit.enter()
            return await self._enter(peer, admission, greeted, visit, unsealed=unsealed)

    async def _enter(
        self,
        peer: Peer,
        admission: Admission,
        greeted: Greeted,
        visit: Visit,
        *,
        unsealed: bool,
    ) -> Relay | None:
        way, rest = self._way, greeted.rest
        proven: Proven | None = None
        if way.verifier_of is not None:
            proof = await prove(peer, admission.user, greeted, way.verifier_of)
            proven, rest = proof.proven, proof.rest
        transport, server = await connect(way.upstream, way.upstream_tls, Peer)
        try:
            login = RelayedLogin() if proven is None else proven_login(proven, transport)
            secret = self._cancel_keys.fresh_secret()
            opening = Opening(secret, login, visit.codec, unsealed=unsealed)
            relay = Relay(peer, server, opening, self._metrics)
            if peer.lost or server.lost:
                raise UpstreamUnavailable("the database closed the connection")
            server.write(encode_startup(admission.message))
            if rest:
                peer.on_data(rest)
            if not await relay.opened:
                self._not_opened(opening, visit)
                return relay
            identity = stranger(admission, visit.source, greeted.secured)
            await self._begin(relay, opening, identity, visit)
        except BaseException:
            server.close()
            raise
        return relay

    def _not_opened(self, opening: Opening, visit: Visit) -> None:
        """The client has been told already, by the opening or the database."""
        if opening.failure is not None:
            self._strangers.failed(opening.failure, visit.source, visit.user)
        elif opening.refusal is not None:
            self._strangers.refused(opening.refusal, visit.source, visit.user)
        else:
            self._strangers.turned_away(NotLetIn.LEFT, visit.source, visit.user)

    async def _begin(
        self, relay: Relay, opening: Opening, identity: Identity, visit: Visit
    ) -> None:
        in_force = self._in_force
        principal = _identified(in_force, identity)
        plans = in_force.plans[identity.database]
        if principal is None:
            self._strangers.turned_away(NotLetIn.PRINCIPAL, visit.source)
            await self._reject(relay, NO_PRINCIPAL, identity, plans.basis)
            return
        if opening.unsealed and not plans.seals_nothing:
            raise _SEALED_SINCE
        identity = replace(identity, principal=principal.name)
        if not visit.join(principal):
            self._strangers.turned_away(NotLetIn.PRINCIPAL_PLACES, visit.source)
            await self._reject(relay, PRINCIPAL_IS_FULL, identity, plans.basis)
            return
        opened = replace(opening.opened(principal), said=said_by(identity))
        nonce = secrets.token_hex(_NONCE_BYTES).encode("ascii")
        session = Session(opened, plans, nonce, self._limits.messages)
        scribe = Scribe(self._recorder, identity, relay.durable, lambda: _unrecordable(relay))
        if opening.server_key is not None:
            key, way = opening.issued_key, self._way
            self._cancel_keys.issue(key, way.upstream, way.upstream_tls, opening.server_key)
            relay.closed.add_done_callback(lambda _: self._cancel_keys.withdraw(key))
        self._relays[relay] = _Guest(identity, visit)
        relay.closed.add_done_callback(lambda _: self._relays.pop(relay, None))
        relay.begin(session, scribe, plans, opened.early, self._neighbours.budget)

    async def _reject(
        self, relay: Relay, decision: Decision, identity: Identity, basis: Basis
    ) -> None:
        """Somebody the database knows: they are told once it is written."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(_: int = 0) -> None:
            if not durable.done():
                durable.set_result(None)

        scribe = Scribe(self._recorder, identity, done, done)
        scribe.decision(Record(Unit(1), decision, Timing.FIRST, b"", "utf-8"), basis)
        await durable
        relay.reject(decision)

    def _move(self, before: ConnectionState | None, after: ConnectionState | None) -> None:
        if self._metrics is not None:
            self._metrics.connection_moved(before, after)


def _identified(in_force: InForce, identity: Identity) -> Principal | None:
    return in_force.identify(
        identity.user,
        identity.database,
        identity.source,
        identity.application_name,
        identity.certificate,
    )


def _unrecordable(relay: Relay) -> None:
    _log.error("the ledger did not take an entry; the session ends")
    relay.fail(FengcunError("internal error: the statement could not be recorded"))
