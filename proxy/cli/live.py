"""A look at the live database for the commands that ask it once and leave."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import asyncpg

from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.names import SearchPath
from proxy.settings.service import Upstream
from proxy.statement.catalogue import Catalogue
from proxy.upstream.introspect import introspect


@dataclass(frozen=True, slots=True)
class LiveDatabase:
    """A catalogue, and the search path a session starts with (``current_schemas(true)``)."""

    catalogue: Catalogue
    search_path: SearchPath


async def look_at(upstream: Upstream, database: str | None) -> LiveDatabase:
    """Connect as the catalogue user and read. Raises `ConfigurationError` for a database that is
    not configured, `UpstreamUnavailable` for one that does not answer."""
    name = database if database is not None else upstream.databases[0]
    if name not in upstream.databases:
        raise ConfigurationError(
            f"--database: not configured; upstream.databases has: {', '.join(upstream.databases)}"
        )
    try:
        connection = await asyncpg.connect(
            host=upstream.host,
            port=upstream.port,
            user=upstream.catalogue_user,
            password=upstream.catalogue_password(),
            database=name,
            timeout=upstream.connect_timeout_ms / 1000,
            ssl="disable" if upstream.sslmode == "disable" else upstream.sslmode,
        )
    except (OSError, asyncpg.PostgresError) as error:
        raise UpstreamUnavailable(
            f"cannot read the catalogue of {name} at {upstream.host}:{upstream.port} as"
            f" {upstream.catalogue_user} ({type(error).__name__}); is the server up, and may that"
            " user log in?"
        ) from None
    try:
        path = await connection.fetchval("SELECT pg_catalog.current_schemas(true)")
        return LiveDatabase(await introspect(connection, name), tuple(path))
    finally:
        await connection.close()
