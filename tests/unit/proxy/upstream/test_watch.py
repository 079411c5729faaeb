"""A look costs one query while nothing changed, and what was known outlives a failure."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.settings.service import Upstream
from proxy.upstream.watch import CatalogueWatch, open_catalogue
from tests.world import HOST, Database, PostgresWorld

pytestmark = pytest.mark.database


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Counting:
    """Opens connections, and counts them and the queries over them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.opened: list[asyncpg.Connection] = []
        self.queries = 0

    async def __call__(self) -> asyncpg.Connection:
        connection = await asyncpg.connect(self.database.url())
        connection.add_query_logger(self._count)
        self.opened.append(connection)
        return connection

    def _count(self, _: object) -> None:
        self.queries += 1


@pytest.fixture
async def opening(agency_copy: Database) -> Counting:
    return Counting(agency_copy)


@pytest.fixture
async def watch(opening: Counting) -> AsyncIterator[CatalogueWatch]:
    made = CatalogueWatch(opening, opening.database.name, Clock())
    yield made
    await made.close()


async def test_a_look_that_finds_nothing_new_asks_once_and_gives_the_same_object(watch, opening):
    first = await watch.look()
    before = opening.queries
    assert await watch.look() is first
    assert opening.queries == before + 1
    assert len(opening.opened) == 1


async def test_a_look_sees_what_changed(watch, opening):
    first = await watch.look()
    opening.database.run("ALTER TABLE base.person RENAME COLUMN phone TO mobile")
    second = await watch.look()
    assert second is watch.catalogue
    assert second.version != first.version


async def test_a_change_that_matters_to_nobody_gives_the_same_object(watch, opening):
    first = await watch.look()
    opening.database.run("TRUNCATE base.charge")  # new files, and a new row in pg_class
    before = opening.queries
    assert await watch.look() is first
    assert opening.queries > before + 1


async def test_a_failure_leaves_what_was_known_and_the_next_look_connects_again(watch, opening):
    first = await watch.look()
    opening.opened[0].terminate()
    with pytest.raises(UpstreamUnavailable) as caught:
        await watch.look()
    assert watch.catalogue is first
    assert opening.database.name in str(caught.value)
    assert await watch.look() is first
    assert len(opening.opened) == 2


async def test_a_server_that_is_gone_is_unavailable(opening):
    async def refuse() -> asyncpg.Connection:
        raise ConnectionRefusedError

    watch = CatalogueWatch(refuse, "agency", Clock())
    with pytest.raises(UpstreamUnavailable):
        await watch.look()
    assert watch.catalogue is None


async def test_the_age_counts_from_the_last_look_that_succeeded(opening):
    clock = Clock()
    watch = CatalogueWatch(opening, opening.database.name, clock)
    clock.now += 5
    assert watch.age_seconds == 5
    await watch.look()
    assert watch.age_seconds == 0
    clock.now += 7
    opening.opened[0].terminate()
    with pytest.raises(UpstreamUnavailable):
        await watch.look()
    assert watch.age_seconds == 7
    await watch.close()


async def test_the_catalogue_user_logs_in_with_its_password(
    postgres: PostgresWorld, agency, tmp_path
):
    password = tmp_path / "password"
    upstream = Upstream(
        host=HOST, port=agency.port, databases=("agency",), catalogue_user="agency_scram",
        catalogue_password_file=password,
    )  # fmt: skip
    password.write_text("synthetic-not-secret\n", encoding="utf-8")
    connection = await open_catalogue(upstream, "agency", None)
    assert await connection.fetchval("SHOW search_path") == ""
    await connection.close()
    password.write_text("wrong\n", encoding="utf-8")
    with pytest.raises(asyncpg.PostgresError):
        await open_catalogue(upstream, "agency", None)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "EUC_CN", "LATIN1"])
async def test_a_database_in_another_encoding_is_not_served(postgres: PostgresWorld, encoding):
    name = f"in_{encoding.lower()}"
    postgres.database().run(
        f"CREATE DATABASE {name} TEMPLATE template0 ENCODING '{encoding}' LOCALE 'C'"
    )
    upstream = Upstream(host=HOST, port=postgres.port, databases=(name,), catalogue_user="postgres")
    with pytest.raises(ConfigurationError, match=encoding):
        await open_catalogue(upstream, name, None)
    postgres.drop_database(postgres.database(name))


async def test_an_encoding_that_the_database_reads_otherwise_is_in_the_catalogue(watch, opening):
    first = await watch.look()
    assert first.misread == frozenset()
    opening.database.run(
        "UPDATE pg_conversion SET condefault = false WHERE conname = 'sjis_to_utf8'"
    )
    await opening.opened[-1].close()
    with pytest.raises(UpstreamUnavailable):
        await watch.look()
    second = await watch.look()
    assert second.misread == {"cp932"}
    assert second.version == first.version
    assert await watch.look() is second
