"""The proxy checks passwords by the database's own verifiers and logs in with what clients have
proven: with channel binding on both legs, real clients, and a database that has TLS."""

import asyncio
import contextlib
import shutil
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import asyncpg
import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519

from proxy.policy.wording import ending_in_chinese
from proxy.server.worker import Way
from proxy.upstream.connect import SslMode, Upstream, tls_context
from proxy.upstream.verifiers import Verifiers
from proxy.wire.postgres.frontend import encode_sasl_initial
from proxy.wire.postgres.scram import SCRAM, WrongProof
from proxy.wire.postgres.startup import SSL_REQUEST, StartupMessage, encode_startup
from tests.drivers.harness import RunningProxy
from tests.drivers.raw import RawClient
from tests.unit.proxy.server.certificate import Authority, Certificate, subject
from tests.world import HOST, PASSWORD, Database, PostgresWorld

USER = "agency_scram"
TOLD = f"password authentication failed\nDETAIL:  {ending_in_chinese(WrongProof.label)}"
ASK = "SELECT current_user::text, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
# What the deployment guide has an administrator make.
FUNCTION = """
CREATE SCHEMA fengcun;
CREATE ROLE fengcun LOGIN;
GRANT USAGE ON SCHEMA fengcun TO fengcun;
CREATE FUNCTION fengcun.verifier(login text) RETURNS text
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$ SELECT rolpassword FROM pg_authid WHERE rolname = login AND rolcanlogin AND NOT rolsuper $$;
REVOKE ALL ON FUNCTION fengcun.verifier FROM PUBLIC;
GRANT EXECUTE ON FUNCTION fengcun.verifier TO fengcun;
"""


@dataclass(frozen=True)
class Site:
    """A database with TLS, a proxy that asks it for verifiers, and an authority for both."""

    database: Database
    authority: Authority
    proxy: Certificate

    def running(
        self, mode: SslMode = SslMode.VERIFY_FULL, shown: Certificate | None = None
    ) -> RunningProxy:
        upstream = Upstream(HOST, self.database.port, mode, self.authority.file)
        tls = (shown or self.proxy).client_tls()
        verifiers = Verifiers(self._connect, "SELECT fengcun.verifier($1)", b"secret")
        way = Way(upstream, tls_context(upstream), tls, verifiers.of)
        return RunningProxy(self.database, way=way)

    async def _connect(self) -> asyncpg.Connection:
        return await asyncpg.connect(
            host=HOST, port=self.database.port, user="fengcun", database=self.database.name
        )

    def verified(self, **more: str) -> dict[str, str]:
        return {"sslmode": "verify-full", "sslrootcert": str(self.authority.file), **more}


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp("certificates")
    authority = Authority(directory, "authority")
    with PostgresWorld() as world:
        database = world.database()
        ((data,),) = database.run("SHOW data_directory")
        own = authority.issue("server", subject(CN="server"))
        owner = Path(str(data)).stat()
        for file in (own.certificate_file, own.key_file):
            placed = Path(shutil.copy(file, Path(str(data)) / file.name))
            shutil.chown(placed, owner.st_uid, owner.st_gid)
            placed.chmod(0o600)
        database.run(f"CREATE ROLE {USER} LOGIN PASSWORD '{PASSWORD}'")
        database.run(FUNCTION)
        database.run("ALTER SYSTEM SET ssl = on")
        world.stop()
        world.start()
        yield Site(database, authority, authority.issue("proxy", subject(CN="proxy")))


@pytest.mark.parametrize("mode", list(SslMode))
@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_every_client_of_libpq_enters_whatever_the_other_leg_is(site, mode, binding):
    with site.running(mode) as proxy:
        conninfo = proxy.conninfo(USER, **site.verified(channel_binding=binding))
        with psycopg.connect(conninfo) as connection:
            encrypted = mode is not SslMode.DISABLE
            assert connection.execute(ASK).fetchone() == (USER, encrypted)


