"""Permits (查询许可) as they act on statements. Pure.

What a permit was applied for, by whom and why is the desk's; here is only what it lets a statement
see, for whom, and how long. It widens the filter for its own subjects and for nobody else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from proxy.names import Article, PrincipalName
from proxy.policy.law import Principal, PrincipalKind
from proxy.policy.law import Scope as Scope
from proxy.statement.facts import Facts, Verb

ARTICLE: Final = Article("实施办法第16条")
_SUBJECT: Final = re.compile(r"[0-9A-Z-]{4,64}")


SCOPES_OF: dict[PrincipalKind, frozenset[Scope]] = {
    PrincipalKind.PLATFORM: frozenset(),
    PrincipalKind.UNIT: frozenset({Scope.CONVICTION, Scope.BATCH}),
    PrincipalKind.COUNTER: frozenset({Scope.CONVICTION, Scope.BATCH}),
    PrincipalKind.JUDICIAL: frozenset({Scope.FULL, Scope.CONVICTION, Scope.MISSING_CHILD}),
    PrincipalKind.HANDLER: frozenset({Scope.FULL, Scope.CONVICTION, Scope.MISSING_CHILD}),
    PrincipalKind.ADMINISTRATOR: frozenset(),
}
"""What a principal of a kind may be given at all (实施办法第10条, 第16条)."""


@dataclass(frozen=True, slots=True)
class Permit:
    """What one permit lets a principal's ordinary statements see.

    ``number`` is its name in the ledger. ``subjects`` are normalised identity numbers
    (`proxy.policy.identity`), one or more. Times are Unix seconds, from the first inclusive to the
    second exclusive. With ``operator`` it counts only for statements attributed to that person,
    with ``case`` only for those that name that case. ``uses_max`` None: as often as needed.
    """

    number: str
    principal: PrincipalName
    scope: Scope
    subjects: tuple[str, ...]
    valid_from: float
    valid_until: float
    operator: str | None = None
    case: str | None = None
    uses_max: int | None = None

    def is_for(self, operator: str | None, case: str | None) -> bool:
        """Whether it is theirs, as far as it is bound to anybody."""
        return self.operator in (None, operator) and self.case in (None, case)


PERMITS_MAX: Final = 256
"""That count for one statement: as many as a decision in the ledger can name."""
SUBJECTS_MAX: Final = 2_000
"""In one statement, each of whose rows is compared with all of them."""

WIDENING: Final = frozenset({Scope.FULL, Scope.CONVICTION, Scope.MISSING_CHILD})
"""The scopes by which a statement sees more."""


def widening(
    permits: Iterable[Permit], principal: Principal, statements: Iterable[Facts]
) -> tuple[Permit, ...]:
    """Those by which a text of ``principal`` sees more, asked where the text is judged: whoever
    handed them in, they must be of a scope that the principal's kind can have.

    What Article 16 grants is reading. A text that changes, locks or copies anything into a table,
    be it a temporary one that outlives the permit, sees what it would see without.
    """
    found = tuple(
        each
        for each in permits
        if each.principal == principal.name
        and each.scope in SCOPES_OF[principal.kind] & WIDENING
        and each.subjects
    )
    return found if found and all(map(_only_reads, statements)) else ()


def mark(scope: Scope) -> str:
    """The constant that stands for the subjects in the SQL of a law, until a text is judged."""
    return f"'{MARK}{scope.value}'"


MARK: Final = "fengcun permit: "
"""Begins every such constant, and is in no other."""


def constants(permits: Iterable[Permit], scope: Scope) -> str:
    """The subjects of one scope for an IN list: SQL constants, or the NULL that equals nothing.

    Raises ValueError, without the value, for what no identity number can hold.
    """
    subjects = sorted({one for each in permits if each.scope is scope for one in each.subjects})
    if any(_SUBJECT.fullmatch(one) is None for one in subjects):
        raise ValueError("a permit names somebody by what is no identity number")
    return ", ".join(f"'{one}'" for one in subjects) or "NULL"


def _only_reads(facts: Facts) -> bool:
    return not (facts.writes or facts.locks or facts.verb in _KEEP_ROWS)


_KEEP_ROWS: Final = frozenset({Verb.INSERT, Verb.UPDATE, Verb.DELETE, Verb.MERGE, Verb.TEMPORARY})
