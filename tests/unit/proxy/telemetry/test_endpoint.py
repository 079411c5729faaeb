import json
from dataclasses import fields, replace

import aiohttp
import pytest

from proxy.telemetry.endpoint import AddressUnusable, Health, start_endpoint

HEALTHY = Health(ready=True, ledger=True, catalogue=True, policy=True, witness=True)
LOOPBACK = "127.0.0.1"


async def _get(port: int, path: str, method: str = "GET") -> tuple[int, str, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.request(method, f"http://{LOOPBACK}:{port}{path}") as response,
    ):
        return response.status, response.headers["Content-Type"], await response.text()


@pytest.fixture
async def serve():
    endpoints = []

    async def start(health: Health = HEALTHY, exposition: bytes = b"x 1\n") -> int:
        async def ask() -> Health:
            return health

        endpoint = await start_endpoint(LOOPBACK, 0, exposition=lambda: exposition, health=ask)
        endpoints.append(endpoint)
        return endpoint.port

    yield start
    for endpoint in endpoints:
        await endpoint.close()


async def test_a_scrape_gets_the_exposition_as_prometheus_expects_it(serve):
    status, content_type, body = await _get(await serve(exposition=b"fengcun_x 1\n"), "/metrics")
    assert (status, body) == (200, "fengcun_x 1\n")
    assert content_type.startswith("text/plain; version=")


async def test_health_is_good_when_every_part_is(serve):
    got, content_type, body = await _get(await serve(), "/healthz")
    assert got == 200
    assert content_type.startswith("application/json")
    assert json.loads(body) == {field.name: True for field in fields(Health)}


@pytest.mark.parametrize("part", [field.name for field in fields(Health)])
async def test_one_part_that_is_not_well_is_enough_and_is_named(serve, part):
    got, _, body = await _get(await serve(replace(HEALTHY, **{part: False})), "/healthz")
    assert got == 503
    assert [name for name, well in json.loads(body).items() if not well] == [part]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/", 404), ("GET", "/metrics/..", 404), ("POST", "/metrics", 405)],
)
async def test_there_is_nothing_else(serve, method, path, status):
    assert (await _get(await serve(), path, method))[0] == status


async def test_a_port_in_use_is_the_configuration_s_fault_and_says_which(serve):
    port = await serve()
    with pytest.raises(AddressUnusable, match=rf"\[metrics\] {LOOPBACK}:{port} is in use"):
        await start_endpoint(LOOPBACK, port, exposition=bytes, health=lambda: HEALTHY)


@pytest.mark.requirement("G11")
async def test_an_address_of_another_machine_is_refused():
    with pytest.raises(AddressUnusable, match="not an address of this machine"):
        await start_endpoint("192.0.2.1", 0, exposition=bytes, health=lambda: HEALTHY)
