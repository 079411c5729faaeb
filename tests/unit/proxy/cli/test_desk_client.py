"""The way to a desk: over which network a password goes, and what comes back."""

import asyncio
import threading

import pytest
from aiohttp import web

from proxy.cli.desk_client import Answer, DeskRefused, Place, ask
from proxy.errors import ConfigurationError


@pytest.fixture
def officer(monkeypatch, tmp_path):
    secret = tmp_path / "password"
    secret.write_text("synthetic-密码\n", encoding="utf-8")
    secret.chmod(0o600)
    monkeypatch.setenv("FENGCUN_OFFICER", "李")
    monkeypatch.setenv("FENGCUN_OFFICER_PASSWORD_FILE", str(secret))
    return secret


@pytest.fixture
def desk(tmp_path):
    """Something that answers, on a Unix socket and on a port."""
    seen = []
    answers = {
        "/api/v1/odd": lambda: web.Response(text="<html>", content_type="text/html"),
        "/api/v1/away": lambda: web.Response(status=302, headers={"Location": "/api/v1/fine"}),
        "/api/v1/list": lambda: web.json_response([1]),
        "/api/v1/bad": lambda: web.Response(status=500, text="{", content_type="application/json"),
        "/api/v1/fine": lambda: web.json_response({"a": 1}),
    }

    async def answer(request):
        seen.append((request.path, request.headers["Authorization"]))
        return answers[request.path]()

    loop = asyncio.new_event_loop()
    started = threading.Event()
    path = tmp_path / "desk.sock"

    async def start():
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", answer)
        runner = web.AppRunner(app)
        await runner.setup()
        await web.UnixSite(runner, str(path)).start()
        started.set()

    def serve():
        asyncio.set_event_loop(loop)
        loop.run_until_complete(start())
        loop.run_forever()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert started.wait(30)
    place = Place(f"unix:{path}")
    yield place, seen
    loop.call_soon_threadsafe(loop.stop)
    thread.join(30)


def test_an_answer_comes_over_a_unix_socket(officer, desk):
    place, seen = desk
    assert ask(place, "GET", "/fine").json() == {"a": 1}
    assert seen == [("/api/v1/fine", "Basic 5p2OOnN5bnRoZXRpYy3lr4bnoIE=")]


@pytest.mark.parametrize("path", ["/away", "/bad"])
def test_an_answer_that_is_none_is_an_error_and_no_redirect_is_followed(officer, desk, path):
    place, seen = desk
    with pytest.raises(DeskRefused):
        ask(place, "GET", path)
    assert len(seen) == 1


@pytest.mark.parametrize("path", ["/odd", "/list"])
def test_what_is_no_object_is_not_understood(officer, desk, path):
    with pytest.raises(DeskRefused, match="is this its address"):
        ask(desk[0], "GET", path).json()


def test_a_password_that_others_can_read_is_not_used(officer, desk):
    officer.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        ask(desk[0], "GET", "/fine")
    assert desk[1] == []


def test_nothing_goes_in_clear_to_another_machine(officer):
    with pytest.raises(ConfigurationError, match="https only"):
        ask(Place("http://192.0.2.1:8432"), "GET", "/fine")


def test_an_answer_is_text_of_json():
    assert Answer(b'{"a": 1}', is_json=True).json() == {"a": 1}
    with pytest.raises(DeskRefused):
        Answer(b"\xff", is_json=True).json()
