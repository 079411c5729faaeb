"""A desk on a real ledger in a directory, with a clock of its own. Everybody here is made up."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime

from proxy.desk.batch.desk import BatchDesk, BatchRooms
from proxy.desk.calendars import load_working_days
from proxy.desk.desk import Desk, Rooms
from proxy.desk.documents import CHINA
from proxy.desk.legal_bases import load_legal_bases
from proxy.desk.model import Application, Officer, Purpose, Role, Standing
from proxy.desk.rules import Terms
from proxy.desk.store import Store
from proxy.errors import UpstreamUnavailable
from proxy.names import PrincipalName
from proxy.policy.budget import Budget
from proxy.policy.law import Law, Principal, PrincipalKind
from proxy.policy.permit import Scope
from proxy.policy.uses import Uses
from proxy.record.history import REMEMBERED_FILE, PermitHistory
from proxy.record.line import connect_ledger
from proxy.record.permits import PermitRegister
from proxy.server.budgeting import Owner
from proxy.server.notary_process import start_notary
from proxy.telemetry.metrics import Metrics
from tests.unit.proxy.server.site import NOTARY_ARGUMENTS, make_ledger

AGENCY = "合成市公安局"
CLERK = Officer("clerk-li", frozenset({Role.CLERK}))
APPROVER = Officer("chief-wang", frozenset({Role.APPROVER}))
SECOND = Officer("chief-zhao", frozenset({Role.APPROVER}))
BOTH = Officer("both-sun", frozenset(Role))

# Numbers with right check digits that were never given out: there is no region 999999.
PERSON = "999999200001010011"
OTHER = "99999920000101002X"
HANDLER = "999999198001010011"
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=CHINA).timestamp()  # a Monday
DAY = 86_400

KINDS = {
    "court": PrincipalKind.JUDICIAL,
    "school": PrincipalKind.UNIT,
    "query-desk": PrincipalKind.COUNTER,
    "bgcheck": PrincipalKind.PLATFORM,
    "dba": PrincipalKind.ADMINISTRATOR,
}


def law_of(kinds=KINDS):
    principals = tuple(Principal(PrincipalName(n), kind, ()) for n, kind in kinds.items())
    return Law("a" * 64, {}, principals)


LAW = law_of()
BASES = load_legal_bases()
TERMS = Terms(AGENCY, 30, 100, 200, BASES)
WORKING_DAYS = load_working_days()

CASE = Application(
    agency=AGENCY,
    principal=PrincipalName("court"),
    standing=Standing.JUDICIAL,
    unit="合成区人民法院",
    letter="合法函〔2026〕1号",
    handler_name="合成经办人",
    handler_identity=HANDLER,
    subjects=(PERSON,),
    purpose=Purpose.CASE,
    basis="criminal-procedure-286",
    reason="办案需要",
    use="仅用于本案量刑",
    scope=Scope.FULL,
    valid_days=10,
    undertaking_sha256="ab" * 32,
    case="(2026)合0101刑初1号",
)
CHECK = replace(
    CASE,
    principal=PrincipalName("query-desk"),
    standing=Standing.UNIT,
    unit="合成律师协会",
    purpose=Purpose.STATUTORY_CHECK,
    basis="lawyers",
    scope=Scope.CONVICTION,
    case=None,
)
BATCH = replace(
    CHECK,
    principal=PrincipalName("school"),
    unit="合成小学",
    purpose=Purpose.CLOSE_CONTACT,
    basis="minors-protection-62",
    scope=Scope.BATCH,
    subjects=(PERSON, OTHER),
)


class ListGate:
    """Stands in for the look-up; the scenarios have the real one. Fails after so many people, and
    waits where it is told to."""

    def __init__(self, *convicted):
        self.convicted = set(convicted)
        self.asked = []
        self.fails_after = None
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def have_convictions(self, numbers, *, officer, today):
        await self.goes_on.wait()
        if self.fails_after is not None and len(self.asked) >= self.fails_after:
            raise UpstreamUnavailable("the look-up failed")
        self.asked += [(number, officer) for number in numbers]
        return tuple(number in self.convicted for number in numbers)


class Counted:
    """The uses of permits, as the service's one owner counts them."""

    def __init__(self):
        self.owner = Owner(Budget({}))
        self.owner.uses = Uses()


def batch_desk_of(desk, gate, uses=None):
    """Checks under a desk's permits, with answers at once."""
    rooms = desk._rooms
    owner = (uses or Counted()).owner
    made = BatchRooms(gate, rooms.store, rooms.register, owner, rooms.metrics, 0.001)
    return BatchDesk(made, desk)


class Site:
    """One installation: a ledger, the desk's directory, a clock, and what is enforced."""

    def __init__(self, directory):
        self.ledger = make_ledger(directory)
        self.desk_directory = directory / "desk"
        self.now = NOW
        self.law = LAW
        self.terms = TERMS
        self.enforced = ()
        self.metrics = Metrics()

    async def enforce(self, permits):
        self.enforced = permits

    def history(self):
        return PermitHistory(
            self.ledger.directory, self.ledger.keys, self.desk_directory / REMEMBERED_FILE
        )

    def rooms(self, line):
        store = Store(self.desk_directory)
        store.open()
        return Rooms(
            store, PermitRegister(line), self.history(), self.terms, WORKING_DAYS, self.metrics
        )

    @asynccontextmanager
    async def notary(self):
        notary = await start_notary(self.ledger, *NOTARY_ARGUMENTS)
        line = await connect_ledger(self.ledger.socket_path, self.ledger.keys)
        try:
            yield line
        finally:
            await line.close()
            await notary.stop()

    @asynccontextmanager
    async def open(self):
        """The desk, with a notary of its own, as after a start of the service."""
        async with self.notary() as line:
            self.enforced = ()
            desk = Desk(self.rooms(line), lambda: self.law, self.enforce, lambda: self.now)
            await desk.start()
            try:
                yield desk
            finally:
                await desk.close()

    def numbers_in_force(self):
        return {each.number for each in self.enforced}

    def file(self, number):
        return self.desk_directory / f"{number}.jsonl"