@pytest.mark.parametrize("negotiation", ["postgres", "direct"])
def test_binding_does_not_depend_on_how_tls_began(site, negotiation):
    with site.running() as proxy:
        how = site.verified(channel_binding="require", sslnegotiation=negotiation)
        assert psycopg.connect(proxy.conninfo(USER, **how)).execute("SELECT 1").fetchone() == (1,)


def test_real_psql_insists_on_channel_binding_and_enters(site):
    with site.running() as proxy:
        conninfo = proxy.conninfo(USER, **site.verified(channel_binding="require"))
        done = subprocess.run(
            ["psql", "-X", "-At", "-c", ASK, conninfo], capture_output=True, text=True
        )
        assert (done.returncode, done.stdout) == (0, f"{USER}|t\n"), done.stderr


async def test_asyncpg_enters_without_binding(site):
    with site.running() as proxy:
        connection = await asyncpg.connect(
            host=HOST, port=proxy.port, user=USER, password=PASSWORD, database="postgres",
            ssl=ssl.create_default_context(cafile=site.authority.file), statement_cache_size=0,
        )  # fmt: skip
        assert await connection.fetchval("SELECT current_user::text") == USER
        await connection.close()


def test_a_client_in_clear_enters_where_encryption_is_not_required(site):
    with site.running() as proxy:
        connection = psycopg.connect(proxy.conninfo(USER, sslmode="disable"))
        assert connection.execute(ASK).fetchone() == (USER, True)


@pytest.mark.parametrize("binding", ["prefer", "require"])
def test_where_nothing_can_be_bound_to_no_binding_is_offered(site, binding):
    """RFC 5929 says nothing of signatures by Ed25519."""
    key = ed25519.Ed25519PrivateKey.generate()
    own = site.authority.issue("ed", subject(CN="ed"), key=key, by=key)
    with site.running(shown=own) as proxy:
        conninfo = proxy.conninfo(USER, sslmode="require", channel_binding=binding)
        if binding == "prefer":
            assert psycopg.connect(conninfo).execute("SELECT 1").fetchone() == (1,)
            return
        with pytest.raises(psycopg.OperationalError, match="channel binding"):
            psycopg.connect(conninfo)


def wrong(site: Site, proxy: RunningProxy, user: str, password: str) -> str:
    with pytest.raises(psycopg.OperationalError) as refused:
        psycopg.connect(proxy.conninfo(user, **site.verified()), password=password)
    return str(refused.value).split("FATAL:")[1].strip()


def test_wrong_passwords_and_unknown_users_are_told_the_same(site):
    with site.running() as proxy:
        told = {
            wrong(site, proxy, USER, "wrong"),
            wrong(site, proxy, "nobody_at_all", PASSWORD),
            wrong(site, proxy, "postgres", PASSWORD),  # the function gives no superuser's
        }
        assert told == {TOLD}
        assert proxy.notary.headers("decision") == []


def challenge(proxy: RunningProxy, user: str) -> str:
    with RawClient(HOST, proxy.port) as raw:
        raw.send(encode_startup(StartupMessage(0, (("user", user), ("database", "postgres")))))
        raw.receive()
        raw.send(encode_sasl_initial(SCRAM, b"n,,n=,r=x"))
        answer = raw.receive()
        assert answer is not None
        return answer.body[4:].decode().split(",", 1)[1]


def test_a_salt_does_not_tell_whether_there_is_such_a_user(site):
    with site.running() as proxy, site.running() as restarted:
        for user in (USER, "nobody_at_all"):
            assert challenge(proxy, user) == challenge(proxy, user) == challenge(restarted, user)
        lengths = {len(challenge(proxy, user)) for user in (USER, "nobody_at_all")}
        assert len(lengths) == 1


def test_a_password_that_was_changed_is_the_one_that_counts_next(site):
    site.database.run("CREATE ROLE changing LOGIN PASSWORD 'first'")
    try:
        with site.running() as proxy:
            how = site.verified(channel_binding="require")
            psycopg.connect(proxy.conninfo("changing", **how), password="first").close()
            site.database.run("ALTER ROLE changing PASSWORD 'second'")
            assert wrong(site, proxy, "changing", "first") == TOLD
            psycopg.connect(proxy.conninfo("changing", **how), password="second").close()
    finally:
        site.database.run("DROP ROLE changing")


