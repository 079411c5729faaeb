"""The natural person behind a session, and the case they ask for. Pure.

A database account is shared; who sits in front of the application is known to the application
alone. What it says is a claim, recorded as such, and shows nothing by itself: a permit that its
principal has may be for one person's statements only. What is not said, not valid, or said twice
and differently leaves the decision unattributed.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Final, assert_never

from proxy.statement.tags import NO_TAGS, Tags

CLAIM_CHARACTERS_MAX: Final = 64
_HOLES: Final = re.compile(r"\{(operator|case)\}")


class Source(Enum):
    """Where a principal's sessions may say who asks. The first three are claims; the database's
    login and a verified certificate are proven, and name a person where each has their own."""

    SETTING = "setting"
    COMMENT = "comment"
    APPLICATION_NAME = "application_name"
    USER = "user"
    CERTIFICATE = "certificate"


UNATTRIBUTED: Final = "unattributed"
CONTRADICTORY: Final = "contradictory"
INVALID: Final = "invalid"


@dataclass(frozen=True, slots=True)
class Attribution:
    """``basis`` is the `Source` of the operator, or why there is none."""

    operator: str | None = None
    case: str | None = None
    basis: str = UNATTRIBUTED


NOBODY: Final = Attribution()


@dataclass(frozen=True, slots=True)
class Said:
    """What was said about one statement. Of a setting there are several values where it changes
    within the text. ``certificate`` and ``user`` are proven."""

    operators: tuple[str, ...] = ()
    cases: tuple[str, ...] = ()
    tags: Tags = NO_TAGS
    application_name: str = ""
    user: str = ""
    certificate: str | None = None


@dataclass(frozen=True, slots=True)
class NameForm:
    """``desk/{operator}/{case}``: what an application_name says. Each hole takes one character or
    more, none of which is the character behind the hole: a name can be read in one way only."""

    written: str

    @staticmethod
    def as_written(written: str) -> str:
        """``written``, if it is a form. Raises ValueError with what was expected."""
        holes = _HOLES.findall(written)
        if holes.count("operator") != 1 or holes.count("case") > 1:
            raise ValueError(
                'expected a form such as "desk/{operator}" or "desk/{operator}/{case}"'
            )
        if "{" in _HOLES.sub("", written) or "}{" in written:
            raise ValueError("write {operator} and {case}, with something between them")
        return written

    def read(self, name: str) -> tuple[str, str]:
        """The operator and case in ``name``; empty where it is not of this form."""
        pattern, position = "", 0
        for hole in _HOLES.finditer(self.written):
            behind = self.written[hole.end() : hole.end() + 1]
            pattern += re.escape(self.written[position : hole.start()])
            pattern += f"(?P<{hole[1]}>{f'[^{re.escape(behind)}]+' if behind else '.+'})"
            position = hole.end()
        found = re.fullmatch(pattern + re.escape(self.written[position:]), name)
        said = found.groupdict() if found is not None else {}
        return said.get("operator", ""), said.get("case", "")


@dataclass(frozen=True, slots=True)
class AttributionRule:
    """Where one principal's sessions say who asks. ``required``: what touches a protected
    relation is refused where they do not."""

    sources: tuple[Source, ...] = (Source.SETTING, Source.COMMENT)
    name_form: NameForm | None = None
    required: bool = False

    def attribute(self, said: Said) -> Attribution:
        """Who asks, if all sources that say anything say the same."""
        operators: list[tuple[Source, str]] = []
        cases: list[str] = []
        for source in self.sources:
            who, which = self._heard(source, said)
            operators += [(source, value) for value in who if value.strip()]
            cases += which
        operator, problem = _agreed(value for _, value in operators)
        case, _ = _agreed(cases)
        return Attribution(operator, case, problem or operators[0][0].value)

    def _heard(self, source: Source, said: Said) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The operators and cases that a source says."""
        match source:
            case Source.SETTING:
                return said.operators, said.cases
            case Source.COMMENT:
                return said.tags.operators, said.tags.cases
            case Source.APPLICATION_NAME:
                form = self.name_form
                operator, case = form.read(said.application_name) if form else ("", "")
                return (operator,), (case,)
            case Source.USER:
                return (said.user,), ()
            case Source.CERTIFICATE:
                return (said.certificate or "",), ()
            case _:
                assert_never(source)


def _agreed(values: Iterable[str]) -> tuple[str | None, str | None]:
    """The one value, or what is wrong. Setting something to nothing says nothing."""
    said = {_valid(value) for value in values if value.strip()}
    if None in said:
        return None, INVALID
    if len(said) != 1:
        return None, CONTRADICTORY if said else UNATTRIBUTED
    return said.pop(), None


def _valid(value: str) -> str | None:
    """One spelling of what looks the same: full-width letters and parentheses are common."""
    if len(value) > 4 * CLAIM_CHARACTERS_MAX:
        return None
    plain = unicodedata.normalize("NFKC", value).strip()
    good = 0 < len(plain) <= CLAIM_CHARACTERS_MAX and plain.isprintable()
    return plain if good else None
