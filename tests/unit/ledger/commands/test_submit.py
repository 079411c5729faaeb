"""Asking over HTTP: what the network does is the witness not answering."""

import pytest
from aiohttp import ClientSession, web

from ledger.commands.submit import http_ask
from ledger.witnessed import WitnessUnavailable


async def test_status_and_body_are_handed_on(aiohttp_server):
    async def answer(request):
        return web.Response(status=409, body=await request.read())

    app = web.Application()
    app.router.add_post("/prefix/add-checkpoint", answer)
    server = await aiohttp_server(app)
    async with ClientSession() as session:
        ask = http_ask(session, str(server.make_url("/prefix/")))
        assert await ask(b"submission") == (409, b"submission")


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "no address", "ftp://127.0.0.1/"])
async def test_no_answer_is_told_as_one(url):
    async with ClientSession() as session:
        with pytest.raises(WitnessUnavailable):
            await http_ask(session, url)(b"submission")


async def test_redirections_are_not_followed(aiohttp_server):
    async def elsewhere(_):
        raise web.HTTPFound("http://127.0.0.1:1/")

    app = web.Application()
    app.router.add_post("/add-checkpoint", elsewhere)
    server = await aiohttp_server(app)
    async with ClientSession() as session:
        assert (await http_ask(session, str(server.make_url("/")))(b""))[0] == 302
