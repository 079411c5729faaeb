"""The look-up: one answer, at one time, and no error that says whom it was about."""

import asyncio
import datetime
import ssl
import time

import pytest

from proxy.desk.certificate.gate import ProxyGate, at_a_fixed_time, gate_context, own_address
from proxy.errors import ConfigurationError, UpstreamUnavailable
from tests.unit.proxy.desk.certificate.samples import REQUEST
from tests.unit.proxy.desk.certificate.test_decoding import decoded
from tests.world import HOST, PASSWORD, free_port

TODAY = datetime.date(2026, 11, 28)
ALL = "$1::text[] IS NOT NULL AND $2::text[] IS NOT NULL AND $3::date <= $4::date"


def gate(agency, query):
    """Straight to the database: what is in the answer is the scenarios' to say."""
    return ProxyGate(HOST, agency.port, agency.name, "desk", PASSWORD, query)


async def asked(gate):
    return await gate.has_conviction(decoded(REQUEST), officer="021377", today=TODAY)


async def test_the_answer_is_one_boolean(agency):
    assert await asked(gate(agency, f"SELECT {ALL}")) is True
    assert await asked(gate(agency, f"SELECT NOT ({ALL})")) is False


@pytest.mark.parametrize(
    "query",
    [
        f"SELECT 1 WHERE {ALL}",
        f"SELECT NULL::boolean WHERE {ALL}",
        f"SELECT true, true WHERE {ALL}",
        f"SELECT true WHERE NOT ({ALL})",
        f"SELECT {ALL} UNION ALL SELECT true",
        f"SELECT 1 / 0 > 0 AND {ALL}",
        "SELECT true",
        "SELECT $1 = 'x'",
    ],
)
async def test_any_other_answer_is_an_error_without_the_person(agency, query):
    with pytest.raises(UpstreamUnavailable) as failed:
        await asked(gate(agency, query))
    assert "甲" not in str(failed.value)
    assert failed.value.__cause__ is None


@pytest.mark.requirement("D11")
async def test_a_list_is_asked_one_by_one_in_its_order(agency):
    numbers = ["110105200405100018", "110105491231002", "P1234567"]
    by_number = "SELECT '11010519491231002X' = ANY ($1::text[]) AND $2::date <= $3::date"

    async def answers(query, of=numbers):
        return await gate(agency, query).have_convictions(of, officer="021377", today=TODAY)

    assert await answers(by_number) == (False, True, False)
    assert await answers(by_number, of=[]) == ()
    for query in ("SELECT $1::text[], $2::date, $3::date", by_number.replace("SELECT", "SELEC")):
        with pytest.raises(UpstreamUnavailable) as failed:
            await answers(query)
        assert "1101" not in str(failed.value)
        assert failed.value.__cause__ is None


async def test_without_a_proxy_there_is_no_answer():
    nobody = ProxyGate(HOST, free_port(), "agency", "desk", None, "SELECT true")
    with pytest.raises(UpstreamUnavailable):
        await asked(nobody)


async def test_who_asks_is_said_in_the_session(agency):
    query = f"SELECT current_setting('fengcun.operator') = '021377' AND {ALL}"
    assert await asked(gate(agency, query)) is True


@pytest.mark.requirement("E1", "E5")
async def test_a_quick_and_a_slow_answer_come_at_the_same_multiple():
    every_seconds = 0.2

    async def after(seconds):
        await asyncio.sleep(seconds)
        return True

    async def broken():
        raise UpstreamUnavailable("x")

    for slow, count in ((0.0, 1), (0.05, 1), (0.25, 2)):
        start = time.monotonic()
        assert await at_a_fixed_time(every_seconds, after(slow))
        # Never earlier; later only by what the machine adds.
        assert time.monotonic() - start >= count * every_seconds - 0.002
    start = time.monotonic()
    with pytest.raises(UpstreamUnavailable):
        await at_a_fixed_time(every_seconds, broken())
    assert time.monotonic() - start >= every_seconds - 0.002


def test_a_wildcard_is_reached_by_loopback():
    assert [own_address(each) for each in ("0.0.0.0", "::", "10.1.2.3", "db.example")] == [
        "127.0.0.1", "::1", "10.1.2.3", "db.example"
    ]  # fmt: skip


def test_a_listener_with_tls_alone_needs_its_authority(tmp_path):
    assert gate_context(None, required=False) is None
    with pytest.raises(ConfigurationError, match="ca_file"):
        gate_context(None, required=True)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        gate_context(tmp_path / "missing", required=True)
    import certifi

    context = gate_context(certifi.where(), required=True)
    assert context.verify_mode is ssl.CERT_REQUIRED
