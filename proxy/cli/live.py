"""A look at the live database for the commands that ask it once and leave."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.names import SearchPath
from proxy.session.names import effective_path
from proxy.settings.service import Upstream
from proxy.statement.catalogue import Catalogue
from proxy.upstream import connect
from proxy.upstream.introspect import introspect
from proxy.upstream.stock import Stock, take_stock
from proxy.upstream.watch import open_catalogue

# ALTER ROLE ... IN DATABASE ... SET goes before ALTER ROLE ... SET, and that before the database's.
_CONFIGURED_PATH = """
SELECT pg_catalog.substr(c, 13)
FROM pg_catalog.pg_db_role_setting AS s, pg_catalog.unnest(s.setconfig) AS c
WHERE c LIKE 'search_path=%'
  AND s.setrole IN (0, (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = $1))
  AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database
                            WHERE datname = pg_catalog.current_database()))
ORDER BY s.setrole <> 0 DESC, s.setdatabase <> 0 DESC LIMIT 1"""
_SERVER_PATH = '"$user", public'


@dataclass(frozen=True, slots=True)
class LiveDatabase:
    """A catalogue, and the search path with which a session of the asked user starts."""

    catalogue: Catalogue
    search_path: SearchPath


async def look_at(upstream: Upstream, database: str | None, user: str = "") -> LiveDatabase:
    """Read the catalogue. Raises as `connected` does."""
    async with connected(upstream, database) as (name, connection):
        path = await connection.fetchval(_CONFIGURED_PATH, user) or _SERVER_PATH
        return LiveDatabase(await introspect(connection, name), _effective(path, user))


async def take_stock_of(upstream: Upstream, database: str | None) -> tuple[LiveDatabase, Stock]:
    """Read the catalogue and what else is of the site's own. Raises as `connected` does."""
    live = await look_at(upstream, database)
    async with connected(upstream, database) as (_, connection):
        return live, await take_stock(connection)


@asynccontextmanager
async def connected(
    upstream: Upstream, database: str | None
) -> AsyncIterator[tuple[str, asyncpg.Connection]]:
    """The database's name and a connection to it as the catalogue user. Raises
    `ConfigurationError` for a database that is not configured, `UpstreamUnavailable` for one that
    does not answer."""
    name = database if database is not None else upstream.databases[0]
    if name not in upstream.databases:
        raise ConfigurationError(
            f"--database: not configured; upstream.databases has: {', '.join(upstream.databases)}"
        )
    tls = connect.tls_context(connect.Upstream.configured(upstream))
    try:
        connection = await open_catalogue(upstream, name, tls)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise UpstreamUnavailable(
            f"cannot read the catalogue of {name} at {upstream.host}:{upstream.port} as"
            f" {upstream.catalogue_user} ({type(error).__name__}); is the server up, and may that"
            " user log in?"
        ) from None
    try:
        yield name, connection
    finally:
        await connection.close()


def _effective(setting: str, user: str) -> SearchPath:
    schemas = (part.strip().strip('"') for part in setting.split(","))
    return effective_path(tuple(schema for schema in schemas if schema), user)
