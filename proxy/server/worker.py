"""Accepts connections and takes each from its first byte to its last."""

from __future__ import annotations

import asyncio
import logging
import secrets
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import ClassVar, Final

from proxy.errors import FengcunError, ProtocolViolation, RecordUnavailable, UpstreamUnavailable
from proxy.policy.law import Principal
from proxy.record import Basis, Identity, Recorder, Scribe
from proxy.server.encryption import ClientTls, Secured
from proxy.server.greeting import ClientLeft, Greeted, Greeting
from proxy.server.neighbours import Neighbours
from proxy.server.peer import Peer
from proxy.server.plans import PlanSource
from proxy.server.proving import Proof, Proving, VerifierOf, fresh_nonce
from proxy.server.relay import Relay
from proxy.session.commands import Record, Unit
from proxy.session.limits import MessageLimits
from proxy.session.login import ProvenLogin, RelayedLogin
from proxy.session.opening import Opening
from proxy.session.plan import Timing
from proxy.session.refusals import NO_PRINCIPAL
from proxy.session.session import Session
from proxy.telemetry.labels import ConnectionState
from proxy.telemetry.metrics import Metrics
from proxy.upstream.cancel import CancelKeys
from proxy.upstream.connect import Upstream, connect
from proxy.wire.postgres.backend import Severity, encode_error
from proxy.wire.postgres.channel_binding import end_point
from proxy.wire.postgres.parameters import Admission, ParameterRefused, admit
from proxy.wire.postgres.scram import NotBound, Proven, ScramClient, WrongProof
from proxy.wire.postgres.startup import CancelRequest, encode_startup

_log = logging.getLogger(__name__)
# Fourteen hex digits: the ledger takes no word with fifteen decimal digits in a row.
_SESSION_BYTES: Final = 7
_NONCE_BYTES: Final = 16

Identify = Callable[[str, str, str, str, str | None], Principal | None]
"""User, database, source address, application_name and the subject of the client's certificate, if
it showed one -> the principal, or None."""


class Rejected(FengcunError):
    """The client may not enter. The class attribute is the usual SQLSTATE."""

    sqlstate: ClassVar[str] = "28000"
    label = "rejected"


class TooManyConnections(FengcunError):
    """All places are taken."""

    sqlstate = "53300"
    label = "too-many-connections"


class UnknownDatabase(FengcunError):
    """The database is not one that this proxy serves."""

    sqlstate = "3D000"
    label = "unknown-database"


class PolicyChanged(FengcunError):
    """The session was let in under a policy that sealed nothing."""

    sqlstate = "57P01"
    label = "policy-changed"


