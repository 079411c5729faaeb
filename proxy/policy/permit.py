"""Permits (查询许可) as they act on statements. Pure.

What a permit was applied for, by whom and why is the desk's; here is only what it lets a statement
see, for whom, and how long. It widens the filter for its own subjects and for nobody else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from proxy.names import PrincipalName
from proxy.policy.law import PrincipalKind


class Scope(Enum):
    """FULL: the whole record, for judicial organs (实施办法第16条: 查阅, 摘抄, 复制). CONVICTION:
    whether there was a penalty, for what, how long (other units). MISSING_CHILD: who a minor
    victim is (未成年人保护法第103条). BATCH: a list of people may be asked for at once; nothing
    sealed shows."""

    FULL = "full"
    CONVICTION = "conviction"
    MISSING_CHILD = "missing-child"
    BATCH = "batch"


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

    def counts_for(
        self, principal: PrincipalName, operator: str | None, case: str | None, now: float
    ) -> bool:
        """Whether a statement of theirs may see what it lets see."""
        return (
            self.principal == principal
            and self.valid_from <= now < self.valid_until
            and self.operator in (None, operator)
            and self.case in (None, case)
        )


def in_force(
    permits: Iterable[Permit],
    principal: PrincipalName,
    operator: str | None,
    case: str | None,
    now: float,
) -> tuple[Permit, ...]:
    """Those that count for a statement, in one order."""
    return tuple(
        sorted(
            (each for each in permits if each.counts_for(principal, operator, case, now)),
            key=lambda each: each.number,
        )
    )
