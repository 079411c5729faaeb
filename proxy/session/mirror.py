"""What the server was sent and has not answered, and what its answers said about the session.

The rule: state changes on the server's completion messages and on nothing else. A message that
fails takes with it everything up to the next Sync, on the server and therefore here.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, assert_never

from proxy.errors import UpstreamUnavailable
from proxy.names import SearchPath
from proxy.policy.attribution import Attribution, Said
from proxy.policy.decision import StatementClass
from proxy.policy.law import Principal
from proxy.session.claims import Claims
from proxy.session.commands import Unit
from proxy.session.names import Names, Portal, Statement, effective_path
from proxy.session.operation import ENDS_SEGMENT, Copying, Kind, Operation
from proxy.session.passing import UNJUDGED
from proxy.session.plan import (
    DropPortal,
    DropPortals,
    DropStatement,
    Effect,
    Plan,
    ResetClaims,
    ResetSearchPath,
    Scene,
    SetSearchPath,
)
from proxy.session.portals import Portals
from proxy.session.temporaries import Temporaries
from proxy.statement.claims import Claim
from proxy.statement.commands import TransactionControl
from proxy.statement.temporary import DropTemporaries, MakeTemporary
from proxy.wire.postgres import backend
from proxy.wire.postgres.backend import TransactionStatus

_HELD_BYTES_MAX: Final = 8 * 1024 * 1024


class Mirror:
    """The server's side of the session. `user` is its current_user, `path` its search path, `said`
    what it said about who asks when it began.
    `unsealed`: nothing behind this proxy is sealed, whatever the session does is passed on."""

    def __init__(
        self,
        principal: Principal,
        user: str,
        path: SearchPath,
        codec: str,
        *,
        said: Said | None = None,
        unsealed: bool = False,
    ) -> None:
        self.unsealed = unsealed
        self.claims = Claims(said or Said())
        self.statements: Names[Statement] = Names()
        self.portals = Portals()
        self.temporaries = Temporaries()
        self.status = TransactionStatus.IDLE
        self.codec = codec
        self.segment = 0
        # How often something was sent that may end portals.
        self.turn = 0
        self.finished: list[Unit] = []
        # After an error the server skips to the next Sync, and that has not been sent yet.
        self.discarding = False
        self._principal = principal
        self._user = user
        self._first_path = self._kept_path = self._path = path
        self._operations: deque[Operation] = deque()
        self._guarded_count = 0
        self._unplain_count = 0
        self._turning_count = 0
        # The server runs what came since the last Sync in one transaction, of which it has not
        # told yet.
        self._unsynced = False
        self._lost = False
        # A BEGIN may have run in this segment; only ReadyForQuery tells.
        self._begun = False
        # Something was sent that may change the encoding, and its segment has not ended.
        self.may_turn = False
        self._guarded_transaction = False
        # Something was executed since the last ReadyForQuery.
        self._executed = False
        # The schema may have been changed in a transaction that has not ended yet.
        self.changing = False
        self._changes_count = self._unread = 0
        self._scenes: dict[bool, Scene] = {}

    def attribution(self, plan: Plan | None = None, values: bytes | None = None) -> Attribution:
        """Who asks for what `plan` does, with the parameters `values`."""
        said = self.claims.said(plan or UNJUDGED, values, self.codec)
        return self._principal.attribution.attribute(said)

    @property
    def principal(self) -> Principal:
        """Whose statements these are."""
        return self._principal

    def must_say_who(self, plan: Plan) -> bool:
        """It touches a protected relation, and the principal has to say who does."""
        required = self._principal.attribution.required and bool(plan.decision.relations)
        return required and self.attribution(plan).operator is None

    @property
    def idle(self) -> bool:
        """The server has answered everything."""
        return not self._operations

    @property
    def in_transaction(self) -> bool:
        """Something was begun that an end would undo, as far as the server has told or will."""
        return self.status is not TransactionStatus.IDLE or self._unsynced

    @property
    def in_flight_count(self) -> int:
        """How many messages the server has yet to answer."""
        return len(self._operations)

    @property
    def full(self) -> bool:
        """The names the session remembers take all the memory it may have."""
        return self.statements.held_bytes + self.portals.held_bytes > _HELD_BYTES_MAX

    def belong_to(self, principal: Principal) -> None:
        """A new policy sees somebody else behind the session."""
        self._principal = principal
        self._scenes = {}

    def may_have_ended(self, portal: Portal) -> bool:
        """Something was sent after it that ends portals, and the server has yet to answer."""
        return self._turning_count > 0 and portal.turn != self.turn

    @property
    def scene(self) -> Scene:
        """What the next text is judged in; equal scenes are the same object.

        While something that may begin a transaction is under way, the session counts as being
        inside one: there, statements that change the session are refused.
        """
        inside = self.status is not TransactionStatus.IDLE or self._unplain_count > 0 or self._begun
        scene, names = self._scenes.get(inside), self.temporaries.names
        if scene is None or scene.temporaries is not names:
            scene = Scene(self._principal, self._path, inside, self._unread, names)
            self._scenes[inside] = scene
        return scene

    @property
    def guarded(self) -> bool:
        """What the server says now may be about protected rows.

        A constraint can also fire when the transaction ends, long after the statement it is about.
        A Query ends what was executed before it without a Sync, unless that is in a block.
        """
        if self._guarded_count:
            return True
        if not self._guarded_transaction:
            return False
        head = self.head
        if head is None or not head.plain:
            return True
        in_block = self.status is not TransactionStatus.IDLE and not self._executed
        return head.kind is Kind.QUERY and not in_block

    @property
    def head(self) -> Operation | None:
        """What the server is answering."""
        return self._operations[0] if self._operations else None

    def has_text_behind_head(self) -> bool:
        """A text of the client was sent after the message that the server is answering. What stands
        for one that was refused is ASCII, and judged already."""
        texts = (Kind.QUERY, Kind.PARSE)
        behind = list(self._operations)[1:]
        return any(each.kind in texts and each.refusal is None for each in behind)

    def sent(self, operation: Operation) -> None:
        """A message went to the server."""
        self._operations.append(operation)
        if operation.ran is not None and operation.ran.copies_in:
            operation.copying = Copying.ASKED
        self.may_turn = self.may_turn or (operation.ran is not None and operation.ran.turns)
        if operation.guarded:
            self._guarded_count += 1
            self._guarded_transaction = True
        self._unsynced = operation.kind not in ENDS_SEGMENT
        if not self._unsynced:
            self.segment += 1
        if not operation.plain and operation.kind is not Kind.SYNC:
            self._unplain_count += 1
        if operation.turning:
            self._turning_count += 1
            self.turn += 1
        self.changing = self.changing or (operation.changes_schema and not self.unsealed)
        if operation.statement is not None:
            self.statements.announce(operation.statement)
        if operation.portal is not None:
            self.portals.announce(operation.portal)
        for opened in operation.opens:
            self.portals.announce(opened)
        for prepared in operation.prepares:
            self.statements.announce(prepared)

    def answer(self, tag: int) -> Operation:
        """The operation that a message of `tag` answers, which is over if that was its last.

        Raises `UpstreamUnavailable` when the server answers what it was not asked.
        """
        head = self.head
        last = None if head is None else head.ends_with(tag)
        if head is None or last is None:
            raise UpstreamUnavailable("the database answered out of step")
        if tag == backend.COPY_IN:
            head.copying = Copying.TAKING
        elif tag == backend.COMMAND_COMPLETE and head.copying is Copying.ENDED and head.several:
            head.copying = Copying.ASKED
        if tag == backend.COMMAND_COMPLETE and head.kind is Kind.EXECUTE:
            self._apply_effects(head)
        if last:
            self._finish(head)
        return head

    def ready(self, status: TransactionStatus) -> None:
        """A ReadyForQuery came."""
        head = self.head
        if head is not None and head.kind is Kind.QUERY and not head.failed:
            self._apply_effects(head)
        self.answer(backend.READY)
        self._executed = False
        self._kept_path = self._path
        self._lost = self._lost or self.status is TransactionStatus.FAILED
        self.status = status
        self._begun = False
        self.may_turn = any(op.ran is not None and op.ran.turns for op in self._operations)
        if status is TransactionStatus.IDLE:
            self.portals.end_transaction(committed=not self._lost)
            self.temporaries.end_transaction(committed=not self._lost)
            self.claims.end_transaction(committed=not self._lost)
            self._guarded_transaction = self._guarded_count > 0
            self._end_change()
        self._lost = False

    def catalogue_read(self, unread: int) -> None:
        """The catalogue has been read after the session's change of that number."""
        if unread == self._unread:
            self._unread, self._scenes = 0, {}

    def _end_change(self) -> None:
        """Whether it was undone or not: what is there now is for the catalogue to say."""
        if self.changing and not any(operation.changes_schema for operation in self._operations):
            self.changing = False
            self._changes_count += 1
            self._unread, self._scenes = self._changes_count, {}

    def fail(self, sqlstate: str) -> None:
        """An ErrorResponse came: drop what the server will skip."""
        self._move_path(self._kept_path)
        self._lost = True
        head = self.head
        if head is None:
            return
        if head.unit is not None:
            head.unit.error = sqlstate
        if head.kind in ENDS_SEGMENT:
            head.failed = True
            return
        error = sqlstate
        while self._operations and self._operations[0].kind is not Kind.SYNC:
            skipped = self._operations[0]
            skipped.failed = True
            if skipped.unit is not None and skipped.unit.error is None:
                skipped.unit.error = error
            error = "skipped"
            self._finish(skipped, done=False)
        self.discarding = not self._operations

    def take_finished(self) -> list[Unit]:
        """The units that are over since the last time."""
        for unit in self.portals.unused:
            unit.error = "skipped"
        units = [*self.finished, *_closed(self.portals.unused)]
        self.finished, self.portals.unused = [], []
        return units

    def cut(self) -> list[Unit]:
        """The session ends here: the units that were under way, which nothing will finish."""
        self.portals.drop_all()
        under_way = [op.unit for op in self._operations if op.refusal is None]
        units = [*self.finished, *_closed((*under_way, *self.portals.unused))]
        self.finished, self.portals.unused = [], []
        return units

    def _finish(self, operation: Operation, *, done: bool = True) -> None:
        self._operations.popleft()
        operation.answered = True
        ran = operation.ran
        if ran is not None and ran.decision.statement_class is StatementClass.TRANSACTION:
            self._begun = operation.kind is Kind.EXECUTE
        self._executed = self._executed or operation.kind is Kind.EXECUTE
        if operation.guarded:
            self._guarded_count -= 1
        if not operation.plain and operation.kind is not Kind.SYNC:
            self._unplain_count -= 1
        if operation.turning:
            self._turning_count -= 1
        if operation.statement is not None:
            self.statements.settle(operation.statement, done=done)
        if operation.portal is not None:
            self.portals.settle(operation.portal, done=done)
        self._define(operation, done=done and not operation.failed)
        self._settle_unit(operation)

    def _define(self, operation: Operation, *, done: bool) -> None:
        """Of a text of several statements that failed nobody knows how far it came: a COMMIT in
        it may have kept what was before. What may be there and may not is not known here."""
        for opened in operation.opens:
            self.portals.settle(opened, done=done)
        for prepared in operation.prepares:
            self.statements.settle(prepared, done=done)
        plan = operation.plan
        if plan is not None and not done and (operation.opens or plan.effects):
            several = plan.decision.statement_class is StatementClass.MULTIPLE
            if several and operation.kind is Kind.QUERY:
                self.portals.end_transaction(committed=False)
                self.temporaries.failed(plan.effects)
                self.claims.failed(plan.effects)

    def _settle_unit(self, operation: Operation) -> None:
        """A bound statement is over when it was executed, or never will be."""
        unit = operation.unit
        if unit is None or unit.closed or operation.refusal is not None:
            return
        if operation.kind is not Kind.BIND or operation.failed:
            unit.closed = True
            self.finished.append(unit)

    def _apply_effects(self, operation: Operation) -> None:
        if operation.plan is not None:
            for effect in operation.plan.effects:
                self._apply(effect, operation.values)

    def _apply(self, effect: Effect, values: bytes | None) -> None:
        match effect:
            case SetSearchPath(schemas=schemas):
                self._move_path(effective_path(schemas, self._user))
            case ResetSearchPath():
                self._move_path(self._first_path)
            case DropStatement(name=None):
                self.statements.drop_all()
            case DropStatement(name=name):
                assert name is not None
                self.statements.drop(name.encode(self.codec, "replace"))
            case DropPortals():
                self.portals.drop_all()
            case DropPortal(name=name):
                self.portals.drop(name.encode(self.codec, "replace"))
            case TransactionControl():
                failed = self.status is TransactionStatus.FAILED
                self.portals.follow(effect, failed=failed)
                self.temporaries.follow(effect, failed=failed)
                self.claims.follow(effect, failed=failed)
            case Claim() | ResetClaims():
                self.claims.apply(effect, values, self.codec)
            case MakeTemporary():
                self.temporaries.make(effect)
            case DropTemporaries():
                self.temporaries.drop(effect)
            case _:
                assert_never(effect)

    def _move_path(self, path: SearchPath) -> None:
        if path != self._path:
            self._path = path
            self._scenes = {}


def _closed(units: Iterable[Unit | None]) -> Iterator[Unit]:
    """Those that were open."""
    for unit in units:
        if unit is not None and not unit.closed:
            unit.closed = True
            yield unit