def test_what_the_database_refuses_is_said_in_its_own_words(site):
    site.database.run(f"ALTER ROLE {USER} CONNECTION LIMIT 0")
    try:
        with site.running() as proxy:
            assert "too many connections for role" in wrong(site, proxy, USER, PASSWORD)
    finally:
        site.database.run(f"ALTER ROLE {USER} CONNECTION LIMIT -1")


@pytest.mark.parametrize("user", ["agency_md5", "agency_password"])
def test_a_database_that_asks_for_something_else_is_said_to(site, user):
    """Its role has a verifier, but pg_hba.conf wants the password in clear, or by MD5."""
    site.database.run(f"CREATE ROLE {user} LOGIN PASSWORD '{PASSWORD}'")
    try:
        with site.running() as proxy:
            if user == "agency_md5":  # which the server answers with SCRAM for such a verifier
                psycopg.connect(proxy.conninfo(user, **site.verified())).close()
            else:
                assert "something else than SCRAM-SHA-256" in wrong(site, proxy, user, PASSWORD)
    finally:
        site.database.run(f"DROP ROLE {user}")


@asynccontextmanager
async def man_in_the_middle(site: Site, port: int) -> AsyncIterator[int]:
    """He has a certificate that everybody accepts, and passes everything on; gives his port."""
    own = site.authority.issue("middle", subject(CN="middle"))
    pumps = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
        writer.close()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(SSL_REQUEST))
        writer.write(b"S")
        await writer.start_tls(own.server_context())
        further = await asyncio.open_connection(HOST, port)
        further[1].write(SSL_REQUEST)
        await further[0].readexactly(1)
        context = ssl.create_default_context(cafile=site.authority.file)
        await further[1].start_tls(context, server_hostname="localhost")
        pumps.append(asyncio.create_task(pump(reader, further[1])))
        pumps.append(asyncio.create_task(pump(further[0], writer)))

    server = await asyncio.start_server(meet, HOST, 0)
    yield server.sockets[0].getsockname()[1]
    server.close()
    for each in pumps:
        each.cancel()


@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
async def test_a_man_in_the_middle_of_the_clients_leg_is_noticed(site, binding):
    """But by nobody where the client says that it does not want to know."""
    with site.running() as proxy:
        async with man_in_the_middle(site, proxy.port) as port:
            how = site.verified(channel_binding=binding, port=str(port))
            connecting = psycopg.AsyncConnection.connect(proxy.conninfo(USER), **how)
            if binding == "disable":
                await (await connecting).close()
                return
            with pytest.raises(psycopg.OperationalError, match="channel binding check failed"):
                await connecting


@pytest.mark.parametrize("how", ["scram", "relay"])
async def test_a_man_in_the_middle_of_the_databases_leg_is_noticed(site, how):
    """With relay he is not: there the client's own login passes, and it can bind to nothing."""
    with site.running() as proxy:
        async with man_in_the_middle(site, site.database.port) as port:
            way = replace(proxy.way, upstream=replace(proxy.way.upstream, port=port))
            if how == "relay":
                way = replace(way, verifier_of=None)
            proxy.call(lambda: proxy.worker.lead(way))
            conninfo = proxy.conninfo(USER, **site.verified(channel_binding="disable"))
            if how == "relay":
                await (await psycopg.AsyncConnection.connect(conninfo)).close()
                return
            with pytest.raises(psycopg.OperationalError, match="channel binding check failed"):
                await psycopg.AsyncConnection.connect(conninfo)


def test_another_database_is_not_logged_in_to(site, postgres):
    """It has the user, and another password; the proxy was led to it."""
    with site.running(SslMode.DISABLE) as proxy:
        way = proxy.way
        assert way is not None
        led = replace(way, upstream=Upstream(HOST, postgres.port))
        proxy.call(lambda: proxy.worker.lead(led))
        assert "knows another password" in wrong(site, proxy, USER, PASSWORD)
