"""What to do with one text: the decision, the text to send, and what it does to the session."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from proxy.names import SearchPath
from proxy.policy.asked import Asked
from proxy.policy.decision import Decision
from proxy.policy.law import Principal
from proxy.policy.permit import Permit
from proxy.statement.claims import Claim
from proxy.statement.commands import TransactionControl
from proxy.statement.tags import NO_TAGS, Tags
from proxy.statement.temporary import DropTemporaries, MakeTemporary


class Timing(Enum):
    """WITH: send at once, hold the answer until the record is durable (no side effects).
    FIRST: the record is durable before a byte is sent."""

    WITH = "with"
    FIRST = "first"


@dataclass(frozen=True, slots=True)
class SetSearchPath:
    """``SET search_path``: takes effect for the statements after it. Schemas as written."""

    schemas: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResetSearchPath:
    """The search_path goes back to what the session started with."""


@dataclass(frozen=True, slots=True)
class DropStatement:
    """A prepared statement of this name is gone; None means all of them."""

    name: str | None


@dataclass(frozen=True, slots=True)
class DropPortals:
    """All portals are gone."""


@dataclass(frozen=True, slots=True)
class DropPortal:
    """The portal of this name is gone."""

    name: str


@dataclass(frozen=True, slots=True)
class ResetClaims:
    """All settings that say who asks go back to what the session began with."""


Effect = (
    SetSearchPath
    | ResetSearchPath
    | DropStatement
    | DropPortals
    | DropPortal
    | TransactionControl
    | MakeTemporary
    | DropTemporaries
    | Claim
    | ResetClaims
)
"""A transaction's control is its own effect: which portals end depends on what was before."""


class Namespace(Enum):
    """Cursors share their names with the portals of the protocol, PREPARE with Parse."""

    PORTAL = "portal"
    STATEMENT = "statement"


@dataclass(frozen=True, slots=True)
class Use:
    """A name that a text runs: the cursor of a FETCH, the statement of an EXECUTE.

    ``ended``: what had the name before is gone by then, by an earlier statement of the same text.
    """

    namespace: Namespace
    name: str
    ended: bool = False


@dataclass(frozen=True, slots=True)
class OpenCursor:
    """DECLARE. ``plan`` is about its query alone; ``held``: it outlives its transaction."""

    name: str
    plan: Plan
    held: bool


@dataclass(frozen=True, slots=True)
class PrepareStatement:
    """PREPARE, the only statement of its text. ``plan`` is what running it means."""

    name: str
    plan: Plan


Definition = OpenCursor | PrepareStatement


@dataclass(frozen=True, slots=True)
class Scene:
    """What besides the text a plan depends on.

    ``search_path`` is the effective one, ``pg_catalog`` included. ``in_transaction``: the session
    is inside a transaction block, where statements that change the session are refused.
    ``temporaries`` are the names of the temporary tables that the session may have.
    ``unread``: the number of the session's last change of the schema, 0 once the catalogue has
    been read after it; before that nothing is planned from what was planned for others.
    ``permits`` are those that count for whoever asks, at the moment that they ask.
    """

    principal: Principal
    search_path: SearchPath
    in_transaction: bool = False
    unread: int = 0
    temporaries: frozenset[str] = frozenset()
    permits: tuple[Permit, ...] = ()


@dataclass(frozen=True, slots=True)
class Grant:
    """What a statement may give: people by name, or ``rows_max`` rows; None for any number.

    ``people`` are domains and values, ``reserved`` how many people were set aside for a broad
    statement, ``weight`` each, under the number ``ticket``. ``spends``: the rows are bounded by
    the budget and not by the limit for one statement. ``permitted``: a permit lists the people, who
    count for nothing else. ``used_up``: where uses of permits were asked for, those that have none
    left; then none was used.
    """

    people: tuple[tuple[str, str], ...] = ()
    rows_max: int | None = None
    reserved: int = 0
    weight: int = 0
    ticket: int = 0
    spends: bool = False
    permitted: bool = False
    used_up: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """``text`` is what goes to the database (None when refused), ``digest`` nothing of it.

    ``settle``: nothing after this text may be judged before the server has answered it.
    ``turns``: it changes how later texts are read, and a transaction it runs in could undo that.
    ``guarded``: touches protected relations, so the server's error texts are replaced.
    ``effects`` are applied when, and only when, the server reports success, and only then do the
    names of ``defines`` mean what they say. ``uses``: names whose meaning was settled before the
    text, and counts as much as the text. ``late``: the server looks names up when it runs the
    text, not when it is bound. ``copies_in``: when it runs the text it takes rows of the client.
    ``tags`` are what comments around the text say. ``claims``: it changes what the session says
    about who asks, before anything else if ``claims_first``. ``asked``: whose records of protected
    relations it asks for. ``grant``: what of that the session's budget has allowed.
    """

    decision: Decision
    text: str | None
    timing: Timing = Timing.WITH
    effects: tuple[Effect, ...] = ()
    settle: bool = False
    turns: bool = False
    guarded: bool = False
    defines: tuple[Definition, ...] = ()
    uses: tuple[Use, ...] = ()
    late: bool = False
    copies_in: bool = False
    tags: Tags = NO_TAGS
    claims: bool = False
    claims_first: bool = False
    asked: Asked | None = None
    grant: Grant | None = None
