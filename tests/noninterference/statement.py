"""A generated statement: a text with places for values, so that one shape has many instances."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass

_PLACE = re.compile("\x02(\\d+)\x03")
_PLAIN = (re.compile(r"'[^'\\]*'"), re.compile("[0-9]{1,10}"))


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
    """``template`` holds \\x02number\\x03 for each of ``places``; ``ordered``: totally;
    ``several`` statements, which the simple protocol alone can send."""

    template: str
    places: tuple[Place, ...]
    writes: bool = False
    ordered: bool = False
    several: bool = False

    def instances(self, random_: random.Random, count: int, *, extended: bool) -> list[Instance]:
        """The shape filled `count` times; in the extended protocol about half of it as parameters.

        What is written as a literal is so in all of them, so that one plan serves them all.
        """
        extended = extended and not self.several
        first = [random_.choice(place.pool) for place in self.places]
        bound = [
            extended and random_.random() < 0.5 and not literal.startswith("E'")
            for literal in first
        ]
        out = [self._filled(first, bound, extended=extended)]
        for _ in range(count - 1):
            values = [
                random_.choice(_exchangeable(place.pool, literal, free=free))
                for place, literal, free in zip(self.places, first, bound, strict=True)
            ]
            out.append(self._filled(values, bound, extended=extended))
        return out

    def _filled(self, values: list[str], bound: list[bool], *, extended: bool) -> Instance:
        numbers: dict[int, int] = {}

        def value(match: re.Match[str]) -> str:
            place = int(match[1])
            if not bound[place]:
                return values[place]
            number = numbers.setdefault(place, len(numbers) + 1)
            return f"${number}{self.places[place].cast}"

        text = _PLACE.sub(value, self.template)
        parameters = tuple(unquoted(values[place]) for place in numbers)
        return Instance(text, parameters, extended, self.writes, self.ordered)


def _exchangeable(pool: tuple[str, ...], literal: str, *, free: bool) -> list[str]:
    """What may stand in its place: as a parameter, anything; else what is a literal of its kind."""
    if free:
        return [each for each in pool if not each.startswith("E'")]
    for kind in _PLAIN:
        if kind.fullmatch(literal):
            return [each for each in pool if kind.fullmatch(each)]
    return [literal]


def unquoted(literal: str) -> bytes | None:
    """The text form of a plain literal."""
    if literal == "NULL":
        return None
    if literal.startswith("'"):
        return literal[1:-1].replace("''", "'").encode()
    return literal.strip("()").encode()
