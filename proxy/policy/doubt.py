"""Whether the policy still means what its author saw: the database changes while it is served."""

from __future__ import annotations

from enum import Enum


class Doubt(Enum):
    """NONE: everything the policy names is where it was. COLUMNS: something its rules name is gone,
    so no protected relation can be judged. RELATIONS: a protected relation is gone or is called
    something else, so any relation could hold its rows. CATALOGUE: the database has not let itself
    be read for so long that nobody knows what is in it."""

    NONE = "none"
    COLUMNS = "columns"
    RELATIONS = "relations"
    CATALOGUE = "catalogue"
