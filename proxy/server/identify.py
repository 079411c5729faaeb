"""Who is asking: the principal of the policy that a session belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv4Address, IPv6Address, ip_address

from proxy.policy.law import Match, Principal, PrincipalKind

_STRICTEST_FIRST = (
    PrincipalKind.PLATFORM,
    PrincipalKind.UNIT,
    PrincipalKind.COUNTER,
    PrincipalKind.JUDICIAL,
    PrincipalKind.ADMINISTRATOR,
    PrincipalKind.HANDLER,
)


def identify(
    principals: Sequence[Principal],
    user: str,
    database: str,
    source: str,
    application_name: str,
    certificate: str | None,
) -> Principal | None:
    """The strictest of the principals with a match whose conditions all hold, of several as strict
    the first in the policy's order.

    The client chooses its application_name, so that can only make it less. Where nothing but a
    name lets a session in, it counts as all that it could be by another name.

    `source` is an IP address, or empty for a Unix socket, which is in no network.
    `certificate` is the subject of one that was verified, as `proxy.policy.subject` writes it, and
    None where the client showed none.
    """
    address = _address(source)
    by_name, without_name, by_any_name = [], [], []
    for principal in principals:
        for match in principal.matches:
            if not _holds(match, user, database, address, certificate):
                continue
            by_any_name.append(principal)
            if match.application_name is None:
                without_name.append(principal)
            elif match.application_name == application_name:
                by_name.append(principal)
    found = _strictest(principals, [*without_name, *by_name])
    if found is None or without_name:
        return found
    strictest = _strictest(principals, by_any_name)
    return found if strictest is None or _rank(found) <= _rank(strictest) else strictest


def _strictest(order: Sequence[Principal], found: list[Principal]) -> Principal | None:
    return min((each for each in order if each in found), key=_rank, default=None)


def _rank(principal: Principal) -> int:
    return _STRICTEST_FIRST.index(principal.kind)


def _holds(
    match: Match,
    user: str,
    database: str,
    address: IPv4Address | IPv6Address | None,
    certificate: str | None,
) -> bool:
    """All conditions but that on application_name."""
    conditions = (
        match.user is None or match.user == user,
        match.database is None or match.database == database,
        match.source is None or (address is not None and address in match.source),
        match.certificate is None or match.certificate == certificate,
    )
    # A match without a single condition is a mistake, and never everyone; nor is one by a name.
    return replace(match, application_name=None) != Match() and all(conditions)


def _address(source: str) -> IPv4Address | IPv6Address | None:
    if not source:
        return None
    address = ip_address(source.partition("%")[0])
    # A dual-stack listener sees IPv4 clients as ::ffff:a.b.c.d.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
