"""Knowing what a database contains while it changes: one connection, and a cheap look at it."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import replace

import asyncpg

from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.settings.service import Upstream
from proxy.statement.catalogue import Catalogue
from proxy.upstream.introspect import Row, fingerprint, introspect
from proxy.upstream.readings import misread
from proxy.wire.postgres.encoding import DATABASE_ENCODING

Open = Callable[[], Awaitable[asyncpg.Connection]]
FAILURES = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what a connection says that the server ends in mid-query
)
_ANSWER_SECONDS_MAX = 30.0


async def open_catalogue(
    upstream: Upstream, database: str, tls: ssl.SSLContext | None
) -> asyncpg.Connection:
    """A connection as the catalogue user. Raises what asyncpg raises, and `ConfigurationError`
    for a password file that cannot be read, or a database that is not in UTF-8."""
    connection = await asyncpg.connect(
        host=upstream.host,
        port=upstream.port,
        user=upstream.catalogue_user,
        password=upstream.catalogue_password(),
        database=database,
        timeout=upstream.connect_timeout_ms / 1000,
        command_timeout=_ANSWER_SECONDS_MAX,
        statement_cache_size=0,
        ssl=tls if tls is not None else "disable",
        server_settings={"application_name": "fengcun catalogue", "search_path": ""},
    )
    encoding = connection.get_settings().server_encoding
    if encoding != DATABASE_ENCODING:
        connection.terminate()
        raise ConfigurationError(
            f"upstream.databases: the encoding of {database} is {encoding}, and only databases in"
            f" {DATABASE_ENCODING} are served: others read names, quotes and backslashes otherwise"
        )
    return connection


class CatalogueWatch:
    """One database's catalogue, as of the last look.

    `look` asks for the fingerprint and reads the catalogue only where that changed; the same
    `Catalogue` object is given as long as its version is the same. A look that fails leaves what
    was known, closes the connection, and the next look opens another. Looks take turns.

    ``clock`` gives seconds that never go back, such as `time.monotonic`.
    """

    def __init__(self, open_connection: Open, database: str, clock: Callable[[], float]) -> None:
        self._open = open_connection
        self._database = database
        self._clock = clock
        self._connection: asyncpg.Connection | None = None
        self._fingerprint: tuple[Row, ...] = ()
        self._catalogue: Catalogue | None = None
        self._misread: frozenset[str] = frozenset()
        self._looked_at = clock()
        self._turn = asyncio.Lock()

    @property
    def catalogue(self) -> Catalogue | None:
        """What the last look that succeeded found; None before the first."""
        return self._catalogue

    @property
    def age_seconds(self) -> float:
        """How long ago a look last succeeded."""
        return self._clock() - self._looked_at

    async def look(self) -> Catalogue:
        """The catalogue as it is now. Raises `UpstreamUnavailable`."""
        async with self._turn:
            try:
                return await self._look()
            except FAILURES as error:
                await self._disconnect()
                raise UpstreamUnavailable(
                    f"cannot read the catalogue of {self._database} ({type(error).__name__}):"
                    " is the server up, and may the catalogue user log in?"
                ) from None
            except BaseException:
                await self._disconnect()  # in the middle of an answer
                raise

    async def close(self) -> None:
        """Close the connection."""
        async with self._turn:
            await self._disconnect()

    async def _look(self) -> Catalogue:
        if self._connection is None:
            self._connection = await self._open()
            self._misread = await misread(self._connection)
        found = await fingerprint(self._connection)
        known = self._catalogue
        if known is None or found != self._fingerprint or known.misread != self._misread:
            read = await introspect(self._connection, self._database)
            if known is None or (read.version, self._misread) != (known.version, known.misread):
                known = replace(read, misread=self._misread)
        self._catalogue, self._fingerprint, self._looked_at = known, found, self._clock()
        return known

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
