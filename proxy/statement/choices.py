"""What of a statement chooses rows: conditions, equalities of joins, and the subqueries in them."""

from __future__ import annotations

from dataclasses import dataclass

from proxy.statement.facts import Clause
from proxy.statement.scope import Columns, Item, Level
from proxy.statement.tree import Json


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that chooses rows (WHERE, ON, HAVING), with the names it can see."""

    expression: Json
    level: Level


@dataclass(frozen=True, slots=True)
class Subquery:
    """The SELECT of a SubLink. ``choices``: the index range of all conditions and equalities in
    it, whatever their depth. ``derived``: something in it reads a WITH query."""

    columns: Columns | None
    sources: frozenset[int]
    choices: range
    derived: bool


@dataclass(frozen=True, slots=True)
class Equality:
    """JOIN ... USING or NATURAL: equality of the named columns of both sides.

    ``names`` None: NATURAL, the names follow from the columns.
    """

    names: tuple[str, ...] | None
    left: tuple[Item, ...]
    right: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Joined:
    """A JOIN: ``kind`` as the grammar has it, ``on`` its condition, ``using`` the names of USING,
    ``clause`` whose FROM it stands in."""

    clause: Clause
    kind: str
    on: Json
    using: tuple[str, ...]
    left: tuple[Item, ...]
    right: tuple[Item, ...]
