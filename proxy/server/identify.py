"""Who is asking: the principal of the policy that a session belongs to."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address

from proxy.policy.law import Match, Principal


def identify(
    principals: Iterable[Principal],
    user: str,
    database: str,
    source: str,
    application_name: str,
    certificate: str | None,
) -> Principal | None:
    """The first principal, in the policy's order, with a match whose conditions all hold.

    `source` is an IP address, or empty for a Unix socket, which is in no network.
    `certificate` is the subject of one that was verified, as `proxy.policy.subject` writes it, and
    None where the client showed none.
    """
    address = _address(source)
    for principal in principals:
        for match in principal.matches:
            if _holds(match, user, database, address, application_name, certificate):
                return principal
    return None


def _holds(
    match: Match,
    user: str,
    database: str,
    address: IPv4Address | IPv6Address | None,
    application_name: str,
    certificate: str | None,
) -> bool:
    conditions = (
        match.user is None or match.user == user,
        match.database is None or match.database == database,
        match.source is None or (address is not None and address in match.source),
        match.application_name is None or match.application_name == application_name,
        match.certificate is None or match.certificate == certificate,
    )
    # A match without a single condition is a mistake, and never everyone.
    return match != Match() and all(conditions)


def _address(source: str) -> IPv4Address | IPv6Address | None:
    if not source:
        return None
    address = ip_address(source.partition("%")[0])
    # A dual-stack listener sees IPv4 clients as ::ffff:a.b.c.d.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
