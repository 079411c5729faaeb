"""Prepared statements and portals by name, as the server knows them or soon will."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from proxy.names import SearchPath
from proxy.session.commands import Unit
from proxy.session.plan import Plan, Scene

_ENTRY_BYTES: Final = 500


class Held(Protocol):
    """What a name may stand for; `held_bytes` is about what it costs to remember it."""

    @property
    def held_bytes(self) -> int: ...


T = TypeVar("T", bound=Held)


@dataclass(slots=True, eq=False)
class Statement:
    """A prepared statement: the text that was judged, and the scene it was last judged in.

    `sent` is the text the server holds. `generation` tells which policy and catalogue.
    `named`: the text is the PREPARE that made it, and not what running it runs.
    """

    raw: bytes
    text: str
    sent: str
    plan: Plan
    scene: Scene
    generation: int
    named: bool = False

    @property
    def held_bytes(self) -> int:
        return _ENTRY_BYTES + len(self.raw) + len(self.text) + len(self.sent)


@dataclass(slots=True, eq=False)
class Portal:
    """A bound statement, or a cursor.

    `unit` is the record made for the Bind, until an Execute uses it up. `plan` is `bare` with what
    the names in it stood for at that time. `cursor`: SQL declared it; `held`: and it outlives its
    transaction, and has done so if `kept`. `turn` is the mirror's when it was sent, `number` its
    place among all that were opened.
    """

    statement: Statement
    bare: Plan
    plan: Plan
    values: bytes | None
    unit: Unit | None = None
    turn: int = 0
    cursor: bool = False
    held: bool = False
    kept: bool = False
    number: int = 0

    @property
    def held_bytes(self) -> int:
        own = self.statement.held_bytes if self.cursor else 0
        return _ENTRY_BYTES + own + len(self.values or b"")


@dataclass(slots=True, eq=False)
class Change(Generic[T]):
    """A name that an unanswered message defines, or removes (`value` None)."""

    segment: int
    name: bytes
    value: T | None
    answered: bool = False


class Names(Generic[T]):
    """One namespace. What was sent becomes true when, and only when, the server says so.

    `held_bytes` is about the memory that all of it takes, unanswered definitions included.
    """

    def __init__(self) -> None:
        self.held_bytes = 0
        self._known: dict[bytes, T] = {}
        self._pending: dict[bytes, Change[T]] = {}

    def pending(self, name: bytes) -> Change[T] | None:
        """The last unanswered change of `name`."""
        return self._pending.get(name)

    def values(self) -> Iterable[T]:
        """All that the server has confirmed."""
        return self._known.values()

    def get(self, name: bytes) -> T | None:
        """What `name` will mean for the next message, if nothing before that fails."""
        change = self._pending.get(name)
        return self._known.get(name) if change is None else change.value

    def announce(self, change: Change[T]) -> None:
        """A message that changes a name has been sent."""
        self._pending[change.name] = change
        if change.value is not None:
            self.held_bytes += change.value.held_bytes

    def settle(self, change: Change[T], *, done: bool) -> None:
        """The server has answered the message: it was `done`, or failed or was skipped."""
        change.answered = True
        if self._pending.get(change.name) is change:
            del self._pending[change.name]
        if done:
            self.drop(change.name)
            if change.value is not None:
                self._known[change.name] = change.value
        elif change.value is not None:
            self.held_bytes -= change.value.held_bytes

    def drop(self, name: bytes) -> None:
        """The name went away."""
        dropped = self._known.pop(name, None)
        if dropped is not None:
            self.held_bytes -= dropped.held_bytes

    def drop_all(self, *, but: Callable[[T], bool] | None = None) -> None:
        """All names went away, but those of which `but` is true."""
        for name, value in list(self._known.items()):
            if but is None or not but(value):
                self.drop(name)


def effective_path(schemas: tuple[str, ...], user: str) -> SearchPath:
    """The schemas that are searched when search_path is set to `schemas`.

    As ``current_schemas(true)``: pg_catalog comes first unless named, ``$user`` is the current
    user. pg_temp is left out: temporary relations are not admitted.
    """
    path = tuple(user if name == "$user" else name for name in schemas if name != "pg_temp")
    return path if "pg_catalog" in path else ("pg_catalog", *path)
