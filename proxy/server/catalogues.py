"""What the databases contain, read at the start and looked at again from time to time."""

from __future__ import annotations

import asyncio
import ssl

import asyncpg

from proxy.errors import UpstreamUnavailable
from proxy.settings.service import Upstream
from proxy.statement.catalogue import Catalogue
from proxy.upstream.introspect import introspect


async def read_catalogue(
    upstream: Upstream, context: ssl.SSLContext | None, database: str
) -> Catalogue:
    """The catalogue of one database, as the catalogue user sees it. Raises `UpstreamUnavailable`,
    whose text names neither what the server said nor anything in the database."""
    seconds_max = upstream.connect_timeout_ms / 1000
    try:
        connection = await asyncpg.connect(
            host=upstream.host,
            port=upstream.port,
            user=upstream.catalogue_user,
            password=upstream.catalogue_password(),
            database=database,
            timeout=seconds_max,
            command_timeout=max(seconds_max, 30.0),
            ssl=context if context is not None else "disable",
        )
        try:
            return await introspect(connection, database)
        finally:
            await connection.close(timeout=seconds_max)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UpstreamUnavailable(
            f"cannot read the catalogue of {database} at {upstream.host}:{upstream.port} as"
            f" {upstream.catalogue_user} ({type(error).__name__}): is the server up, and may that"
            " user log in?"
        ) from None


async def read_catalogues(
    upstream: Upstream, context: ssl.SSLContext | None
) -> dict[str, Catalogue]:
    """The catalogues of all configured databases. Raises `UpstreamUnavailable`."""
    read = [read_catalogue(upstream, context, name) for name in upstream.databases]
    return dict(zip(upstream.databases, await asyncio.gather(*read), strict=True))
