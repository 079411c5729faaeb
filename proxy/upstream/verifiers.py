"""The verifiers by which the database checks passwords, asked of the database itself."""

from __future__ import annotations

import asyncio
from typing import Final

import asyncpg

from proxy.errors import UpstreamUnavailable
from proxy.upstream.watch import FAILURES, Open
from proxy.wire.postgres.scram import Verifier, mock_verifier, parse_verifier
from proxy.wire.postgres.startup import as_sent

# NAMEDATALEN - 1: nobody is called more than that.
_NAME_BYTES_MAX: Final = 63
# What a new password gets; the setting is of PostgreSQL 16, before that there was no other number.
_ITERATIONS: Final = 4096
_NEW_ITERATIONS: Final = "SELECT pg_catalog.current_setting('scram_iterations', true)"


class Verifiers:
    """`query` has one parameter, the user's name, and gives one text or NULL.

    Users who have no verifier (none at all, or of another method) get one that nobody can satisfy,
    made with `mock_secret`: whether there is such a user is not told. Nothing is kept: a password
    that was changed is the one that counts for the next login.
    """

    def __init__(self, open_connection: Open, query: str, mock_secret: bytes) -> None:
        self._open = open_connection
        self._query = query
        self._mock_secret = mock_secret
        self._iterations = _ITERATIONS
        self._connection: asyncpg.Connection | None = None
        self._turn = asyncio.Lock()

    async def of(self, user: str) -> Verifier:
        """The verifier of a user. Raises `UpstreamUnavailable`."""
        raw = as_sent(user)
        # Decoded, it is the same for exactly the names that a database may have.
        known = len(raw) <= _NAME_BYTES_MAX and raw.decode("utf-8", "replace") == user
        found = await self._ask(user) if known else None
        # Made for everybody, so that making it takes no time that not making it would not.
        mock = mock_verifier(self._mock_secret, user, self._iterations)
        try:
            return parse_verifier(found or "")
        except ValueError:
            return mock

    async def close(self) -> None:
        """Close the connection."""
        async with self._turn:
            self._disconnect()

    async def _ask(self, user: str) -> str | None:
        async with self._turn:
            try:
                if self._connection is None:
                    self._connection = await self._open()
                    iterations = await self._connection.fetchval(_NEW_ITERATIONS)
                    self._iterations = int(iterations or _ITERATIONS)
                found = await self._connection.fetchval(self._query, user)
            except asyncpg.UntranslatableCharacterError:
                return None  # no name in the database's encoding
            except FAILURES as error:
                self._disconnect()
                raise UpstreamUnavailable(
                    f"login.verifier_query does not work ({type(error).__name__})"
                ) from None
            except BaseException:
                self._disconnect()  # in the middle of an answer
                raise
        return found if isinstance(found, str) else None

    def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
