"""What an extension of the server's own brings is the server's; what is added to it is not."""

from collections.abc import Iterator

import asyncpg
import pytest

from proxy.names import QualifiedName
from proxy.statement.catalogue import Catalogue
from proxy.upstream.extensions import COMPUTING
from proxy.upstream.introspect import introspect
from tests.world import Database, PostgresWorld

pytestmark = pytest.mark.database

BROUGHT = ("citext", "hstore", "pg_trgm", "dblink", "tablefunc")


@pytest.fixture(scope="module")
def extended(postgres: PostgresWorld) -> Iterator[Database]:
    database = postgres.create_database(name="extended")
    there = {name for (name,) in database.run("SELECT name FROM pg_available_extensions")}
    if not there.issuperset(BROUGHT):
        pytest.skip("this server comes without PostgreSQL's extensions")
    for name in BROUGHT:
        database.run(f"CREATE EXTENSION {name}")
    database.run("CREATE ROLE guest LOGIN")
    database.run("CREATE TABLE t (name citext, attributes hstore, size int CHECK (size % 2 = 0))")
    yield database
    postgres.drop_database(database)


async def read(database: Database) -> Catalogue:
    connection = await asyncpg.connect(database.url())
    try:
        return await introspect(connection, database.name)
    finally:
        await connection.close()


def public(name: str) -> QualifiedName:
    return QualifiedName("public", name)


async def test_what_only_computes_came_with_the_server(extended: Database):
    catalogue = await read(extended)
    for function in ("similarity", "replace", "each", "citext_eq"):
        assert not catalogue.functions_named(function)
        assert function in catalogue.builtin_functions
        assert public(function) in catalogue.extension_functions
    assert public("dblink") not in catalogue.extension_functions
    for operator in ("%", "=", "->", "||"):
        assert not catalogue.has_operator_named(operator)
    assert not catalogue.types_named("citext")
    relation = catalogue.relations[public("t")]
    assert not relation.own_code
    assert not relation.has_own_casts


async def test_what_takes_a_name_or_sql_is_not_trusted(extended: Database):
    catalogue = await read(extended)
    assert catalogue.functions_named("dblink")
    assert catalogue.functions_named("crosstab")
    assert not {"dblink", "crosstab", "connectby"} & catalogue.builtin_functions
    assert not {"dblink", "tablefunc", "xml2", "lo", "postgres_fdw", "file_fdw"} & {*COMPUTING}


async def test_what_was_added_to_an_extension_by_somebody_is_theirs(extended: Database):
    extended.run("""
        CREATE FUNCTION peek(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
        CREATE OPERATOR %% (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq);
        CREATE FUNCTION loud(text) RETURNS boolean LANGUAGE plpgsql AS 'BEGIN RETURN true; END';
        ALTER FUNCTION peek(text) OWNER TO guest;
        ALTER OPERATOR %% (text, text) OWNER TO guest;
        ALTER EXTENSION pg_trgm ADD FUNCTION peek(text);
        ALTER EXTENSION pg_trgm ADD OPERATOR %% (text, text);
        ALTER EXTENSION pg_trgm ADD FUNCTION loud(text)""")
    catalogue = await read(extended)
    assert {public("peek"), public("loud")} <= {f.name for f in catalogue.user_functions}
    assert catalogue.has_operator_named("%%")


async def test_a_function_replaced_by_somebody_is_theirs(extended: Database):
    extended.run("ALTER FUNCTION similarity(text, text) OWNER TO guest")
    try:
        catalogue = await read(extended)
        assert catalogue.functions_named("similarity")
        assert not catalogue.has_operator_named("<->")
    finally:
        extended.run("ALTER FUNCTION similarity(text, text) OWNER TO postgres")


async def test_an_operator_whose_function_is_theirs_is_theirs(extended: Database):
    extended.run("ALTER FUNCTION similarity_op(text, text) OWNER TO guest")
    try:
        assert (await read(extended)).has_operator_named("%")
    finally:
        extended.run("ALTER FUNCTION similarity_op(text, text) OWNER TO postgres")
