"""What a session asks of its driver. The order of commands is the order they must be done in."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.policy.attribution import NOBODY, Attribution
from proxy.policy.decision import Decision
from proxy.policy.uses import Use
from proxy.session.plan import Grant, Scene, Timing


@dataclass(slots=True, eq=False)
class Unit:
    """One recorded decision and, as they come, the facts of what followed.

    `number` counts the session's records from 1. `error` is a SQLSTATE, or ``skipped`` for what
    the server never ran: something before it failed, or it was bound and not executed. `index`
    is the entry's place in the ledger, known once it is durable; the driver writes it, and the time
    by its own clock. `grant` is what it may give; `cut`: its rows went on beyond that.
    """

    number: int
    rows_count: int = 0
    released_bytes: int = 0
    error: str | None = None
    closed: bool = False
    index: int | None = None
    recorded_at_seconds: float = 0.0
    grant: Grant | None = None
    cut: bool = False

    @property
    def spent_count(self) -> int:
        """How many of the people that were set aside for it were used."""
        grant = self.grant
        return 0 if grant is None else min(self.rows_count * grant.weight, grant.reserved)


@dataclass(frozen=True, slots=True)
class ToServer:
    """Send `data` to the database."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ToClient:
    """Send `data` to the client; every record it depends on is durable."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Analyse:
    """Plan `text` away from the event loop and answer with `Session.planned`."""

    text: str
    scene: Scene


@dataclass(frozen=True, slots=True)
class Need:
    """What a statement asks of the budget: people by domain and value, or else up to ``rows_max``
    rows about ``weight`` people each. With ``uses`` nothing but one use of each such permit."""

    attribution: Attribution
    people: tuple[tuple[str, str], ...] = ()
    rows_max: int | None = None
    weight: int = 0
    uses: tuple[Use, ...] = ()


@dataclass(frozen=True, slots=True)
class Reserve:
    """Ask the budget, and answer with `Session.reserved` once every command before is done."""

    need: Need


@dataclass(frozen=True, slots=True)
class Record:
    """Write a decision into the ledger and answer with `Session.durable`.

    `text` is the statement as the client sent it, in the encoding `codec`; `sent` is what goes to
    the database where that differs; `values` the tail of a Bind. `attribution` is who asks.
    """

    unit: Unit
    decision: Decision
    timing: Timing
    text: bytes
    codec: str
    sent: str | None = None
    values: bytes | None = None
    attribution: Attribution = NOBODY


@dataclass(frozen=True, slots=True)
class Report:
    """Write what became of a decision into the ledger; nobody waits for it."""

    unit: Unit


@dataclass(frozen=True, slots=True)
class End:
    """The session is over: send `farewell` to the client if it is not None, close both sides."""

    farewell: bytes | None


Command = ToServer | ToClient | Analyse | Reserve | Record | Report | End
