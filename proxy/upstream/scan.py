"""What a scan reads: each rule's keys, by a login of its own, in one read-only snapshot.

It runs beside the applications and must not be felt: no parallel workers, small batches, an end to
each query. What it reads is sealed, so of an error nothing is passed on but its SQLSTATE.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeAlias

import asyncpg

from proxy.errors import UpstreamUnavailable
from proxy.names import quote_identifier
from proxy.policy.law import FindingRule
from proxy.settings.service import Scan, Upstream
from proxy.upstream.watch import FAILURES

Value: TypeAlias = "int | str | None"
Key: TypeAlias = tuple[Value, ...]

KEYS_MAX: Final = 10_000
_BATCH_ROWS: Final = 500
_VALUE_CHARACTERS_MAX: Final = 100
_SETTINGS: Final = {
    "application_name": "fengcun scan",
    "search_path": "",
    "default_transaction_read_only": "on",
    "standard_conforming_strings": "on",
    "TimeZone": "Asia/Shanghai",
    "lock_timeout": "5s",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What one rule found in one database: the first `KEYS_MAX` keys, and how many there are.

    ``failed`` is why it was not found out: an SQLSTATE, or a word of ours.
    """

    columns: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    count: int = 0
    failed: str | None = None


async def scan_database(
    upstream: Upstream,
    settings: Scan,
    database: str,
    tls: ssl.SSLContext | None,
    rules: Sequence[FindingRule],
) -> dict[str, Found]:
    """What the rules find, by their names; without those whose relations are not here.

    Raises `UpstreamUnavailable`, and `ConfigurationError` for a password that cannot be read.
    """
    out: dict[str, Found] = {}
    try:
        async with _snapshot(upstream, settings, database, tls) as connection:
            for rule in rules:
                if await _all_here(connection, rule):
                    out[rule.name] = await _ask(connection, rule)
    except FAILURES as error:
        state = getattr(error, "sqlstate", None) or type(error).__name__
        raise UpstreamUnavailable(f"the scan of {database} ended early ({state})") from None
    return out


@asynccontextmanager
async def _snapshot(
    upstream: Upstream, settings: Scan, database: str, tls: ssl.SSLContext | None
) -> AsyncIterator[asyncpg.Connection]:
    seconds = settings.timeout_ms / 1000
    connection = await asyncpg.connect(
        host=upstream.host,
        port=upstream.port,
        user=settings.user,
        password=settings.password(),
        database=database,
        timeout=upstream.connect_timeout_ms / 1000,
        command_timeout=seconds + upstream.connect_timeout_ms / 1000,
        statement_cache_size=0,
        ssl=tls if tls is not None else "disable",
        server_settings={**_SETTINGS, "statement_timeout": str(settings.timeout_ms)},
    )
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        connection.terminate()


async def _all_here(connection: asyncpg.Connection, rule: FindingRule) -> bool:
    names = [
        f"{quote_identifier(each.schema)}.{quote_identifier(each.name)}" for each in rule.relations
    ]
    here = "SELECT bool_and(to_regclass(n) IS NOT NULL) FROM pg_catalog.unnest($1::text[]) AS n"
    return bool(await connection.fetchval(here, names))


async def _ask(connection: asyncpg.Connection, rule: FindingRule) -> Found:
    """A query that fails is rolled back alone; the connection's own failures are the caller's."""
    keys: list[Key] = []
    columns: tuple[str, ...] = ()
    count = 0
    try:
        async with connection.transaction():
            async for record in connection.cursor(rule.query, prefetch=_BATCH_ROWS):
                columns = columns or tuple(record.keys())
                count += 1
                if count <= KEYS_MAX:
                    keys.append(tuple(map(_value, record.values())))
    except asyncpg.PostgresError as error:
        if connection.is_closed():
            raise
        return Found(failed=error.sqlstate or "unknown")
    return Found(columns, tuple(keys), count)


def _value(cell: object) -> Value:
    if cell is None or isinstance(cell, int):
        return cell
    return str(cell)[:_VALUE_CHARACTERS_MAX]
