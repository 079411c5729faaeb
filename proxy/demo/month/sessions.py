"""Statements of the month as entries: a session's scribe, fed with what was decided and with what
is made up to have come of it."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from typing import Final

from proxy.demo.database import DATABASE
from proxy.demo.month.judging import Asking, Judging
from proxy.demo.month.pen import Pen
from proxy.record.line import Ledger
from proxy.record.scribe import Identity, Scribe
from proxy.session.commands import Record, Unit

APPLICATION: Final = "虚构 synthetic"
"""The application_name of every session, in each payload: whoever opens one is told."""
_CODEC: Final = "utf-8"
_SESSION_BITS: Final = 56
_DAY_ZERO: Final = date(2000, 1, 1)
_TEXT_OID: Final = 25
_BINARY: Final = 1


@dataclass(frozen=True, slots=True)
class Came:
    """What is made up to have come of a statement; ``error`` is an SQLSTATE."""

    rows_count: int = 0
    released_bytes: int = 0
    milliseconds: int = 12
    error: str | None = None


class Office:
    """Where statements are asked: what judges them, and what records them."""

    def __init__(self, pen: Pen, ledger: Ledger, judging: Judging, chance: Random) -> None:
        self.pen, self.ledger, self.judging, self.chance = pen, ledger, judging, chance

    def session(self, user: str, source: str, setting: str = "") -> Session:
        """A new one, over a login from an address; ``setting`` is the operator it sets."""
        return Session(self, user, source, setting)


class Session:
    """One connection of an application."""

    def __init__(self, office: Office, user: str, source: str, setting: str) -> None:
        self._office, self._user, self._setting = office, user, setting
        name = f"{office.chance.getrandbits(_SESSION_BITS):014x}"
        self._identity = Identity(name, None, user, DATABASE, source, APPLICATION)
        self._scribe = Scribe(office.ledger.recorder, self._identity, _ignore, _invalid)
        self._count = 0

    async def ask(self, text: str, came: Came, values: bytes | None = None) -> bool:
        """Judge and record a statement, now, and what came of it, a moment later; whether it was
        served."""
        office, recorder = self._office, self._office.ledger.recorder
        judged = office.judging.judge(
            Asking(self._user, text, values, self._setting), office.pen.now
        )
        self._count += 1
        self._scribe.belong_to(judged.principal.name)
        plan = judged.plan
        unit = Unit(self._count, grant=plan.grant)
        sent = plan.text if plan.text != text else None
        self._scribe.decision(
            Record(
                unit, plan.decision, plan.timing, text.encode(), _CODEC, sent, values,
                judged.attribution,
            ),
            office.judging.basis,
        )  # fmt: skip
        recorder.flush()
        # The recorder tells the entry's index in the loop's next turn.
        await asyncio.sleep(0)
        assert unit.index is not None
        if judged.refused:
            return False
        office.pen.now += came.milliseconds / 1000
        unit.rows_count, unit.released_bytes = came.rows_count, came.released_bytes
        unit.error = came.error
        self._scribe.outcome(unit)
        recorder.flush()
        return True


def bound(*values: Sequence[str] | date) -> bytes:
    """The tail of a Bind (PostgreSQL protocol 3.0) as asyncpg writes it: lists as ``text[]`` and
    days as ``date``, in binary, and the result in binary."""
    raw = [_day(each) if isinstance(each, date) else _texts(each) for each in values]
    head = struct.pack(">HHH", 1, _BINARY, len(raw))
    return (
        head
        + b"".join(struct.pack(">i", len(each)) + each for each in raw)
        + struct.pack(">HH", 1, _BINARY)
    )


def _texts(values: Sequence[str]) -> bytes:
    encoded = [each.encode() for each in values]
    head = struct.pack(">iiIii", 1, 0, _TEXT_OID, len(encoded), 1)
    return head + b"".join(struct.pack(">i", len(each)) + each for each in encoded)


def _day(value: date) -> bytes:
    return struct.pack(">i", (value - _DAY_ZERO).days)


def _ignore(_: int) -> None:
    """Nothing of the month waits for a record to be durable."""


def _invalid() -> None:
    raise AssertionError("the ledger takes no such entry")
