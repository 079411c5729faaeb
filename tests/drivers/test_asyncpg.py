"""asyncpg: binary everywhere, a cache of prepared statements, a pool that resets its sessions."""

import datetime

import asyncpg
import pytest


@pytest.fixture
async def connection(proxy):
    connected = await asyncpg.connect(proxy.url("postgresql"))
    yield connected
    await connected.close()


async def test_rows_come_as_values(connection):
    row = await connection.fetchrow("SELECT id, name, born FROM person WHERE id = $1", 3)
    assert tuple(row) == (3, "synthetic 3", datetime.date(1990, 1, 4))


async def test_introspection_of_unusual_types_works(connection):
    await connection.execute("CREATE TYPE colour AS ENUM ('red', 'blue')")
    assert await connection.fetchval("SELECT ARRAY['red','blue']::colour[]") == ["red", "blue"]


async def test_executemany_writes_each(connection):
    rows = [(n, f"synthetic {n}") for n in range(100, 150)]
    await connection.executemany("INSERT INTO person VALUES ($1, $2)", rows)
    assert await connection.fetchval("SELECT count(*) FROM person") == 100


async def test_a_cursor_walks_through_a_portal(connection):
    async with connection.transaction():
        found = [row["id"] async for row in connection.cursor("SELECT id FROM person", prefetch=9)]
    assert sorted(found) == list(range(1, 51))


async def test_a_refused_statement_leaves_the_session_usable(connection):
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="refused by a test"):
        await connection.fetch("SELECT $1::int /*refuse*/", 1)
    assert await connection.fetchval("SELECT 1") == 1


async def test_a_pool_resets_its_sessions(proxy):
    async with asyncpg.create_pool(proxy.url("postgresql"), min_size=1, max_size=1) as pool:
        async with pool.acquire() as first:
            await first.execute("SET search_path = other")
            assert await first.fetchval("SELECT name FROM person WHERE id = 1") == (
                "of another schema"
            )
        async with pool.acquire() as second:
            assert await second.fetchval("SELECT name FROM person WHERE id = 1") == "synthetic 1"


async def test_a_new_policy_makes_the_driver_prepare_again(proxy, connection):
    """The statement's rewritten text has changed: the driver hears what a changed table says."""
    query = "SELECT name FROM person WHERE id = $1"
    assert await connection.fetchval(query, 1) == "synthetic 1"
    proxy.enforce_rewriting()
    assert await connection.fetchval(query, 1) == "synthetic 1"
    assert proxy.notary.headers("decision")[-1]["verdict"] == "strip"
