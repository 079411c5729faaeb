"""What to do with one text: the decision, the text to send, and what it does to the session."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from proxy.names import SearchPath
from proxy.policy.decision import Decision
from proxy.policy.law import Principal


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


Effect = SetSearchPath | ResetSearchPath | DropStatement | DropPortals


@dataclass(frozen=True, slots=True)
class Scene:
    """What besides the text a plan depends on.

    ``search_path`` is the effective one, ``pg_catalog`` included. ``in_transaction``: the session
    is inside a transaction block, where statements that change the session are refused.
    """

    principal: Principal
    search_path: SearchPath
    in_transaction: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """``text`` is what goes to the database (None when refused), ``digest`` nothing of it.

    ``settle``: nothing after this text may be judged before the server has answered it.
    ``guarded``: touches protected relations, so the server's error texts are replaced.
    ``effects`` are applied when, and only when, the server reports success.
    """

    decision: Decision
    text: str | None
    timing: Timing = Timing.WITH
    effects: tuple[Effect, ...] = ()
    settle: bool = False
    guarded: bool = False
