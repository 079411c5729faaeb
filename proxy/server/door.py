"""The way in: who may stand in it, in which order they enter, and how many may be inside.

Whoever has not said yet what they want has no place, and so takes none from others. A place is
taken with the turn to log in, and given back at the end.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from contextlib import AbstractAsyncContextManager
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from proxy.policy.law import Principal
from proxy.server.entrance import TooManyConnections
from proxy.server.neighbours import Places, TooManyPrincipals
from proxy.server.turns import Turns

_ARRIVALS_FACTOR: Final = 2


class Door:
    """Of one worker. `connections_max` counts in all of them, `turns_max` in this one."""

    def __init__(self, places: Places, connections_max: int, turns_max: int) -> None:
        self.places = places
        self.turns = Turns(turns_max)
        self._connections_max = connections_max
        self._arrivals: Counter[str] = Counter()
        self._inside_count = 0

    def arrive(self, source: str) -> Visit | None:
        """Somebody comes from that address; None where too many stand in the door already. Of one
        address never more than half of those that may."""
        neighbourhood = neighbourhood_of(source)
        if (
            self._arrivals[neighbourhood] >= self._connections_max
            or self._arrivals.total() >= _ARRIVALS_FACTOR * self._connections_max
        ):
            return None
        self._arrivals[neighbourhood] += 1
        return Visit(self, source, neighbourhood)

    def enter(self, neighbourhood: str) -> None:
        """From the door to a place. Raises `TooManyConnections`; then nothing has changed."""
        self._move(1)
        if self.places.taken_count > self._connections_max:
            self._move(-1)
            raise TooManyConnections("sorry, too many clients already: raise limits or try later")
        self.turn_back(neighbourhood)

    def turn_back(self, neighbourhood: str) -> None:
        """Away from the door."""
        self._arrivals[neighbourhood] -= 1
        if not self._arrivals[neighbourhood]:
            del self._arrivals[neighbourhood]

    def leave(self) -> None:
        """A place is free again."""
        self._move(-1)

    def _move(self, change: int) -> None:
        self._inside_count += change
        self.places.hold(self._inside_count)


class Visit:
    """One connection, from when it is accepted until it `leave`s. `user` is who they say to be."""

    def __init__(self, door: Door, source: str, neighbourhood: str) -> None:
        self.source = source
        self.user = ""
        self.codec = "utf-8"
        self._door = door
        self._neighbourhood = neighbourhood
        self._inside = False
        self._principal: Principal | None = None

    def turn(self) -> AbstractAsyncContextManager[None]:
        """Wait until it is this one's turn to log in."""
        return self._door.turns.of(self._neighbourhood)

    def enter(self) -> None:
        """Take a place. Raises `TooManyConnections`."""
        self._door.enter(self._neighbourhood)
        self._inside = True

    def belong_to(self, principal: Principal) -> None:
        """Count for this principal and for no other any more, however many it has then."""
        if self._principal is not None and self._principal.name == principal.name:
            return
        self._forget_principal()
        # A new policy must reach every session, whether it can be counted or not.
        with contextlib.suppress(TooManyPrincipals):
            self._door.places.hold_session(principal.name, 1)
            self._principal = principal

    def join(self, principal: Principal) -> bool:
        """Count for this principal; False, and it does not, where that has all it may have, or
        where that cannot be known."""
        self.belong_to(principal)
        connections_max = principal.connections_max
        if connections_max is None:
            return True
        counted = self._principal is not None
        if counted and self._door.places.sessions_of(principal.name) <= connections_max:
            return True
        self._forget_principal()
        return False

    def leave(self) -> None:
        """It is over."""
        self._forget_principal()
        if self._inside:
            self._door.leave()
        else:
            self._door.turn_back(self._neighbourhood)

    def _forget_principal(self) -> None:
        if self._principal is not None:
            self._door.places.hold_session(self._principal.name, -1)
            self._principal = None


def neighbourhood_of(source: str) -> str:
    """Of IPv6 the first 64 bits, for whoever has one address has them all (RFC 4291, 2.5.1)."""
    if ":" not in source:
        return source
    address = ip_address(source.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return source
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address, 64), strict=False))
