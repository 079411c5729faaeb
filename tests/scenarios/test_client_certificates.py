"""Who must encrypt, who must show a certificate, and which ones count: decided in the handshake,
before anybody is asked for a password, and with real clients."""

import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psycopg
import pytest

from proxy.server.worker import InForce, Way
from proxy.upstream.connect import Upstream
from proxy.wire.postgres.startup import SSL_REQUEST, StartupMessage, encode_cancel, encode_startup
from tests.drivers.harness import PRINCIPAL, RunningProxy
from tests.drivers.raw import RawClient
from tests.unit.proxy.server.certificate import Authority, Certificate, subject
from tests.world import HOST, PASSWORD, Database

ASK = "SELECT current_user::text"
HELLO = encode_startup(StartupMessage(0, (("user", "postgres"),)))
DESK = subject(O="agency", CN="desk")


@dataclass(frozen=True)
class Site:
    """Certificates as a site has them: the proxy's, its clients', and those of somebody else."""

    clients: Authority
    proxy: Certificate
    ca_file: Path
    database: Database

    def running(self, **tls: object) -> RunningProxy:
        """A proxy with these keys in its table `[tls]`."""
        way = Way(Upstream(HOST, self.database.port), None, self.proxy.client_tls(**tls))
        return RunningProxy(self.database, way=way)

    def asking(self, how: str = "required", **more: object) -> RunningProxy:
        """One that asks its clients for certificates."""
        must = {"required": True} if how == "required" else {}
        files = {"client_ca_file": self.clients.file, **more}
        return self.running(client_certificates=how, **must, **files)

    def verified(self, certificate: Certificate | None = None, **more: str) -> dict[str, str]:
        """What libpq needs to insist on the proxy's certificate, and to show one."""
        shown = {"sslcert": "", "sslkey": ""} if certificate is None else certificate.shown()
        return {"sslmode": "verify-full", "sslrootcert": str(self.ca_file), **shown, **more}


@pytest.fixture
def site(postgres, tmp_path) -> Site:
    servers = Authority(tmp_path, "servers")
    proxy = servers.issue("proxy", subject(CN="proxy"))
    return Site(Authority(tmp_path, "clients"), proxy, servers.file, postgres.database())


@pytest.fixture
def desk(site: Site) -> Certificate:
    return site.clients.issue("desk", DESK)


def enters(proxy: RunningProxy, parameters: dict[str, str], user: str = "postgres") -> bool:
    with psycopg.connect(proxy.conninfo(user, **parameters)) as connection:
        assert connection.pgconn.ssl_in_use
        return bool(connection.execute(ASK).fetchone() == (user,))


@pytest.mark.parametrize("negotiation", ["postgres", "direct"])
@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_both_ways_to_begin_and_both_versions_are_spoken(site, negotiation, version):
    more = {"sslnegotiation": negotiation, "ssl_max_protocol_version": version}
    with site.running() as proxy:
        assert enters(proxy, site.verified(**more), "agency_scram")


def test_an_older_version_than_the_least_is_refused(site):
    with (
        site.running(minimum_version="1.3") as proxy,
        pytest.raises(psycopg.OperationalError, match="version"),
    ):
        enters(proxy, site.verified(ssl_max_protocol_version="TLSv1.2"))


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
def test_no_ticket_is_given_to_take_a_session_up_again(site, version):
    """It would show no certificate again, and outlive the list that revokes it."""
    context = ssl.create_default_context(cafile=site.ca_file)
    context.maximum_version = getattr(ssl.TLSVersion, version.replace(".", "_"))
    with site.running() as proxy, RawClient(HOST, proxy.port) as raw:
        raw.send(SSL_REQUEST)
        raw.socket.recv(1)
        raw.socket = context.wrap_socket(raw.socket, server_hostname="localhost")
        raw.start(user="postgres")
        assert isinstance(raw.socket, ssl.SSLSocket)
        session = raw.socket.session
        assert session is None or not session.has_ticket


def test_who_must_encrypt_and_does_not_is_refused_before_the_database_hears(site):
    with site.running(required=True) as proxy:
        assert enters(proxy, site.verified())
        with RawClient(HOST, proxy.port) as raw:
            (error,) = raw.start(user="agency_scram")
            assert (error.fields["S"], error.fields["C"]) == ("FATAL", "28000")
            assert "sslmode" in error.fields["M"]
        with pytest.raises(psycopg.OperationalError, match="encrypted"):
            psycopg.connect(proxy.conninfo(sslmode="disable"))


def test_a_cancel_request_may_come_in_clear(site):
    """As to the server: libpq before 17 has no other."""
    with site.running(required=True) as proxy, RawClient(HOST, proxy.port) as raw:
        raw.send(encode_cancel(b"\0\0\0\1\0\0\0\1"))
        assert raw.receive() is None


