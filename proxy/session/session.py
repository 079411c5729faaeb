"""An open session: events in, commands out. No sockets, no clock, no ledger.

    client bytes ▸ Intake ▸ Record, ToServer          server bytes ▸ Outflow ▸ Gate ▸ ToClient

`Mirror` follows what the server knows; both sides read it and only the server's answers move it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from proxy.errors import FengcunError, ProtocolViolation, UpstreamUnavailable
from proxy.names import RuleName, SearchPath
from proxy.policy.attribution import Said
from proxy.policy.decision import Decision
from proxy.policy.law import Principal
from proxy.session import refusals
from proxy.session.commands import Command, End, Unit
from proxy.session.gate import Gate
from proxy.session.intake import Intake
from proxy.session.judge import Judge, Plans
from proxy.session.limits import MessageLimits, client_tags
from proxy.session.mirror import Mirror
from proxy.session.outflow import Outflow
from proxy.session.plan import Grant, Plan
from proxy.session.refusals import Poison, encode_fatal, encode_refusal
from proxy.wire.postgres.backend import Severity

_BACKLOG_BYTES_MAX: Final = 256 * 1024
_HELD_BYTES_MAX: Final = 4 * 1024 * 1024


class Rest(Enum):
    """What a session does while its client says nothing."""

    BETWEEN = auto()
    IN_TRANSACTION = auto()


@dataclass(frozen=True, slots=True)
class Opened:
    """What opening a session brought to light; `user` is the server's current_user.

    `early` is what the client sent before it was told that the session is ready. `unsealed`: it
    was let in where nothing is sealed, and nothing about it was pinned. `said` is what it said
    about who asks.
    """

    principal: Principal
    user: str
    path: SearchPath
    codec: str
    early: bytes = b""
    said: Said | None = None
    unsealed: bool = False


class Session:
    """One client's session after the first ReadyForQuery. `nonce`: 32 random hex digits.

    After an `End` nothing more comes out, whatever goes in.
    """

    def __init__(self, opened: Opened, plans: Plans, nonce: bytes, limits: MessageLimits) -> None:
        poison = Poison(nonce)
        self._mirror = Mirror(
            opened.principal,
            opened.user,
            opened.path,
            opened.codec,
            said=opened.said,
            unsealed=opened.unsealed,
        )
        self._judge = Judge(self._mirror, plans)
        self._intake = Intake(self._mirror, self._judge, poison, client_tags(limits))
        self._gate = Gate()
        self._outflow = Outflow(self._mirror, self._gate, poison)
        self._server_gone = False
        self._over = False
        self._backlog_bytes_max = max(_BACKLOG_BYTES_MAX, 2 * limits.text_bytes_max)

    @property
    def idle(self) -> bool:
        """Nothing is under way: no answer outstanding, no message waiting, nothing held."""
        return (
            self._mirror.idle
            and self._gate.empty
            and not self._intake.waiting
            and not self._intake.buffered_bytes
        )

    @property
    def between_transactions(self) -> bool:
        """Idle, and nothing that is not committed would be lost by an end."""
        return self.idle and not self._mirror.in_transaction

    @property
    def rests(self) -> Rest | None:
        """What waits for the client and for nobody else; None while anything is under way. A
        message of which only a part has come is nothing yet."""
        if self._over or not self._mirror.idle or not self._gate.empty or self._intake.waiting:
            return None
        return Rest.IN_TRANSACTION if self._mirror.in_transaction else Rest.BETWEEN

    @property
    def wants_client_bytes(self) -> bool:
        """False while the client is ahead of what may be taken: stop reading from it."""
        return not self._intake.waiting or self._intake.buffered_bytes < self._backlog_bytes_max

    @property
    def wants_server_bytes(self) -> bool:
        """False while too much waits for the ledger: stop reading from the database."""
        return self._gate.held_bytes < _HELD_BYTES_MAX

    @property
    def holding(self) -> bool:
        """An answer waits for its record."""
        return not self._gate.empty

    @property
    def whole(self) -> bool:
        """What the client got ends where a message ends, so another message may follow."""
        return self._gate.whole

    @property
    def codec(self) -> str:
        """The codec of the session's client_encoding."""
        return self._mirror.codec

    def use(self, plans: Plans, principal: Principal) -> None:
        """From the next message on, judge by these, and as the statements of this principal."""
        self._judge.plans = plans
        self._mirror.belong_to(principal)

    def from_client(self, data: bytes) -> list[Command]:
        """The client sent `data`."""
        self._intake.feed(data)
        return self._advance()

    def from_server(self, data: bytes) -> list[Command]:
        """The database sent `data`."""
        if self._over:
            return []
        try:
            self._outflow.feed(data, self._intake.sent_number)
        except UpstreamUnavailable as error:
            return self._end(error)
        return [*self._gate.take(), *self._advance()]

    def planned(self, plan: Plan) -> list[Command]:
        """The plan asked for by `Analyse` is there."""
        self._judge.planned(plan)
        return self._advance()

    def reserved(self, grant: Grant | None) -> list[Command]:
        """What the budget has answered to `Reserve`; None: there is not as much left."""
        self._intake.reserved(grant)
        return self._advance()

    def durable(self, number: int) -> list[Command]:
        """Every record up to `number` is in the ledger for good."""
        if self._over:
            return []
        self._gate.open(number)
        self._intake.durable(number)
        released = list(self._gate.take())
        if self._server_gone and self._gate.empty:
            self._over = True
            return [*released, End(None)]
        return [*released, *self._advance()]

    def expire(self, decision: Decision) -> list[Command]:
        """The client has kept the session waiting for too long."""
        if self._over:
            return []
        self._over = True
        farewell = encode_refusal(decision, self.codec, Severity.FATAL) if self.whole else None
        return [*self._intake.record(decision), End(farewell)]

    def server_lost(self) -> list[Command]:
        """The database closed the connection: what it said last still has to reach the client."""
        self._server_gone = True
        if self._over or not self._gate.empty:
            return []
        self._over = True
        return [End(None)]

    def cut(self) -> list[Unit]:
        """The session ends, for whatever reason: the units whose answer was cut off, or that were
        never sent."""
        self._over = True
        return [*self._gate.cut(), *self._mirror.cut()]

    def _advance(self) -> list[Command]:
        if self._over or self._server_gone:
            return []
        try:
            commands = self._intake.advance()
        except ProtocolViolation as error:
            commands = self._intake.record(refusals.PROTOCOL_VIOLATION)
            return [*commands, *self._end(error, refusals.PROTOCOL_VIOLATION.rule)]
        self._over = any(type(command) is End for command in commands)
        return commands

    def _end(self, error: FengcunError, rule: RuleName | None = None) -> list[Command]:
        self._over = True
        return [End(encode_fatal(error, self.codec, rule) if self.whole else None)]
