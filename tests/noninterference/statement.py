"""A generated statement: a text with places for values, so that one shape has many instances."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_PLACE = re.compile("\x02(\\d+)\x03")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value goes: ``pool`` are the SQL literals to choose from, ``cast`` the type that a
    parameter needs to be told there (empty where the other operand tells)."""

    pool: tuple[str, ...]
    cast: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """What is sent. ``parameters`` in text format, for the extended protocol."""

    text: str
    parameters: tuple[bytes | None, ...] = ()
    extended: bool = False
    writes: bool = False
    ordered: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """``template`` holds \\x02number\\x03 for each of ``places``; ``ordered``: totally."""

    template: str
    places: tuple[Place, ...]
    writes: bool = False
    ordered: bool = False

    def instance(self, random_: random.Random, *, extended: bool) -> Instance:
        """Values for all places; in the extended protocol about half of them as parameters."""
        parameters: list[bytes | None] = []

        def value(match: re.Match[str]) -> str:
            place = self.places[int(match[1])]
            literal = random_.choice(place.pool)
            if not extended or random_.random() < 0.5 or literal.startswith("E'"):
                return literal
            parameters.append(unquoted(literal))
            return f"${len(parameters)}{place.cast}"

        text = _PLACE.sub(value, self.template)
        return Instance(text, tuple(parameters), extended, self.writes, self.ordered)


def unquoted(literal: str) -> bytes | None:
    """The text form of a plain literal."""
    if literal == "NULL":
        return None
    if literal.startswith("'"):
        return literal[1:-1].replace("''", "'").encode()
    return literal.strip("()").encode()
