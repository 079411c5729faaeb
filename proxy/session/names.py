"""Prepared statements and portals by name, as the server knows them or soon will."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from proxy.names import SearchPath
from proxy.session.commands import Unit
from proxy.session.plan import Plan, Scene

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class Statement:
    """A prepared statement: the text that was judged, and the scene it was last judged in.

    `sent` is the text the server holds. `generation` tells which policy and catalogue.
    """

    raw: bytes
    text: str
    sent: str
    plan: Plan
    scene: Scene
    generation: int


@dataclass(slots=True, eq=False)
class Portal:
    """A bound statement. `unit` is the record made for the Bind, until an Execute uses it up."""

    statement: Statement
    plan: Plan
    values: bytes
    unit: Unit | None


@dataclass(slots=True, eq=False)
class Change(Generic[T]):
    """A name that an unanswered message defines, or removes (`value` None)."""

    segment: int
    name: bytes
    value: T | None
    answered: bool = False


class Names(Generic[T]):
    """One namespace. What was sent becomes true when, and only when, the server says so."""

    def __init__(self) -> None:
        self._known: dict[bytes, T] = {}
        self._pending: dict[bytes, Change[T]] = {}

    @property
    def count(self) -> int:
        """How many names there are, and at most will be."""
        return len(self._known) + len(self._pending)

    def pending(self, name: bytes) -> Change[T] | None:
        """The last unanswered change of `name`."""
        return self._pending.get(name)

    def get(self, name: bytes) -> T | None:
        """What `name` will mean for the next message, if nothing before that fails."""
        change = self._pending.get(name)
        return self._known.get(name) if change is None else change.value

    def announce(self, change: Change[T]) -> None:
        """A message that changes a name has been sent."""
        self._pending[change.name] = change

    def settle(self, change: Change[T], *, done: bool) -> None:
        """The server has answered the message: it was `done`, or failed or was skipped."""
        change.answered = True
        if done and change.value is None:
            self._known.pop(change.name, None)
        elif done and change.value is not None:
            self._known[change.name] = change.value
        if self._pending.get(change.name) is change:
            del self._pending[change.name]

    def drop(self, name: bytes | None) -> None:
        """The name, or all of them, went away by SQL or at the end of a transaction."""
        if name is None:
            self._known.clear()
        else:
            self._known.pop(name, None)


def effective_path(schemas: tuple[str, ...], user: str) -> SearchPath:
    """The schemas that are searched when search_path is set to `schemas`.

    As ``current_schemas(true)``: pg_catalog comes first unless named, ``$user`` is the current
    user. pg_temp is left out: temporary relations are not admitted.
    """
    path = tuple(user if name == "$user" else name for name in schemas if name != "pg_temp")
    return path if "pg_catalog" in path else ("pg_catalog", *path)