@pytest.mark.parametrize("wait", [False, True], ids=["behind-the-request", "instead-of-a-hello"])
def test_what_is_said_in_clear_around_the_request_is_never_read(site, wait):
    with site.running() as proxy, RawClient(HOST, proxy.port) as raw:
        raw.send(SSL_REQUEST if wait else SSL_REQUEST + HELLO)
        if wait:
            assert raw.socket.recv(1) == b"S"
            raw.send(HELLO)
        raw.socket.settimeout(10)
        said = b""
        while chunk := _received(raw.socket):
            said += chunk
        assert b"unencrypted data" in said if not wait else said[:1] in (b"", b"\x15")
        assert proxy.notary.headers("decision") == []


def _received(sock: socket.socket) -> bytes:
    try:
        return sock.recv(65536)
    except ConnectionResetError:
        return b""


def test_a_client_with_a_certificate_enters(site, desk):
    with site.asking() as proxy:
        for negotiation in ("postgres", "direct"):
            assert enters(proxy, site.verified(desk, sslnegotiation=negotiation), "agency_scram")


def test_real_psql_enters_with_one_and_not_without(site, desk):
    with site.asking() as proxy:
        for shown, code in ((desk, 0), (None, 2)):
            conninfo = proxy.conninfo("agency_scram", **site.verified(shown))
            done = subprocess.run(
                ["psql", "-X", "-At", "-c", ASK, conninfo], capture_output=True, text=True
            )
            assert done.returncode == code, done.stderr
            assert done.stdout == ("agency_scram\n" if code == 0 else "")


async def test_asyncpg_enters_with_one_and_not_without(site, desk):
    with site.asking() as proxy:
        for shown in (True, False):
            context = ssl.create_default_context(cafile=site.ca_file)
            if shown:
                context.load_cert_chain(desk.certificate_file, desk.key_file)
            connecting = asyncpg.connect(
                host=HOST, port=proxy.port, user="agency_scram", password=PASSWORD,
                database=proxy.database.name, ssl=context, statement_cache_size=0,
            )  # fmt: skip
            if not shown:
                with pytest.raises((OSError, asyncpg.PostgresError)):
                    await connecting
                continue
            connection = await connecting
            assert await connection.fetchval(ASK) == "agency_scram"
            await connection.close()


@pytest.fixture
def refused(site, tmp_path) -> dict[str, Certificate | None]:
    stranger = Authority(tmp_path, "strangers").issue("stranger", DESK)
    namesake = tmp_path / "namesake"
    namesake.mkdir()
    return {
        "none": None,
        "expired": site.clients.issue("expired", DESK, days=-1),
        "of-another-authority": stranger,
        "of-an-authority-of-the-same-name": Authority(namesake, "clients").issue("twin", DESK),
        "revoked": site.clients.issue("revoked", DESK),
    }


@pytest.mark.parametrize("version", ["TLSv1.2", "TLSv1.3"])
@pytest.mark.parametrize("how", ["optional", "required"])
def test_a_certificate_that_does_not_count_ends_the_handshake(site, desk, refused, how, version):
    assert refused["revoked"] is not None
    revocations = site.clients.revoke(refused["revoked"])
    with site.asking(how, client_crl_file=revocations) as proxy:
        limit = {"ssl_max_protocol_version": version}
        assert enters(proxy, site.verified(desk, **limit))
        for why, certificate in refused.items():
            if why == "none" and how == "optional":
                assert enters(proxy, site.verified(None, **limit))
                continue
            with pytest.raises(psycopg.OperationalError, match=r"SSL|server closed|alert"):
                enters(proxy, site.verified(certificate, **limit))
        sessions = {header["session"] for header in proxy.notary.headers("decision")}
        assert len(sessions) == (2 if how == "optional" else 1)


def test_a_list_that_is_too_old_lets_nobody_in(site, desk):
    with (
        site.asking(client_crl_file=site.clients.revoke(days=-1)) as proxy,
        pytest.raises(psycopg.OperationalError),
    ):
        enters(proxy, site.verified(desk))


def test_what_identifies_a_client_is_the_subject_that_was_verified(site, desk):
    asked = []

    def identify(*conditions):
        asked.append(conditions[-1])
        return PRINCIPAL

    with site.asking("optional") as proxy:
        plans = {proxy.database.name: proxy.plans}
        proxy.call(lambda: proxy.worker.enforce(InForce(identify, plans)))
        assert enters(proxy, site.verified(desk))
        assert enters(proxy, site.verified())
        psycopg.connect(proxy.conninfo(sslmode="disable")).close()
    assert asked == ["CN=desk,O=agency", None, None]


@pytest.mark.requirement("C2", "G2")
def test_a_certificate_is_on_record(site, desk):
    with site.asking() as proxy:
        assert enters(proxy, site.verified(desk))
        draft = next(each for each in proxy.notary.drafts if each.kind == "decision")
        assert b'"certificate":"CN=desk,O=agency"' in draft.payload


def test_revoking_takes_effect_with_the_next_way(site, desk):
    with site.asking(client_crl_file=site.clients.revoke()) as proxy:
        assert enters(proxy, site.verified(desk))
        later = site.asking(client_crl_file=site.clients.revoke(desk)).way
        proxy.call(lambda: proxy.worker.lead(later))
        with pytest.raises(psycopg.OperationalError):
            enters(proxy, site.verified(desk))
