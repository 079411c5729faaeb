"""A notary that keeps what it is given, and a session to record."""

import asyncio

from ledger.client import Acknowledgement, Draft
from ledger.header import decode_header
from proxy.names import Article, PrincipalName, QualifiedName, RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.record.scribe import Basis, Identity, Scribe
from proxy.session.commands import Record, Unit
from proxy.session.plan import Timing

BASIS = Basis("a" * 64, "b" * 64)
IDENTITY = Identity("0123456789abcdef", PrincipalName("unit"), "user", "db", "10.8.0.1", "报表")
DECISION = Decision(
    Verdict.STRIP,
    RuleName("sealed"),
    Article("实施办法第10条"),
    "",
    StatementClass.SELECT,
    (QualifiedName("base", "person"), QualifiedName("base", '多 "x"')),
)


class Notary:
    def __init__(self):
        self.batches, self.futures = [], []

    def submit(self, drafts):
        future = asyncio.get_running_loop().create_future()
        self.batches.append(
            [Draft(*decode_header(draft.header_line), draft.payload) for draft in drafts]
        )
        self.futures.append(future)
        return future

    def acknowledge(self, first_index=0):
        future, count = self.futures.pop(0), len(self.batches[0])
        future.set_result(Acknowledgement(first_index, count, first_index + count))


def scribe_of(recorder, durable=lambda _: None, invalid=lambda: None, identity=IDENTITY):
    return Scribe(recorder, identity, durable, invalid)


def record(unit=None, text=b"SELECT 1", codec="utf-8", **more):
    return Record(unit or Unit(1), DECISION, Timing.WITH, text, codec, **more)


async def turn():
    await asyncio.sleep(0)


async def only_draft(recorder, notary, wanted):
    scribe_of(recorder).decision(wanted, BASIS)
    await turn()
    ((draft,),) = notary.batches
    return draft
