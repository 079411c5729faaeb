"""TLS on both legs, before a PostgreSQL that speaks it: nothing an application can tell apart from
a TLS connection of its own, except that channel binding cannot pass."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import psycopg
import pytest
from psycopg import errors

from proxy.server.worker import Way, WorkerLimits
from proxy.settings.service import Upstream as UpstreamTable
from proxy.upstream.connect import SslMode, Upstream, tls_context
from proxy.upstream.watch import open_catalogue
from proxy.wire.postgres.startup import SSL_REQUEST
from tests.drivers.harness import RunningProxy
from tests.drivers.raw import RawClient
from tests.unit.proxy.server.certificate import Certificate, make_certificate
from tests.world import HOST, PASSWORD, Database, PostgresWorld

TLS = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
SLEEPS = "SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
# Resolves to 127.0.0.1, and is no name of the certificate's.
OTHER_NAME = "127.1"


@dataclass(frozen=True)
class Encrypted:
    """A server with TLS, and the certificate that proxy and server both show."""

    database: Database
    certificate: Certificate

    def way(self, mode: SslMode, host: str = HOST, port: int | None = None) -> Way:
        """Clients may use TLS, and the database is reached as `mode` says."""
        authority = self.certificate.certificate_file
        upstream = Upstream(host, port or self.database.port, mode, authority)
        return Way(upstream, tls_context(upstream), self.certificate.client_tls())

    def verified(self) -> dict[str, str]:
        """What libpq needs to insist on TLS with the proxy."""
        return {"sslmode": "verify-full", "sslrootcert": str(self.certificate.certificate_file)}


@pytest.fixture(scope="module")
def encrypted() -> Iterator[Encrypted]:
    with PostgresWorld() as world:
        database = world.database()
        ((data,),) = database.run("SHOW data_directory")
        # The server looks for server.crt and server.key there.
        certificate = make_certificate(Path(str(data)))
        certificate.key_file.chmod(0o600)
        owner = Path(str(data)).stat()
        os.chown(certificate.key_file, owner.st_uid, owner.st_gid)
        os.chown(certificate.certificate_file, owner.st_uid, owner.st_gid)
        database.run(f"CREATE ROLE agency_scram LOGIN PASSWORD '{PASSWORD}'")
        database.run("ALTER SYSTEM SET ssl = on")
        world.stop()
        world.start()
        yield Encrypted(database, certificate)


@pytest.fixture
def proxy(encrypted: Encrypted) -> Iterator[RunningProxy]:
    with RunningProxy(encrypted.database, way=encrypted.way(SslMode.VERIFY_FULL)) as running:
        yield running


@pytest.mark.parametrize("mode", [SslMode.REQUIRE, SslMode.VERIFY_FULL])
def test_both_legs_are_encrypted_and_carry_large_messages(encrypted, mode):
    with (
        RunningProxy(encrypted.database, way=encrypted.way(mode)) as proxy,
        psycopg.connect(proxy.conninfo(**encrypted.verified())) as connection,
    ):
        assert connection.pgconn.ssl_in_use
        assert connection.execute(TLS).fetchone() == (True,)
        large = "x" * 3_000_000
        assert connection.execute("SELECT %s || 'y'", [large]).fetchone() == (large + "y",)


def test_a_client_may_stay_in_clear_while_the_database_is_encrypted(proxy):
    with psycopg.connect(proxy.conninfo(sslmode="disable")) as connection:
        assert connection.execute(TLS).fetchone() == (True,)


@pytest.mark.parametrize("host", [HOST, "localhost"])
def test_the_certificate_is_checked_against_the_configured_name(encrypted, host):
    way = encrypted.way(SslMode.VERIFY_FULL, host)
    with RunningProxy(encrypted.database, way=way) as proxy:
        assert psycopg.connect(proxy.conninfo()).execute(TLS).fetchone() == (True,)


@pytest.mark.parametrize(
    ("mode", "enters"), [(SslMode.REQUIRE, True), (SslMode.VERIFY_FULL, False)]
)
def test_a_certificate_for_another_name_is_refused_where_the_name_counts(encrypted, mode, enters):
    with (
        RunningProxy(encrypted.database, way=encrypted.way(mode, OTHER_NAME)) as proxy,
        RawClient(HOST, proxy.port) as raw,
    ):
        last = raw.start(user="postgres")[-1]
        assert (last.tag == "Z") is enters
        assert enters or last.fields["C"] == "08006"


def test_a_database_without_tls_is_not_spoken_to_in_clear(encrypted, postgres):
    way = encrypted.way(SslMode.REQUIRE, port=postgres.port)
    with RunningProxy(postgres.database(), way=way) as proxy, RawClient(HOST, proxy.port) as raw:
        (error,) = raw.start(user="postgres")
        assert (error.fields["S"], error.fields["C"]) == ("FATAL", "08006")
        assert "TLS" in error.fields["M"]


def test_a_statement_can_be_cancelled(proxy, encrypted):
    conninfo = proxy.conninfo(**encrypted.verified())
    with psycopg.connect(conninfo, autocommit=True) as connection, ThreadPoolExecutor() as pool:
        sleeping = pool.submit(connection.execute, "SELECT pg_sleep(60)")
        while not encrypted.database.run(SLEEPS):
            pass
        connection.cancel_safe()
        with pytest.raises(errors.QueryCanceled):
            sleeping.result()


def test_a_password_passes_and_channel_binding_says_how_to_do_without(proxy, encrypted):
    user, verified = "agency_scram", encrypted.verified()
    with pytest.raises(psycopg.OperationalError, match="channel_binding=disable"):
        psycopg.connect(proxy.conninfo(user, **verified))
    unbound = proxy.conninfo(user, channel_binding="disable", **verified)
    assert psycopg.connect(unbound).execute("SELECT current_user").fetchone() == (user,)


async def test_a_driver_that_does_not_know_of_channel_binding_passes(proxy, encrypted):
    connection = await asyncpg.connect(
        host=HOST, port=proxy.port, user="agency_scram", password=PASSWORD, database="postgres",
        ssl=encrypted.certificate.client_context(), statement_cache_size=0,
    )  # fmt: skip
    assert await connection.fetchval("SELECT current_user::text") == "agency_scram"
    await connection.close()


def test_who_insists_on_channel_binding_is_told_so_by_libpq(proxy, encrypted):
    how = proxy.conninfo("agency_scram", channel_binding="require", **encrypted.verified())
    with pytest.raises(psycopg.OperationalError, match="channel binding is required"):
        psycopg.connect(how)


def test_who_could_bind_passes_where_the_database_has_nothing_to_bind_to(encrypted, postgres):
    """It offers nothing over a leg in clear, so nothing is taken from its offer."""
    way = Way(Upstream(HOST, postgres.port), None, encrypted.certificate.client_tls())
    with RunningProxy(postgres.database(), way=way) as proxy:
        conninfo = proxy.conninfo("agency_scram", **encrypted.verified())
        assert psycopg.connect(conninfo).execute("SELECT 1").fetchone() == (1,)


async def test_the_catalogue_is_read_over_tls(encrypted):
    table = UpstreamTable(
        host=HOST, port=encrypted.database.port, databases=("postgres",),
        catalogue_user="postgres", sslmode="verify-full",
        ca_file=encrypted.certificate.certificate_file,
    )  # fmt: skip
    context = tls_context(encrypted.way(SslMode.VERIFY_FULL).upstream)
    connection = await open_catalogue(table, "postgres", context)
    assert await connection.fetchval(TLS)
    await connection.close()


@pytest.mark.parametrize(
    "said", [b"", b"\x16\x03\x01\x02\x00\x01"], ids=["nothing", "half-a-hello"]
)
def test_a_handshake_that_never_ends_holds_no_place(encrypted, said):
    limits = WorkerLimits(startup_seconds_max=0.2)
    way = encrypted.way(SslMode.REQUIRE)
    with (
        RunningProxy(encrypted.database, limits, way) as proxy,
        RawClient(HOST, proxy.port) as raw,
    ):
        raw.send(SSL_REQUEST)
        assert raw.socket.recv(1) == b"S"
        raw.send(said)
        raw.until("never")
        assert proxy.call(lambda: proxy.worker.connections_count) == 0
