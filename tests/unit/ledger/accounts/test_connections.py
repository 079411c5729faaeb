"""Who connects and says nothing, or too often."""

import asyncio
from contextlib import asynccontextmanager

import aiohttp
from aiohttp import web

from ledger.accounts.connections import Arrivals, Limits


@asynccontextmanager
async def served(limits):
    async def hello(_):
        return web.Response(text="hello")

    arrivals = Arrivals(limits)
    app = web.Application(middlewares=[arrivals.begun])
    app.router.add_get("/", hello)
    runner = web.AppRunner(app)
    await runner.setup()
    server = await asyncio.get_running_loop().create_server(
        arrivals.protocols(runner.server), "127.0.0.1", 0
    )
    yield server.sockets[0].getsockname()[1]
    server.close()
    await runner.cleanup()


async def test_who_says_nothing_is_cut_off_and_who_asked_in_time_is_not():
    limits = Limits(header_seconds_max=2.0)
    async with served(limits) as port, aiohttp.ClientSession() as session:
        async with session.get(f"http://127.0.0.1:{port}/") as answer:
            assert answer.status == 200
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\n")
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()
        # The first connection is still there and good.
        async with session.get(f"http://127.0.0.1:{port}/") as answer:
            assert await answer.text() == "hello"


async def test_there_are_so_many_places():
    async with served(Limits(connections_max=2)) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        async with asyncio.timeout(30):
            assert await reader.read() == b""
        writer.close()
        for _, each in held:
            each.close()
