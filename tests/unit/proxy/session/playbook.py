"""A session without a network: what came in, what must go out."""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from proxy.names import PrincipalName, RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.policy.law import Match, Principal, PrincipalKind
from proxy.policy.permit import Permit
from proxy.session.commands import Command, End, Record, Report, ToClient, ToServer
from proxy.session.limits import MessageLimits
from proxy.session.names import Portal, Statement
from proxy.session.plan import Plan, Scene, Timing
from proxy.session.session import Opened, Session
from proxy.wire.postgres import frontend
from proxy.wire.postgres.backend import encode_fields, encode_message
from proxy.wire.postgres.frontend import Parse

NONCE = b"0123456789abcdef0123456789abcdef"
PRINCIPAL = Principal(PrincipalName("tester"), PrincipalKind.UNIT, (Match(user="app"),))
OPENED = Opened(PRINCIPAL, "app", ("pg_catalog", "public"), "utf-8")
UNSEALED = replace(OPENED, unsealed=True)
POISON = b'"fengcun_refused_' + NONCE + b'"'

SYNC, FLUSH = frontend.SYNC_MESSAGE, frontend.FLUSH_MESSAGE


def decision(
    verdict: Verdict = Verdict.PASS, kind: StatementClass = StatementClass.SELECT
) -> Decision:
    return Decision(verdict, RuleName("rule"), None, "the reason", kind)


COPY = Plan(
    decision(kind=StatementClass.COPY), "COPY", timing=Timing.FIRST, late=True, copies_in=True
)
REFUSAL = Plan(decision(Verdict.REFUSE), None)


@dataclass
class Plans:
    """Passes what it does not know; what is `slow` has to be asked for."""

    known: dict[str, Plan] = field(default_factory=dict)
    slow: set[str] = field(default_factory=set)
    generation: int = 1
    misread: frozenset[str] = frozenset()
    scenes: list[Scene] = field(default_factory=list)
    granted: tuple[Permit, ...] = ()
    used_up: frozenset[Permit] = frozenset()

    def plan(self, text: str) -> Plan:
        return self.known.get(text) or Plan(decision(), text)

    def permits(self, principal: PrincipalName) -> tuple[Permit, ...]:
        return tuple(each for each in self.granted if each.principal == principal)

    def use_up(self, principal: PrincipalName, numbers: Collection[str]) -> None:
        self.used_up |= {each for each in self.permits(principal) if each.number in numbers}

    def lookup(self, text: str, scene: Scene) -> Plan | None:
        self.scenes.append(scene)
        return None if text in self.slow else self.plan(text)


def query(text: str) -> bytes:
    return frontend.encode_query(text.encode())


def parse(text: str, name: bytes = b"") -> bytes:
    return frontend.encode_parse(Parse(name, text.encode(), b"\0\0"))


def bind(statement: bytes = b"", portal: bytes = b"") -> bytes:
    return encode_message(ord("B"), portal + b"\0" + statement + b"\0" + b"\0" * 6)


def execute(portal: bytes = b"", rows_max: int = 0) -> bytes:
    return encode_message(ord("E"), portal + b"\0" + struct.pack(">i", rows_max))


def close(kind: bytes, name: bytes) -> bytes:
    return encode_message(ord("C"), kind + name + b"\0")


def copy_data(body: bytes) -> bytes:
    return encode_message(frontend.COPY_DATA, body)


def describe(kind: bytes, name: bytes = b"") -> bytes:
    return encode_message(ord("D"), kind + name + b"\0")


def answer(tag: str, body: bytes = b"") -> bytes:
    return encode_message(ord(tag), body)


PARSED, BOUND, CLOSED = answer("1"), answer("2"), answer("3")
COPY_DONE, COPY_FAIL = answer("c"), answer("f", b"no more\0")
TAKING, COPIED = answer("G", b"\0\0\0"), answer("C", b"COPY 1\0")
ROW = answer("D", b"\0\1\0\0\0\1x")
DONE = answer("C", b"SELECT 1\0")
READY, IN_TRANSACTION, FAILED = answer("Z", b"I"), answer("Z", b"T"), answer("Z", b"E")
SYNTAX_ERROR = encode_fields(
    {"S": b"ERROR", "V": b"ERROR", "C": b"42601", "M": b"syntax error at " + POISON}
)


def error(sqlstate: bytes = b"22012", message: bytes = b"secret") -> bytes:
    return encode_fields({"S": b"ERROR", "C": sqlstate, "M": message, "D": b"secret detail"})


def refusal(sqlstate: bytes = b"42501") -> bytes:
    return encode_fields(
        {"S": b"ERROR", "V": b"ERROR", "C": sqlstate, "M": b"the reason", "H": b"rule rule"}
    )


def portal(*, held: bool = False) -> Portal:
    """A cursor that somebody has opened."""
    plan = Plan(decision(), "t")
    statement = Statement(b"t", "t", "t", plan, Scene(PRINCIPAL, ()), 1)
    return Portal(statement, plan, plan, None, cursor=True, held=held)


class Play:
    """A session and the commands of its last event, sorted by what they are for."""

    def __init__(self, plans: Plans | None = None, opened: Opened = OPENED) -> None:
        self.plans = plans or Plans()
        self.session = Session(opened, self.plans, NONCE, MessageLimits())
        self.commands: list[Command] = []
        self.last_number = 0

    def client(self, *messages: bytes) -> Play:
        return self._after(self.session.from_client(b"".join(messages)))

    def server(self, *messages: bytes) -> Play:
        return self._after(self.session.from_server(b"".join(messages)))

    def durable(self, number: int | None = None) -> Play:
        return self._after(self.session.durable(self.last_number if number is None else number))

    def planned(self, plan: Plan) -> Play:
        return self._after(self.session.planned(plan))

    def _after(self, commands: list[Command]) -> Play:
        self.commands = commands
        for record in self.records:
            self.last_number = record.unit.number
        return self

    @property
    def kinds(self) -> list[type[Command]]:
        return [type(command) for command in self.commands]

    @property
    def records(self) -> list[Record]:
        return [command for command in self.commands if isinstance(command, Record)]

    @property
    def reports(self) -> list[Report]:
        return [command for command in self.commands if isinstance(command, Report)]

    @property
    def upstream(self) -> bytes:
        return b"".join(c.data for c in self.commands if isinstance(c, ToServer))

    @property
    def released(self) -> bytes:
        return b"".join(c.data for c in self.commands if isinstance(c, ToClient))

    @property
    def ended(self) -> End | None:
        return next((c for c in self.commands if isinstance(c, End)), None)
