"""A function's digest changes with what a call of it does, and with nothing else."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from proxy.names import QualifiedName
from proxy.upstream.functions import FUNCTIONS, Definition, Reach, definitions
from proxy.upstream.introspect import introspect
from tests.world import Database, PostgresWorld

pytestmark = pytest.mark.database

TEMPLATE = "functions_template"

SCHEMA = """
CREATE SCHEMA s;
CREATE TABLE s.person (id int PRIMARY KEY, name text);
CREATE VIEW s.names AS SELECT name FROM s.person;
CREATE FUNCTION s.inner_one(n int) RETURNS int LANGUAGE sql AS 'SELECT n + 1';
CREATE FUNCTION s.outer_one(n int) RETURNS int LANGUAGE sql AS 'SELECT S.Inner_One(n)';
CREATE FUNCTION s.outer_one(n text) RETURNS text LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION s.atomic_one(n int) RETURNS int BEGIN ATOMIC SELECT s.inner_one(n); END;
CREATE FUNCTION s.by_default(n int DEFAULT s.inner_one(1)) RETURNS int LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION s."odd (one)"(n int) RETURNS int LANGUAGE sql AS 'SELECT n';
CREATE FUNCTION s.calls_odd(n int) RETURNS int LANGUAGE sql AS 'SELECT s."odd (one)"(n)';
CREATE FUNCTION s.of_view() RETURNS bigint LANGUAGE sql AS 'SELECT count(*) FROM s.names';
CREATE FUNCTION s.dynamic(t text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE t; END';
CREATE FUNCTION s.plain(p s.person) RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN p.id; END';
CREATE FUNCTION s.step(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT s.inner_one(a) + b';
CREATE AGGREGATE s.total(int) (SFUNC = s.step, STYPE = int, INITCOND = '0');
CREATE PROCEDURE s.work() LANGUAGE plpgsql AS 'BEGIN PERFORM s.of_view(); END';
"""

CHANGES = {
    "CREATE OR REPLACE FUNCTION s.inner_one(n int) RETURNS int LANGUAGE sql AS 'SELECT n + 2'": {
        "s.inner_one(integer)", "s.outer_one(integer)", "s.atomic_one(integer)",
        "s.by_default(integer)", "s.step(integer, integer)", "s.total(integer)",
    },
    "ALTER FUNCTION s.outer_one(text) SECURITY DEFINER": {"s.outer_one(text)"},
    "ALTER FUNCTION s.outer_one(text) SET work_mem = '1MB'": {"s.outer_one(text)"},
    "ALTER FUNCTION s.outer_one(text) IMMUTABLE": {"s.outer_one(text)"},
    "ALTER FUNCTION s.outer_one(text) LEAKPROOF": {"s.outer_one(text)"},
    'CREATE OR REPLACE FUNCTION s."odd (one)"(n int) RETURNS int LANGUAGE sql AS \'SELECT 1\'': {
        's."odd (one)"(integer)', "s.calls_odd(integer)",
    },
    "CREATE OR REPLACE VIEW s.names AS SELECT name || '' AS name FROM s.person": {
        "s.of_view()", "s.work()",
    },
    "CREATE OR REPLACE FUNCTION s.by_default(n int DEFAULT 2) RETURNS int LANGUAGE sql"
    " AS 'SELECT n'": {"s.by_default(integer)"},
    "CREATE OR REPLACE AGGREGATE s.total(int) (SFUNC = s.step, STYPE = int, INITCOND = '1')": {
        "s.total(integer)",
    },
    # An overload that a call could now pick is something else that the body names.
    "CREATE FUNCTION s.inner_one(n text) RETURNS int LANGUAGE sql AS 'SELECT 1'": {
        "s.outer_one(integer)", "s.atomic_one(integer)", "s.by_default(integer)",
        "s.step(integer, integer)", "s.total(integer)",
    },
    "ALTER TABLE s.person ADD COLUMN more int": set[str](),
    "INSERT INTO s.person VALUES (1, 'synthetic')": set[str](),
    "ALTER FUNCTION s.outer_one(text) OWNER TO other": set[str](),
    "COMMENT ON FUNCTION s.outer_one(text) IS 'synthetic'": set[str](),
}  # fmt: skip


@pytest.fixture(scope="module")
def template(postgres: PostgresWorld) -> Iterator[Database]:
    database = postgres.create_database(name=TEMPLATE)
    database.run(SCHEMA)
    database.run("CREATE ROLE other")
    yield database
    postgres.drop_database(database)
    with postgres.create_database().connect() as connection:
        connection.execute("DROP ROLE other")


@pytest.fixture
async def copy(postgres: PostgresWorld, template: Database) -> AsyncIterator[Database]:
    database = postgres.create_database(TEMPLATE)
    yield database
    postgres.drop_database(database)


async def digests(database: Database) -> dict[str, str]:
    connection = await asyncpg.connect(database.url())
    try:
        catalogue = await introspect(connection, database.name)
        return {each.signature: each.digest for each in catalogue.user_functions}
    finally:
        await connection.close()


async def found(database: Database) -> dict[str, Definition]:
    connection = await asyncpg.connect(database.url(), server_settings={"search_path": ""})
    try:
        return {each.signature: each for each in definitions(await connection.fetch(FUNCTIONS))}
    finally:
        await connection.close()


async def test_a_digest_has_one_form_and_differs_between_functions(copy: Database):
    before = await digests(copy)
    assert len(before) == len({*before.values()}) == SCHEMA.count("CREATE ") - 3
    assert all(d.startswith("sha256:") and len(d) == len("sha256:") + 64 for d in before.values())


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change[:60])
async def test_a_digest_changes_with_what_a_call_does(copy: Database, change: str):
    before = await digests(copy)
    copy.run(change)
    after = await digests(copy)
    assert {s for s in before if before[s] != after[s]} == CHANGES[change]


async def test_the_owner_counts_where_the_owners_rights_do(copy: Database):
    copy.run("ALTER FUNCTION s.outer_one(text) SECURITY DEFINER")
    before = await digests(copy)
    copy.run("ALTER FUNCTION s.outer_one(text) OWNER TO other")
    after = await digests(copy)
    assert {s for s in before if before[s] != after[s]} == {"s.outer_one(text)"}


async def test_a_digest_is_the_same_where_relations_are_named_too(copy: Database):
    functions = await found(copy)
    tables = [QualifiedName("s", "person"), QualifiedName("s", "names")]
    views = {QualifiedName("s", "names"): "SELECT person.name\n   FROM s.person;"}
    narrow, wide = Reach(functions.values(), views), Reach(functions.values(), views, tables)
    assert [*map(narrow.digest, narrow.functions)] == [*map(wide.digest, wide.functions)]
    of_view = functions["s.of_view()"]
    assert wide.named_by(of_view) == [tables[1], tables[0]]
    assert narrow.named_by(of_view) == [tables[1]]


@pytest.mark.parametrize(
    ("signature", "opaque"),
    [
        ("s.dynamic(text)", True),
        ("s.plain(s.person)", False),
        ("s.atomic_one(integer)", False),
        ("s.total(integer)", True),
    ],
)
async def test_text_that_does_not_tell_everything_is_known(copy: Database, signature, opaque):
    assert (await found(copy))[signature].is_opaque is opaque
