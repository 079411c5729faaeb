"""What the network does, or somebody in the witness's place, is the witness not answering."""

import resource
import subprocess
import sys

import pytest
from aiohttp import web

from ledger import asking
from ledger.asking import ANSWER_BYTES_MAX, witness_at
from ledger.errors import ConfigurationError
from ledger.witness.state import origin_digest
from ledger.witnessed import Failing, WitnessUnavailable
from tests.unit.ledger.watched_log import (
    answering,
    elsewhere,
    endless,
    hanging,
    saying,
    watched_log,
)
from tests.unit.proxy.server.certificate import Authority, subject

NOWHERE = ["http://127.0.0.1:1", "no address", "ftp://127.0.0.1/", "https://127.0.0.1:1/x"]


async def latest(url, ca_file=None):
    async with witness_at(url, ca_file) as witness:
        return await witness.latest("ledger.example/agency1")


async def ask(url, data=b"submission"):
    async with witness_at(url) as witness:
        return await witness.ask(data)


async def test_status_and_body_are_handed_on_whole(aiohttp_server):
    async def in_pieces(request):
        response = web.StreamResponse(status=409)
        await response.prepare(request)
        for piece in (b"1", b"2", b"\n"):
            await response.write(piece)
        return response

    server = await aiohttp_server(answering(in_pieces))
    assert await ask(str(server.make_url("/"))) == (409, b"12\n")


async def test_a_real_witness_shows_what_it_saw(aiohttp_server, tmp_path):
    watched = watched_log(tmp_path)
    server = await aiohttp_server(watched.app)
    url = str(server.make_url(""))
    assert await latest(url) is None
    note = watched.cosign()
    assert await latest(url) == note
    watched.witness.close()


async def test_a_prefix_is_a_prefix(aiohttp_server):
    async def path(request):
        return web.Response(text=request.path)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", path)
    server = await aiohttp_server(app)
    for prefix in ("/a", "/a/"):
        url = str(server.make_url(prefix))
        assert await ask(url) == (200, b"/a/add-checkpoint")
        digest = origin_digest("ledger.example/agency1")
        assert await latest(url) == f"/a/{digest}/checkpoint".encode()


@pytest.mark.parametrize("url", NOWHERE)
async def test_no_answer_is_told_as_one(url):
    for attempt in (ask, latest):
        with pytest.raises(WitnessUnavailable) as told:
            await attempt(url)
        assert told.value.failing is Failing.UNREACHABLE


@pytest.mark.parametrize(
    ("answer", "failing"),
    [
        (endless, Failing.NONSENSE),
        (hanging, Failing.UNREACHABLE),
        (saying(200, b"x" * (ANSWER_BYTES_MAX + 1)), Failing.NONSENSE),
        (saying(200, headers={"X-Long": "x" * 70_000}), Failing.UNREACHABLE),
        (saying(200, headers={f"X-{number}": "x" for number in range(2_000)}), Failing.UNREACHABLE),
    ],
    ids=["endless", "hangs", "too long", "long header", "many headers"],
)
async def test_who_does_not_come_to_an_end_is_not_waited_for(
    aiohttp_server, monkeypatch, answer, failing
):
    monkeypatch.setattr(asking, "ANSWER_SECONDS_MAX", 2.0)
    server = await aiohttp_server(answering(answer))
    with pytest.raises(WitnessUnavailable) as told:
        await latest(str(server.make_url("/")))
    assert told.value.failing is failing


async def test_what_is_packed_is_not_unpacked(aiohttp_server):
    packed = saying(200, b"not even packed", {"Content-Encoding": "gzip"})
    server = await aiohttp_server(answering(packed))
    assert await latest(str(server.make_url("/"))) == b"not even packed"


async def test_redirections_are_not_followed(aiohttp_server):
    app = answering(elsewhere)
    app.router.add_route("*", "/elsewhere/{rest:.*}", saying(200, b"believe me"))
    server = await aiohttp_server(app)
    url = str(server.make_url("/"))
    assert (await ask(url))[0] == 302
    with pytest.raises(WitnessUnavailable) as told:
        await latest(url)
    assert told.value.failing is Failing.REFUSED


async def test_over_tls_a_stranger_is_nobody(aiohttp_server, tmp_path):
    ours, strangers = Authority(tmp_path, "ours"), Authority(tmp_path, "strangers")
    served = ours.issue("served", subject(CN="witness"))
    app = answering(saying(200, b"note"))
    server = await aiohttp_server(app, ssl=served.server_context())
    url = str(server.make_url("/"))
    assert await latest(url, ours.file) == b"note"
    for ca_file in (strangers.file, None):
        with pytest.raises(WitnessUnavailable):
            await latest(url, ca_file)


@pytest.mark.parametrize("name", ["missing.pem", "empty.pem"])
async def test_authorities_that_cannot_be_read_are_named(tmp_path, name):
    (tmp_path / "empty.pem").write_text("nothing\n")
    with pytest.raises(ConfigurationError, match=name):
        await latest("https://127.0.0.1:1", tmp_path / name)


def test_whoever_asks_has_a_limit_of_memory():
    code = (
        "import resource; from ledger.asking import confine; confine();"
        "print(resource.getrlimit(resource.RLIMIT_AS)[0])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 1 << 30 != resource.RLIM_INFINITY
