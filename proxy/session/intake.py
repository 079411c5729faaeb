"""The client's messages, strictly in order: judge, record, send. Each admitted message becomes
exactly one message to the server, as it came or with the text that the plan puts in its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from proxy.errors import ProtocolViolation
from proxy.policy.decision import Decision
from proxy.session import refusals
from proxy.session.commands import Command, End, ToServer
from proxy.session.copying import ROWS
from proxy.session.judge import Judge, Judged
from proxy.session.limits import DIVISIBLE
from proxy.session.mirror import Mirror
from proxy.session.names import Change, Portal, Statement
from proxy.session.operation import Kind, Operation, query_operation
from proxy.session.passing import UNJUDGED
from proxy.session.plan import Plan, Timing
from proxy.session.refusals import Poison
from proxy.session.resolve import Pending, define, resolve, resolve_again, resolve_portal
from proxy.session.sending import Sending
from proxy.wire.postgres import frontend
from proxy.wire.postgres.framer import Frame, Framer
from proxy.wire.postgres.frontend import Parse, Target

# More than the server can keep in its output buffer unsent, so answers are sure to come.
_IN_FLIGHT_MAX: Final = 10_000


class Intake(Sending):
    """Feed the client's bytes; commands come out.

    It stands still while it waits for a plan, for a record or for an answer of the server, and
    takes the message it stopped at again when that has come.
    """

    def __init__(
        self, mirror: Mirror, judge: Judge, poison: Poison, tags: Mapping[int, int]
    ) -> None:
        super().__init__(mirror, judge, poison)
        self._framer = Framer(tags, DIVISIBLE)
        self._stopped_at: Frame | None = None
        self._awaited: Operation | Change[Statement] | Change[Portal] | None = None
        # The client has said its last word, or something that is none.
        self._ending = False
        self._violation: ProtocolViolation | None = None
        self._over = False
        self._take_message: dict[int, Callable[[bytes], bool]] = {
            frontend.QUERY: self._query,
            frontend.PARSE: self._parse,
            frontend.BIND: self._bind,
            frontend.DESCRIBE: self._describe,
            frontend.EXECUTE: self._execute,
            frontend.CLOSE: self._close,
            frontend.SYNC: self._sync,
            frontend.FLUSH: self._flush,
            frontend.FUNCTION_CALL: self._function_call,
        }

    @property
    def waiting(self) -> bool:
        """It stands still."""
        return (
            self._over
            or self._judge.waiting
            or self._purse.waiting
            or self._outbox.full
            or (self._ending and not self._outbox.empty)
            or self._rows.undecided
            or (self._awaited is not None and not self._awaited.answered)
            or self._mirror.in_flight_count >= _IN_FLIGHT_MAX
        )

    @property
    def sent_number(self) -> int:
        """The last record of anything that went to the server."""
        return self._outbox.sent_number

    @property
    def buffered_bytes(self) -> int:
        """Bytes of the client that wait to be taken."""
        return self._framer.buffered_bytes

    def feed(self, data: bytes) -> None:
        """The client sent `data`."""
        self._framer.feed(data)

    def durable(self, number: int) -> None:
        """Every record up to `number` is durable."""
        self._outbox.durable(number)

    def advance(self) -> list[Command]:
        """Take messages until there is none or one that must wait. Raises `ProtocolViolation`."""
        self._end_cut()
        if self._mirror.scene.unread and not self.waiting:
            self._commands.append(self._judge.read_anew())
        try:
            if self._violation is not None and self._outbox.empty:
                raise self._violation
            while not self.waiting:
                frame = self._stopped_at or self._framer.take()
                if frame is None:
                    break
                self._stopped_at = None if self._taken(frame) else frame
                if self._stopped_at is None:
                    self._judge.taken()
                    self._purse.taken()
        except ProtocolViolation as violation:
            if self._outbox.empty:
                raise
            # What came before it is still to be sent.
            self._ending, self._violation = True, violation
        finally:
            if data := self._outbox.take():
                self._commands.append(ToServer(data))
        commands, self._commands = self._commands, []
        return commands

    def record(self, decision: Decision, text: bytes = b"") -> list[Command]:
        """Record a decision about the session itself, outside the order of messages."""
        self._record(decision, Timing.FIRST, text)
        commands, self._commands = self._commands, []
        return commands

    def _taken(self, frame: Frame) -> bool:
        """Whether `frame` is done with; False if it has to be taken again after a wait."""
        if frame.tag == frontend.TERMINATE:
            return self._terminate(frame.raw)
        if self._mirror.discarding and frame.tag != frontend.SYNC:
            return True
        if (capped := self._capping.awaited) is not None:
            if self._capping.needs_flush:
                self._outbox.put(frontend.FLUSH_MESSAGE)
            self._awaited = capped
            return False
        if self._rows.wanted:
            self._outbox.put(self._rows.passed(frame))
            return True
        if frame.tag in ROWS:
            return True
        return self._take_message[frame.tag](frame.raw)

    def _query(self, raw: bytes) -> bool:
        text = frontend.decode_query(raw)
        judged = self._judge_text(text)
        if judged is None:
            return False
        plan = self._found(resolve(judged.plan, self._mirror, self._judge))
        plan = plan and self._afforded(plan)
        if plan is None:
            return False
        operation = query_operation(self._mirror.segment, plan)
        if judged.upstream is None or plan.text is None:
            return self._refuse(plan.decision, text, operation, said=judged.plan)
        if plan.defines and self._mirror.full:
            return self._make_room_or_refuse(text, operation)
        if judged.upstream is not text:
            raw = frontend.encode_query(judged.upstream)
        if plan.defines:
            define(operation, self._judge.statement(text, judged), None, self._mirror.turn)
        operation.unit = self._record_plan(plan, text, judged.changed)
        return self._send_in_time(raw, operation)

    def _parse(self, raw: bytes) -> bool:
        parse = frontend.decode_parse(raw)
        judged = self._judge_text(parse.text)
        if judged is None:
            return False
        plan = judged.plan
        operation = Operation(Kind.PARSE, self._mirror.segment, plan, guarded=plan.guarded)
        if judged.upstream is None:
            return self._refuse(plan.decision, parse.text, operation, parse=parse, said=plan)
        if self._mirror.full:
            return self._make_room_or_refuse(parse.text, operation, parse=parse)
        if judged.upstream is not parse.text:
            raw = frontend.encode_parse(replace(parse, text=judged.upstream))
        statement = self._judge.statement(parse.text, judged)
        operation.statement = Change(self._mirror.segment, parse.name, statement)
        return self._send(raw, operation)

    def _bind(self, raw: bytes) -> bool:
        bind = frontend.decode_bind(raw)
        if self._must_await(self._mirror.statements.pending(bind.statement)):
            return False
        statement = self._judge.statement_of(bind.statement)
        operation = Operation(Kind.BIND, self._mirror.segment)
        if statement is None:
            return self._refuse(refusals.UNKNOWN_STATEMENT, b"", operation, bind.values)
        if self._mirror.full:
            return self._make_room_or_refuse(b"", operation, bind.values)
        if self._must_settle():
            return False
        plan = self._found(resolve_again(statement, self._mirror, self._judge))
        plan = plan and self._afforded(plan, bind.values)
        if plan is None:
            return False
        if plan.text is None:
            said = statement.plan
            return self._refuse(plan.decision, statement.raw, operation, bind.values, said=said)
        operation.plan, operation.guarded = plan, plan.guarded
        operation.unit = self._record_run(plan, statement, bind.values)
        turn = self._mirror.turn
        portal = Portal(statement, statement.plan, plan, bind.values, operation.unit, turn)
        operation.portal = Change(self._mirror.segment, bind.portal, portal)
        return self._send_in_time(raw, operation)

    def _execute(self, raw: bytes) -> bool:
        execute = frontend.decode_execute(raw)
        if self._must_await(self._mirror.portals.pending(execute.portal)):
            return False
        portal = self._judge.portal_of(execute.portal)
        operation = Operation(Kind.EXECUTE, self._mirror.segment)
        if portal is None:
            return self._refuse(refusals.UNKNOWN_PORTAL, b"", operation)
        if execute.portal and self._mirror.may_have_ended(portal):
            return self._found(self._mirror.head) is not None
        if portal.bare.late and self._must_settle():
            return False
        statement = portal.statement
        plan = self._found(resolve_portal(portal, self._mirror, self._judge))
        recorded = portal.unit is not None and plan == portal.plan
        if plan is not None and not recorded:
            plan = self._afforded(plan, portal.values)
        if plan is None:
            return False
        if plan.text is None:
            said = statement.plan
            return self._refuse(plan.decision, statement.raw, operation, portal.values, said=said)
        if plan.defines and self._mirror.full:
            return self._make_room_or_refuse(statement.raw, operation, portal.values)
        operation.plan, operation.guarded, operation.values = plan, plan.guarded, portal.values
        define(operation, statement, portal.values, self._mirror.turn)
        unit, portal.unit = portal.unit, None
        if unit is not None and not recorded:
            self._mirror.portals.unused.append(unit)
        operation.unit = unit if recorded else self._record_run(plan, statement, portal.values)
        return self._send_in_time(raw, operation, recorded=recorded)

    def _describe(self, raw: bytes) -> bool:
        described = frontend.decode_named(raw)
        of_portal = described.target is Target.PORTAL
        names = self._mirror.portals if of_portal else self._mirror.statements
        known = names.get(described.name)
        guarded = known is None or known.plan.guarded
        return self._send(raw, Operation(Kind.DESCRIBE, self._mirror.segment, guarded=guarded))

    def _close(self, raw: bytes) -> bool:
        closed = frontend.decode_named(raw)
        operation = Operation(Kind.CLOSE, self._mirror.segment)
        if closed.target is Target.PORTAL:
            operation.portal = Change(self._mirror.segment, closed.name, None)
        else:
            operation.statement = Change(self._mirror.segment, closed.name, None)
        return self._send(raw, operation)

    def _sync(self, raw: bytes) -> bool:
        frontend.require_empty(raw)
        self._mirror.discarding = False
        self._send(raw, Operation(Kind.SYNC, self._mirror.segment))
        return True

    def _flush(self, raw: bytes) -> bool:
        frontend.require_empty(raw)
        self._outbox.put(raw)
        return True

    def _terminate(self, raw: bytes) -> bool:
        frontend.require_empty(raw)
        self._ending = True
        if not self._outbox.empty:
            return False
        self._commands += (ToServer(self._outbox.take() + raw), End(None))
        self._over = True
        return True

    def _function_call(self, raw: bytes) -> bool:
        if self._mirror.unsealed:
            operation = Operation(Kind.FUNCTION_CALL, self._mirror.segment, UNJUDGED)
            operation.unit = self._record(UNJUDGED.decision, UNJUDGED.timing)
            return self._send_in_time(raw, operation)
        operation = query_operation(self._mirror.segment, None)
        return self._refuse(refusals.FUNCTION_CALL, b"", operation)

    def _judge_text(self, text: bytes) -> Judged | None:
        if self._must_settle():
            return None
        judged = self._judge.judge(text, ascii_only=self._settling.encoding_unknown)
        if judged is None:
            self._commands.append(self._judge.question())
        return judged

    def _found(self, plan: Plan | Pending | None) -> Plan | None:
        """The plan if there is one, else None: what it depends on is waited for."""
        if isinstance(plan, Operation):
            self._outbox.put(frontend.FLUSH_MESSAGE)
        if isinstance(plan, Change | Operation):
            self._awaited = plan
            return None
        if plan is None:
            self._commands.append(self._judge.question())
        elif self._settling.bars(plan, inside=self._mirror.scene.in_transaction):
            return Plan(refusals.SESSION_CHANGE, None)
        elif plan.text is not None and self._mirror.must_say_who(plan):
            return Plan(refusals.operator_required(plan.decision), None)
        return plan

    def _must_settle(self) -> bool:
        if self._settling.awaited is None:
            return False
        if self._settling.needs_flush:
            self._outbox.put(frontend.FLUSH_MESSAGE)
        self._awaited = self._settling.awaited
        return True

    def _make_room_or_refuse(
        self,
        text: bytes,
        operation: Operation,
        values: bytes | None = None,
        *,
        parse: Parse | None = None,
    ) -> bool:
        """What is under way may yet be replaced or fail; only what stays is too much."""
        if self._mirror.idle:
            return self._refuse(refusals.TOO_MUCH_HELD, text, operation, values, parse=parse)
        self._outbox.put(frontend.FLUSH_MESSAGE)
        self._awaited = self._mirror.head
        return False

    def _must_await(self, change: Change[Statement] | Change[Portal] | None) -> bool:
        """What a name means depends on an earlier segment: if that fails, on what was before."""
        if change is None or change.segment == self._mirror.segment:
            return False
        self._awaited = change
        return True
