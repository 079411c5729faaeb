"""Which role may use which route: the one table there is. What has no row here does not start.

An auditor looks at lists, at checks and at who looked at what, and at no payload and no person.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from ledger.errors import ConfigurationError


class Role(StrEnum):
    """As what somebody signs in. One account has one."""

    SUPERVISOR = "supervisor"
    CHIEF = "chief"
    AUDITOR = "auditor"


EVERYBODY: Final = frozenset(Role)
PROSECUTORS: Final = frozenset({Role.SUPERVISOR, Role.CHIEF})
OVERSEERS: Final = frozenset({Role.CHIEF, Role.AUDITOR})
"""Who looks at what supervisors looked at: who answers for them, and who audits them. A supervisor
does not: it would show which cases their colleagues look into, and when their own use is checked.
"""
STRANGERS: Final[frozenset[Role]] = frozenset()
"""Of a route that is there for who is not signed in: no role is asked for."""

Place = tuple[str, str]
"""Method and path, as the route has them."""

TABLE: Final[Mapping[Place, frozenset[Role]]] = MappingProxyType(
    {
        ("GET", "/static/{name}"): STRANGERS,
        ("POST", "/language"): STRANGERS,
        ("GET", "/sign-in"): STRANGERS,
        ("POST", "/sign-in"): STRANGERS,
        ("POST", "/sign-in/certificate"): STRANGERS,
        ("POST", "/sign-out"): EVERYBODY,
        ("GET", "/openapi.json"): EVERYBODY,
        ("GET", "/"): EVERYBODY,
        ("GET", "/logs/{log}/verification"): EVERYBODY,
        ("POST", "/logs/{log}/verification"): EVERYBODY,
        ("GET", "/logs/{log}/verification/state"): EVERYBODY,
        ("GET", "/logs/{log}/entries/{index}"): EVERYBODY,
        ("GET", "/logs/{log}/entries/{index}/receipts"): EVERYBODY,
        ("POST", "/logs/{log}/pack"): PROSECUTORS,
        ("GET", "/entries"): EVERYBODY,
        ("GET", "/leads"): EVERYBODY,
        ("GET", "/opinions"): EVERYBODY,
        ("GET", "/opinions/new"): PROSECUTORS,
        ("POST", "/opinions/new"): PROSECUTORS,
        ("GET", "/opinions/{number}"): EVERYBODY,
        ("POST", "/opinions/{number}"): PROSECUTORS,
        ("GET", "/statistics"): EVERYBODY,
        ("GET", "/statistics/sheet"): EVERYBODY,
        ("GET", "/statistics/print"): EVERYBODY,
        ("GET", "/findings"): EVERYBODY,
        ("GET", "/unsealings"): EVERYBODY,
        ("GET", "/live"): EVERYBODY,
        ("GET", "/live/events"): EVERYBODY,
        ("GET", "/looks"): OVERSEERS,
        ("POST", "/looks/verification"): OVERSEERS,
        ("GET", "/unlock"): PROSECUTORS,
        ("POST", "/unlock"): PROSECUTORS,
        ("POST", "/lock"): PROSECUTORS,
        ("GET", "/person"): PROSECUTORS,
        ("POST", "/person"): PROSECUTORS,
    }
)


def require_table(places: Iterable[Place], table: Mapping[Place, frozenset[Role]] = TABLE) -> None:
    """Every route has its row, and every row its route. Raises `ConfigurationError`."""
    served = set(places)
    for what, missing in (("role", served - table.keys()), ("route", table.keys() - served)):
        if missing:
            method, path = min(missing)
            raise ConfigurationError(f"{method} {path} has no {what}: see ledger/portal/access.py")
