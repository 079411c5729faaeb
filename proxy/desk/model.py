"""What the desk handles, as values: applications, what became of them, and officers. Pure.

Article numbers are those of the 实施办法 (2022). Everything here is about named people:
nothing of it goes into a log line, a metric or an exception.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, StrEnum

from proxy.names import PrincipalName
from proxy.policy.permit import Scope


class Role(Enum):
    """CLERK: takes applications in and issues certificates. APPROVER: decides on them (未成年人网络
    保护条例第36条: 经相关负责人审批); never on one that they took in."""

    CLERK = "clerk"
    APPROVER = "approver"


@dataclass(frozen=True, slots=True)
class Officer:
    """Who works at the desk, under their own login."""

    name: str
    roles: frozenset[Role]


class Standing(Enum):
    """Who applies: JUDICIAL 司法机关, STATE 其他国家机关, UNIT 其他单位, PLATFORM 网络平台 and
    whoever asks on one's behalf. A platform is refused, whatever it names (第10条)."""

    JUDICIAL = "judicial"
    STATE = "state"
    UNIT = "unit"
    PLATFORM = "platform"


class Purpose(Enum):
    """Closed: what a record may be asked for."""

    CASE = "case"
    STATUTORY_CHECK = "statutory-check"
    MISSING_CHILD = "missing-child"
    CLOSE_CONTACT = "close-contact"


@dataclass(frozen=True, slots=True)
class Application:
    """An application under Article 16: written, with reasons, basis and scope of use.

    ``basis`` is a code of config/legal_bases.toml. ``letter`` is the unit's official letter's
    number, ``undertaking_sha256`` the hex digest of the signed undertaking (第17条), which stays
    with the desk. ``subjects`` are identity numbers as written. ``principal`` is whose statements
    the permit is to count for. ``case`` is the case it will be used in (第6条).
    """

    agency: str
    principal: PrincipalName
    standing: Standing
    unit: str
    letter: str
    handler_name: str
    handler_identity: str
    subjects: tuple[str, ...]
    purpose: Purpose
    basis: str
    reason: str
    use: str
    scope: Scope
    valid_days: int
    undertaking_sha256: str
    operator: str | None = None
    case: str | None = None
    uses_max: int | None = None
    received_on: date | None = None


class RefusalGround(Enum):
    """Why a permit is refused: closed, and none of them says whether there is a record."""

    NO_BASIS = "no-basis"
    NO_STANDING = "no-standing"
    INCOMPLETE = "incomplete"
    MISMATCH = "mismatch"
    PLATFORM_OR_BULK = "platform-or-bulk"


class RevocationReason(StrEnum):
    """Why a permit is taken back before its end: closed."""

    PURPOSE_EXCEEDED = "purpose-exceeded"
    UNDERTAKING_BROKEN = "undertaking-broken"
    WRONGLY_GRANTED = "wrongly-granted"
    NO_LONGER_NEEDED = "no-longer-needed"
    SUPERVISION = "supervision"


class State(Enum):
    """RECEIVED -> GRANTED | REFUSED; GRANTED -> REVOKED | EXPIRED. Nothing else happens."""

    RECEIVED = "received"
    GRANTED = "granted"
    REFUSED = "refused"
    REVOKED = "revoked"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Dossier:
    """An application and what became of it. ``number`` is its name in the ledger. ``decide_by`` is
    the last day of the three working days (第16条), the day of receipt not counted;
    ``calendar_known`` is False where no calendar of that year was there to count it by.

    ``cited`` is the law that the application named, as the list of legal bases cited it then.
    ``decided_by`` is None where a rule refused it, which ``rule`` names. ``uses_max`` is how often
    the permit may be used, ``ended_by`` and ``reason`` say who took it back and why.
    """

    number: str
    application: Application
    state: State
    received_at: datetime
    received_by: str
    decide_by: date
    decided_at: datetime | None = None
    decided_by: str | None = None
    ground: RefusalGround | None = None
    valid_until: datetime | None = None
    rule: str | None = None
    uses_max: int | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    reason: RevocationReason | None = None
    calendar_known: bool = True
    cited: str | None = None
