"""What becomes of a message that was judged: recorded, sent in its turn, kept to what it may give.
What is refused goes out as a poison that the server rejects."""

from __future__ import annotations

from proxy.policy.decision import Decision
from proxy.session.capping import Capping
from proxy.session.commands import Command, Record, Reserve, Unit
from proxy.session.copying import Rows
from proxy.session.judge import Judge
from proxy.session.mirror import Mirror
from proxy.session.names import Statement
from proxy.session.operation import Kind, Operation
from proxy.session.outbox import Outbox
from proxy.session.plan import Grant, Plan, Timing
from proxy.session.purse import Purse, WhoAsks
from proxy.session.refusals import Poison
from proxy.session.settling import Settling
from proxy.wire.postgres import frontend
from proxy.wire.postgres.frontend import Parse


class Sending:
    """The part of `proxy.session.intake.Intake` that lies behind the judgement."""

    def __init__(self, mirror: Mirror, judge: Judge, poison: Poison) -> None:
        self._mirror = mirror
        self._judge = judge
        self._poison = poison
        self._outbox = Outbox()
        self._settling = Settling()
        self._rows = Rows()
        self._purse = Purse()
        self._capping = Capping()
        self._recorded_number = 0
        self._commands: list[Command] = []

    def reserved(self, grant: Grant | None) -> None:
        """The budget's answer."""
        self._purse.reserved(grant)
        if grant is not None and grant.used_up:
            self._judge.use_up(grant.used_up)

    def _afforded(self, plan: Plan, values: bytes | None = None) -> Plan | None:
        """The plan with what it may give, or a refusal; None: the budget is asked first."""
        if plan.asked is None and not plan.decision.permits:
            return plan
        who = self._mirror.attribution(plan, values)
        asking = WhoAsks(
            self._mirror.principal, who, self._mirror.codec, self._judge.batch_permits(who)
        )
        afforded = self._purse.afford(plan, values, asking)
        if afforded is not None:
            afforded = self._purse.use(afforded, self._judge.counted(afforded), who)
        if afforded is None:
            assert self._purse.need is not None
            self._commands.append(Reserve(self._purse.need))
        return afforded

    def _end_cut(self) -> None:
        """An answer was cut off, and the server is done with it: its transaction has to fail, as
        the client has heard."""
        operation = self._capping.take_cut()
        if operation is None or operation.cut is None:
            return
        of_query = operation.kind is Kind.QUERY
        kind = Kind.QUERY if of_query else Kind.PARSE
        poisoned = Operation(kind, self._mirror.segment, refusal=operation.cut)
        self._send(self._poison.message(query=of_query), poisoned)
        self._mirror.discarding = not of_query
        if not of_query:
            self._outbox.put(frontend.FLUSH_MESSAGE)

    def _refuse(
        self,
        decision: Decision,
        text: bytes,
        operation: Operation,
        values: bytes | None = None,
        *,
        parse: Parse | None = None,
        said: Plan | None = None,
    ) -> bool:
        """Send the poison in place of a message, and nothing more before the next Sync."""
        operation.refusal = decision
        operation.unit = self._record(decision, Timing.WITH, text, None, values, said=said)
        of_query = operation.kind is Kind.QUERY
        operation.kind = Kind.QUERY if of_query else Kind.PARSE
        self._send(self._poison.message(parse, query=of_query), operation)
        self._mirror.discarding = operation.kind is not Kind.QUERY
        if self._mirror.discarding:
            self._outbox.put(frontend.FLUSH_MESSAGE)
        return True

    def _record_run(self, plan: Plan, statement: Statement, values: bytes | None) -> Unit:
        sent = statement.sent if statement.sent != statement.text else None
        return self._record_plan(plan, statement.raw, sent, values)

    def _record_plan(
        self, plan: Plan, text: bytes, sent: str | None, values: bytes | None = None
    ) -> Unit:
        return self._record(plan.decision, plan.timing, text, sent, values, said=plan)

    def _record(
        self,
        decision: Decision,
        timing: Timing,
        text: bytes = b"",
        sent: str | None = None,
        values: bytes | None = None,
        *,
        said: Plan | None = None,
    ) -> Unit:
        self._recorded_number += 1
        grant = None if said is None else said.grant
        unit, codec = Unit(self._recorded_number, grant=grant), self._mirror.codec
        who = self._mirror.attribution(said, values)
        self._commands.append(Record(unit, decision, timing, text, codec, sent, values, who))
        return unit

    def _send_in_time(self, raw: bytes, operation: Operation, *, recorded: bool = False) -> bool:
        """Send now, or when the record is durable if the plan says so and it is not (`recorded`:
        the Bind before has waited for it)."""
        plan = operation.plan
        assert plan is not None
        return self._send(raw, operation, first=plan.timing is Timing.FIRST and not recorded)

    def _send(self, raw: bytes, operation: Operation, *, first: bool = False) -> bool:
        number = 0 if operation.unit is None else operation.unit.number
        self._outbox.put(raw, needed=number if first else 0, number=number)
        self._mirror.sent(operation)
        self._settling.sent(operation)
        self._capping.sent(operation)
        self._rows.sent(operation)
        return True
