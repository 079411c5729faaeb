"""How much of protected relations a principal may read. Pure values; None is no limit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

HOUR_SECONDS: Final = 3_600
DAY_SECONDS: Final = 24 * HOUR_SECONDS
MONTH_SECONDS: Final = 30 * DAY_SECONDS
YEAR_SECONDS: Final = 365 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class Limits:
    """As `proxy.settings.policy.PrincipalLimits` has them in the file."""

    rows_per_statement: int | None = None
    subjects_per_statement: int | None = None
    subjects_per_hour: int | None = None
    subjects_per_day: int | None = None
    subjects_per_30_days: int | None = None
    subjects_per_year: int | None = None
    subjects_per_case: int | None = None
    cases_per_day: int | None = None
    operators_per_day: int | None = None

    @property
    def any(self) -> bool:
        """Something is limited."""
        return self != NO_LIMITS

    @property
    def windows(self) -> dict[int, int]:
        """Different people for each operator: seconds -> how many."""
        return _set(
            {
                HOUR_SECONDS: self.subjects_per_hour,
                DAY_SECONDS: self.subjects_per_day,
                MONTH_SECONDS: self.subjects_per_30_days,
                YEAR_SECONDS: self.subjects_per_year,
            }
        )

    @property
    def of_cases(self) -> dict[int, int]:
        """Different people for each case."""
        return _set({YEAR_SECONDS: self.subjects_per_case})

    @property
    def counts(self) -> bool:
        """Something has to be counted over time."""
        return bool(self.windows or self.of_cases or self.operators_per_day)


def _set(windows: dict[int, int | None]) -> dict[int, int]:
    return {seconds: many for seconds, many in windows.items() if many is not None}


NO_LIMITS: Final = Limits()
