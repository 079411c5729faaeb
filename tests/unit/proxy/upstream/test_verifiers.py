"""Verifiers are the database's own, as of now; who has none is not told apart."""

import asyncpg
import pytest

from proxy.errors import UpstreamUnavailable
from proxy.upstream.verifiers import Verifiers
from proxy.wire.postgres.scram import parse_verifier
from tests.world import HOST

QUERY = "SELECT rolpassword FROM pg_authid WHERE rolname = $1"
SECRET = b"secret"


@pytest.fixture
def database(postgres):
    made = postgres.database()
    made.run(
        "CREATE ROLE has_one LOGIN PASSWORD 'x'; CREATE ROLE has_none LOGIN;"
        "SET password_encryption = 'md5'; CREATE ROLE has_another LOGIN PASSWORD 'x'"
    )
    yield made
    made.run("DROP ROLE has_one; DROP ROLE has_none; DROP ROLE has_another")


@pytest.fixture
async def verifiers(database):
    made = []

    def asking(query=QUERY, **more):
        async def connect():
            return await asyncpg.connect(
                **{"host": HOST, "port": database.port, "user": "postgres",
                   "database": database.name, **more}
            )  # fmt: skip

        made.append(Verifiers(connect, query, SECRET))
        return made[-1]

    yield asking
    for each in made:
        await each.close()


async def test_it_is_what_the_database_has_now(verifiers, database):
    asked = verifiers()
    for password in "xy":
        database.run(f"ALTER ROLE has_one PASSWORD '{password}'")
        ((written,),) = database.run(QUERY.replace("$1", "'has_one'"))
        assert await asked.of("has_one") == parse_verifier(written)


async def test_who_has_none_gets_what_looks_like_one(verifiers):
    asked = verifiers()
    genuine = await asked.of("has_one")
    for user in ("has_none", "has_another", "nobody", "x' OR true --", "ü" * 200, "\udcb7\udce2"):
        mock = await asked.of(user)
        assert mock == await asked.of(user)
        assert not mock.genuine
        assert (mock.iterations, len(mock.salt)) == (genuine.iterations, len(genuine.salt))


async def test_a_name_that_the_database_could_not_hold_is_nobodys(verifiers, database):
    database.run("CREATE DATABASE latin TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'")
    try:
        asked = verifiers(database="latin")
        assert not (await asked.of("查询")).genuine
        assert (await asked.of("has_one")).genuine
        await asked.close()
    finally:
        database.run("DROP DATABASE latin WITH (FORCE)")


async def test_what_is_no_text_counts_as_none(verifiers):
    assert not (await verifiers("SELECT length($1)").of("has_one")).genuine


@pytest.mark.parametrize(
    ("query", "more"),
    [
        ("SELECT no_such_function($1)", {}),
        ("SELECT $1, 'secret' / 0", {}),
        (QUERY, {"port": 1}),
        (QUERY, {"user": "no_such_user"}),
    ],
    ids=["unknown", "fails", "nobody-there", "no-login"],
)
async def test_a_query_that_does_not_work_says_only_that(verifiers, query, more):
    with pytest.raises(UpstreamUnavailable, match=r"login\.verifier_query") as refused:
        await verifiers(query, **more).of("has_one")
    assert refused.value.__cause__ is None
    assert "secret" not in str(refused.value)


async def test_a_connection_that_was_lost_is_opened_again(verifiers, database):
    asked = verifiers()
    assert (await asked.of("has_one")).genuine
    database.run(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE query LIKE '%rolpassword%' AND pid <> pg_backend_pid()"
    )
    with pytest.raises(UpstreamUnavailable):
        await asked.of("has_one")
    assert (await asked.of("has_one")).genuine