_SEALED_SINCE: Final = PolicyChanged("the policy has changed: connect again")


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """What one worker takes on."""

    connections_max: int = 400
    handshakes_max: int = 64
    startup_seconds_max: float = 10.0
    messages: MessageLimits = field(default_factory=MessageLimits)


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
        self._places = self._neighbours.places
        self._cancel_keys = CancelKeys(self._neighbours.number, self._neighbours.pass_cancel)
        self._handshakes = asyncio.Semaphore(self._neighbours.share(self._limits.handshakes_max))
        self._connections: set[asyncio.Task[None]] = set()
        self._relays: dict[Relay, Identity] = {}
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
        return int(self._server.sockets[0].getsockname()[1])

    def enforce(self, in_force: InForce) -> None:
        """From its next message on, every session is judged by this."""
        self._in_force = in_force
        for relay, identity in list(self._relays.items()):
            principal = _identified(in_force, identity)
            plans = in_force.plans[identity.database]
            if principal is None:
                relay.reject(NO_PRINCIPAL)
            elif relay.unsealed and not plans.seals_nothing:
                relay.fail(_SEALED_SINCE.sqlstate, str(_SEALED_SINCE))
            else:
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
            relay.fail(RecordUnavailable.sqlstate, "the audit ledger cannot record: try later")

    async def close(self, grace_seconds: float) -> None:
        """Stop accepting; let what is under way finish, for so long; end what is left."""
        self._stop_accepting()
        for relay in list(self._relays):
            relay.drain()
        if self._connections:
            await asyncio.wait(self._connections, timeout=grace_seconds)
        for relay in list(self._relays):
            relay.fail("57P01", "the proxy is shutting down: connect again")
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(self._connections)

    def _stop_accepting(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _accept(self, peer: Peer) -> None:
        # Beyond the limit a client is told so, but not without limit either.
        if self._places.taken_count >= 2 * self._limits.connections_max or self._failed:
            peer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(peer, Greeting(peer)))
        self._connections.add(task)
        self._places.hold(len(self._connections))
        task.add_done_callback(self._left)

    def _left(self, task: asyncio.Task[None]) -> None:
        self._connections.discard(task)
        self._places.hold(len(self._connections))

    async def _serve(self, peer: Peer, greeting: Greeting) -> None:
        self._move(None, ConnectionState.STARTING)
        state = ConnectionState.STARTING
        relay: Relay | None = None
        try:
            async with asyncio.timeout(self._limits.startup_seconds_max):
                relay = await self._open(peer, greeting)
            del greeting  # as long as the session lasts this is all that would hold it
            if relay is not None:
                self._move(state, ConnectionState.SERVED)
                state = ConnectionState.SERVED
                await relay.closed
        except TimeoutError:
            _farewell(peer, Rejected("the client took too long to log in"))
        except ClientLeft:
            pass
        except FengcunError as error:
            self._count(error)
            _farewell(peer, error)
        finally:
            self._move(state, None)
            if relay is not None:
                self._relays.pop(relay, None)
            peer.close()

    async def _open(self, peer: Peer, greeting: Greeting) -> Relay | None:
        """Everything up to the first ReadyForQuery; None where no session comes of it."""
        way = self._way
        greeted = await greeting.finish(way.client_tls)
        if isinstance(greeted.packet, CancelRequest):
            await self._cancel_keys.cancel(greeted.packet.key)
            return None
        if greeted.secured is None and way.client_tls is not None and way.client_tls.required:
            raise Rejected("connections here are encrypted: set sslmode=verify-full or require")
        unsealed = self._in_force.seals_nothing
        admission = admit(greeted.packet, unsealed=unsealed)
        if self._places.taken_count > self._limits.connections_max:
            raise TooManyConnections("sorry, too many clients already: raise limits or try later")
        if admission.database not in self._in_force.plans:
            raise UnknownDatabase("this proxy does not serve that database")
        async with self._handshakes:
            return await self._enter(peer, admission, greeted, unsealed=unsealed)

    async def _enter(
        self, peer: Peer, admission: Admission, greeted: Greeted, *, unsealed: bool
    ) -> Relay | None:
        way, rest = self._way, greeted.rest
        proven: Proven | None = None
        if way.verifier_of is not None:
            proof = await _prove(peer, admission.user, greeted, way.verifier_of)
            proven, rest = proof.proven, proof.rest
        transport, server = await connect(way.upstream, way.upstream_tls, Peer)
        try:
            login = RelayedLogin() if proven is None else _proven(proven, transport)
            opening = Opening(self._cancel_keys.fresh(), login, unsealed=unsealed)
            relay = Relay(peer, server, opening, self._metrics)
            if peer.lost or server.lost:
                raise UpstreamUnavailable("the database closed the connection")
            server.write(encode_startup(admission.message))
            if rest:
                peer.on_data(rest)
            if not await relay.opened:
                return relay
            await self._begin(relay, opening, _stranger(admission, peer.address, greeted.secured))
        except BaseException:
            server.close()
            raise
        return relay

    async def _begin(self, relay: Relay, opening: Opening, identity: Identity) -> None:
        in_force = self._in_force
        principal = _identified(in_force, identity)
        plans = in_force.plans[identity.database]
        if principal is None:
            await self._record_stranger(identity, plans.basis)
            relay.reject(NO_PRINCIPAL)
            return
        if opening.unsealed and not plans.seals_nothing:
            raise _SEALED_SINCE
        identity = replace(identity, principal=principal.name)
        opened = opening.opened(principal)
        nonce = secrets.token_hex(_NONCE_BYTES).encode("ascii")
        session = Session(opened, plans, nonce, self._limits.messages)
        scribe = Scribe(self._recorder, identity, relay.durable, lambda: _unrecordable(relay))
        if opening.server_key is not None:
            key, way = opening.issued_key, self._way
            self._cancel_keys.issue(key, way.upstream, way.upstream_tls, opening.server_key)
            relay.closed.add_done_callback(lambda _: self._cancel_keys.withdraw(key))
        self._relays[relay] = identity
        relay.closed.add_done_callback(lambda _: self._relays.pop(relay, None))
        relay.begin(session, scribe, plans, opened.early)

    async def _record_stranger(self, identity: Identity, basis: Basis) -> None:
        """Somebody the database knows and the policy does not: they are told once it is written."""
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(_: int = 0) -> None:
            if not durable.done():
                durable.set_result(None)

        scribe = Scribe(self._recorder, identity, done, done)
        scribe.decision(Record(Unit(1), NO_PRINCIPAL, Timing.FIRST, b"", "utf-8"), basis)
        await durable

    def _move(self, before: ConnectionState | None, after: ConnectionState | None) -> None:
        if self._metrics is not None:
            self._metrics.connection_moved(before, after)

    def _count(self, error: FengcunError) -> None:
        if self._metrics is None:
            return
        if isinstance(error, ProtocolViolation | ParameterRefused):
            self._metrics.protocol_violated(error.label)
        elif isinstance(error, UpstreamUnavailable):
            self._metrics.upstream_failed(error.label)


async def _prove(peer: Peer, user: str, greeted: Greeted, verifier_of: VerifierOf) -> Proof:
    """The database never hears of a client that fails here, so its log cannot say so."""
    proving = Proving(peer, greeted.rest)
    binding = None if greeted.secured is None else greeted.secured.end_point
    try:
        return await proving.finish(await verifier_of(user), binding)
    except (WrongProof, NotBound):
        _log.warning("a client could not prove who it is", extra={"host": peer.address})
        raise


def _proven(proven: Proven, transport: asyncio.Transport) -> ProvenLogin:
    tls: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    binding = None if certificate is None else end_point(certificate)
    return ProvenLogin(ScramClient(proven, fresh_nonce(), binding), proven.server_final)


def _stranger(admission: Admission, source: str, secured: Secured | None) -> Identity:
    """Who a session is before the policy has said."""
    return Identity(
        session=secrets.token_hex(_SESSION_BYTES),
        principal=None,
        user=admission.user,
        database=admission.database,
        source=source,
        application_name=admission.application_name,
        certificate=None if secured is None else secured.subject,
    )


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
    relay.fail("XX000", "internal error: the statement could not be recorded")


def _farewell(peer: Peer, error: FengcunError) -> None:
    peer.write(encode_error(Severity.FATAL, error.sqlstate, str(error)))
