"""Where the desk is served: TLS, sockets, and who may stay connected."""

import asyncio
import ssl
import stat

import aiohttp
import pytest

from ledger.accounts.connections import Limits
from proxy.desk.front.listener import open_front
from proxy.desk.officers import write_officers
from proxy.errors import ConfigurationError
from proxy.settings.desk import Desk as DeskSettings
from tests.unit.proxy.desk.counter import AGENCY, CASE, CLERK, TERMS, Site
from tests.unit.proxy.desk.front.house import ACCOUNTS, PASSWORD, as_json, open_house
from tests.unit.proxy.server.certificate import make_certificate


async def test_over_tls_the_cookie_goes_over_nothing_else(tmp_path):
    shown = make_certificate(tmp_path)
    files = {"certificate_file": shown.certificate_file, "key_file": shown.key_file}
    async with open_house(Site(tmp_path), tmp_path, **files) as house:
        trusting = ssl.create_default_context(cafile=shown.certificate_file)
        trusting.check_hostname = False
        reply = await house.send("GET", "/login", ssl=trusting)
        assert reply.status == 200
        assert "max-age" in reply.headers["Strict-Transport-Security"]
        cookie = reply.headers["Set-Cookie"]
        assert cookie.startswith("__Host-")
        assert "Secure" in cookie
        with pytest.raises(aiohttp.ClientError):
            async with aiohttp.ClientSession() as session:
                await session.get(house.base.replace("https", "http") + "/login")
        # Another certificate in the same place counts from the next connection on.
        (tmp_path / "other").mkdir()
        other = make_certificate(tmp_path / "other")
        shown.certificate_file.write_bytes(other.certificate_file.read_bytes())
        shown.key_file.write_bytes(other.key_file.read_bytes())
        house.front.reload()
        with pytest.raises(aiohttp.ClientError):
            await house.send("GET", "/login", ssl=trusting)
        shown.key_file.write_text("no key")
        with pytest.raises(ConfigurationError, match="cannot use"):
            house.front.reload()
        afresh = ssl.create_default_context(cafile=shown.certificate_file)
        afresh.check_hostname = False
        assert (await house.send("GET", "/login", ssl=afresh)).status == 200


async def test_a_unix_socket_is_for_the_service_and_its_group(tmp_path):
    path = tmp_path / "desk.sock"
    for _ in range(2):  # The second finds what the first left.
        async with open_house(Site(tmp_path / str(_)), tmp_path / str(_), host=str(path)):
            assert stat.S_IMODE(path.stat().st_mode) == 0o660
            connector = aiohttp.UnixConnector(str(path))
            async with aiohttp.ClientSession(connector=connector) as session:
                login = {"officer": CLERK.name, "password": PASSWORD}
                async with session.post("http://desk/api/v1/login", json=login) as reply:
                    assert reply.status == 200


async def test_a_connection_that_says_nothing_ends(tmp_path):
    limits = Limits(header_seconds_max=0.2)
    async with open_house(Site(tmp_path), tmp_path, limits=limits) as house:
        for sent in (b"", b"GET / HTTP/1.1\r\nHost: desk\r\nX-Slow: "):
            reader, writer = await asyncio.open_connection("127.0.0.1", house.front.port)
            writer.write(sent)
            async with asyncio.timeout(30):
                assert await reader.read() == b""
            writer.close()


async def test_so_many_are_connected_and_no_more(tmp_path):
    limits = Limits(connections_max=3)
    async with open_house(Site(tmp_path), tmp_path, limits=limits) as house:
        idle = [
            await asyncio.open_connection("127.0.0.1", house.front.port)
            for _ in range(limits.connections_max)
        ]
        async with asyncio.timeout(30):
            reader, writer = await asyncio.open_connection("127.0.0.1", house.front.port)
            assert await reader.read() == b""
            writer.close()
            for _, each in idle:
                each.close()
            while True:
                try:
                    assert (await house.send("GET", "/login")).status == 200
                    break
                except aiohttp.ClientError:
                    await asyncio.sleep(0.05)


async def test_one_that_is_being_answered_is_finished_when_the_desk_closes(tmp_path):
    async with open_house(Site(tmp_path), tmp_path) as house:
        token, waiting, going_on = await house.token(CLERK), asyncio.Event(), asyncio.Event()
        apply = house.desk.apply

        async def slow(*how):
            waiting.set()
            await going_on.wait()
            return await apply(*how)

        house.desk.apply = slow
        headers = {"Authorization": f"Bearer {token}"}
        asked = asyncio.create_task(
            house.send("POST", "/api/v1/applications", json=as_json(CASE), headers=headers)
        )
        await waiting.wait()
        closing = asyncio.create_task(house.front.close())
        await asyncio.sleep(0)
        going_on.set()
        assert (await asked).status == 201
        await closing


async def test_an_address_that_is_taken_is_said(tmp_path):
    async with open_house(Site(tmp_path), tmp_path) as house:
        settings = house.front._settings.model_copy(update={"port": house.front.port})
        with pytest.raises(ConfigurationError, match="cannot be listened on"):
            await open_front(settings, house.desk, TERMS, None, None)


async def test_without_a_file_of_officers_nothing_is_served(tmp_path):
    settings = DeskSettings(
        agency=AGENCY, directory=tmp_path, officers_file=tmp_path / "officers.toml"
    )
    with pytest.raises(ConfigurationError, match="fengcun desk officer add"):
        await open_front(settings, None, TERMS, None, None)
    write_officers(tmp_path / "officers.toml", ACCOUNTS)
    (tmp_path / "officers.toml").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        await open_front(settings, None, TERMS, None, None)


async def test_garbage_is_answered_and_logged_nowhere(tmp_path, caplog):
    async with open_house(Site(tmp_path), tmp_path) as house:
        for sent in (b"\x16\x03\x01\x02\x00", b"GET / HTTP/9.9\r\n\r\n", b"\x00" * 20_000):
            reader, writer = await asyncio.open_connection("127.0.0.1", house.front.port)
            writer.write(sent + b"\r\n\r\n")
            async with asyncio.timeout(30):
                answer = await reader.read()
            assert answer == b"" or answer.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
            writer.close()
    assert not [record for record in caplog.records if "aiohttp" in record.name]
