"""The drivers before the real service, with the shipped policy and a real ledger: what they do on
their own account (catalogue queries, resets, preparing) works, and sealed rows are absent."""

import asyncio
import os
import subprocess
from itertools import starmap

import asyncpg
import psycopg
import pytest
import sqlalchemy as sa
from psycopg import errors
from sqlalchemy.ext.asyncio import create_async_engine

from proxy.wire.postgres.encoding import codec_of
from tests.scenarios.service import ROOT, running_service
from tests.world import HOST, PASSWORD

USER = "agency_app"
VISIBLE = "SELECT cp_id FROM base.case_person ORDER BY cp_id"
BY_PERSON = "SELECT count(*) FROM base.case_person WHERE person_id = %s"


@pytest.fixture(scope="module")
def site(agency, tmp_path_factory):
    with running_service(agency, tmp_path_factory.mktemp("site")) as service:
        yield service.site


@pytest.fixture(scope="module")
def visible(site):
    """What may be seen, according to one driver; the others must agree."""
    with site.connect(USER) as connection:
        return [row[0] for row in connection.execute(VISIBLE)]


@pytest.fixture
def url(site):
    return f"postgresql+{{}}://{USER}:{PASSWORD}@{HOST}:{site.port}/{site.database.name}"


def test_some_rows_are_sealed_and_some_are_not(site, visible):
    everything = [row[0] for row in site.database.run(VISIBLE)]
    assert set(visible) < set(everything)
    assert visible


@pytest.mark.parametrize("command", [r"\dt base.*", r"\d base.person", r"\l", r"\du", r"\dn"])
def test_psql_describes_what_is_there(site, command):
    done = subprocess.run(
        ["psql", "-X", "-d", site.conninfo(USER), "-c", command],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout


def psql_refused(site, encoding):
    """What psql prints for the platform of the first page, in one of the client's encodings."""
    done = subprocess.run(
        ["psql", "-X", "-d", site.conninfo("bgcheck"), "-c", "SELECT * FROM base.case_person"],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PGCLIENTENCODING": encoding},
    )
    assert (done.returncode, done.stdout) == (1, b"")
    return done.stderr.decode(codec_of(encoding)).splitlines()


@pytest.mark.parametrize("encoding", ["UTF8", "SQL_ASCII", "GBK", "GB18030", "EUC_CN"])
def test_psql_shows_a_refusal_in_both_languages_as_the_first_page_has_it(site, encoding):
    page = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = next(n for n, line in enumerate(page) if line.startswith("ERROR:  "))
    shown = psql_refused(site, encoding)
    assert [line.split(":")[0] for line in shown] == ["ERROR", "DETAIL", "HINT"]
    assert shown == page[start : start + 3]


@pytest.mark.parametrize("encoding", ["LATIN1", "WIN1252", "SJIS", "BIG5"])
def test_psql_shows_no_question_marks_where_there_is_no_chinese(site, encoding):
    shown = psql_refused(site, encoding)
    assert [line.split(":")[0] for line in shown] == ["ERROR", "HINT"]
    assert "?" not in "".join(shown)


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_psycopg_prepares_binds_and_fetches(site, visible, binary):
    with site.connect(USER) as connection:
        for _ in range(8):
            rows = connection.execute(VISIBLE, prepare=True, binary=binary).fetchall()
            assert [row[0] for row in rows] == visible


def test_psycopg_runs_a_pipeline(site):
    with site.connect(USER) as connection:
        alone = [connection.execute(BY_PERSON, [n]).fetchone() for n in range(20)]
        with connection.pipeline():
            cursors = [connection.execute(BY_PERSON, [n]) for n in range(20)]
            assert [cursor.fetchone() for cursor in cursors] == alone


def test_a_refusal_aborts_the_transaction_and_nothing_more(site, visible):
    with site.connect(USER) as connection:
        with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
            connection.execute("EXPLAIN SELECT * FROM base.case_person")
        assert [row[0] for row in connection.execute(VISIBLE)] == visible


async def test_asyncpg_pools_and_resets(site, visible):
    dsn = f"postgresql://{USER}:{PASSWORD}@{HOST}:{site.port}/{site.database.name}"
    async with asyncpg.create_pool(dsn, min_size=2, max_size=2) as pool:

        async def ask(_number):
            async with pool.acquire() as connection:
                return [row[0] for row in await connection.fetch(VISIBLE)]

        answers = await asyncio.gather(*map(ask, range(10)))
    assert answers == [visible] * 10


async def test_asyncpg_walks_a_cursor(site, visible):
    dsn = f"postgresql://{USER}:{PASSWORD}@{HOST}:{site.port}/{site.database.name}"
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        assert [row[0] async for row in connection.cursor(VISIBLE, prefetch=2)] == visible
    await connection.close()


INSPECTED = [
    ("get_schema_names", ()),
    ("get_table_names", ("base",)),
    ("get_columns", ("person", "base")),
    ("get_pk_constraint", ("person", "base")),
    ("get_foreign_keys", ("case_person", "base")),
    ("get_unique_constraints", ("case_file", "base")),
    ("get_view_names", ("base",)),
]


def inspected(connection):
    inspector = sa.inspect(connection)
    # Types compare by identity; their texts compare by meaning.
    return list(starmap(lambda name, of: repr(getattr(inspector, name)(*of)), INSPECTED))


def test_sqlalchemy_inspects_the_same_as_without_the_proxy(site, url):
    direct = sa.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(site.database.conninfo(USER))
    )
    through = sa.create_engine(url.format("psycopg"))
    try:
        assert inspected(through) == inspected(direct)
    finally:
        direct.dispose()
        through.dispose()


async def test_sqlalchemy_works_over_asyncpg(url, visible):
    engine = create_async_engine(url.format("asyncpg"))
    async with engine.begin() as connection:
        assert await connection.run_sync(inspected)
        assert list(await connection.scalars(sa.text(VISIBLE))) == visible
    await engine.dispose()
