"""What is of the site's own is read as the server has it, on every PostgreSQL at hand."""

from collections.abc import Iterator

import asyncpg
import pytest

from proxy.upstream.stock import Cast, Domain, Hook, Operator, Stock, take_stock
from tests.conftest import AGENCY, AGENCY_FILES
from tests.unit.proxy.own_objects import SCHEMA
from tests.world import Database, PostgresWorld, installed_binaries

pytestmark = pytest.mark.database


@pytest.fixture(scope="module", params=installed_binaries(), ids=lambda path: path.parent.name)
def database(request: pytest.FixtureRequest) -> Iterator[Database]:
    with PostgresWorld(request.param) as world:
        world.create_template(AGENCY, AGENCY_FILES)
        made = world.create_database(AGENCY)
        made.run(SCHEMA)
        made.run("""
            CREATE FUNCTION own.told() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
            CREATE EVENT TRIGGER watching ON ddl_command_end EXECUTE FUNCTION own.told();
            ALTER TABLE own.noting DISABLE TRIGGER noted;
            ALTER TABLE own.noting ADD CONSTRAINT small CHECK (own.twice(id) < 9);
            CREATE FUNCTION own.fixed(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
            CREATE INDEX by_fixed ON own.free (own.fixed(id));
            CREATE POLICY kept ON own.free USING (own.fixed(id) = 1);
            CREATE TABLE own.divided (id int) PARTITION BY LIST (own.fixed(id))""")
        yield made


async def stock_of(database: Database, user: str = "postgres") -> Stock:
    connection = await asyncpg.connect(database.url(user))
    try:
        await connection.execute("SET search_path = own, base")
        stock = await take_stock(connection)
        assert await connection.fetchval("SHOW search_path") == "own, base"
        return stock
    finally:
        await connection.close()


async def test_all_kinds_are_found_by_any_login_role(database: Database):
    stock = await stock_of(database)
    assert await stock_of(database, "agency_app") == stock
    signatures = {function.signature for function in stock.functions}
    assert {"own.twice(integer)", "own.work()", "own.as_int(own.mood)"} <= signatures
    assert stock.operators == (
        Operator("own.!!!", "own", "!!!", None, "integer", "own.twice(integer)"),
        Operator("own.@@@", "own", "@@@", "integer", "integer", "int4eq(integer,integer)"),
    )
    assert stock.casts == (Cast("own.mood", "integer", "e", "own.as_int(own.mood)"),)
    (short,) = [d for d in stock.domains if d.name == "own.short"]
    assert short == Domain("own.short", "text", ("CHECK ((length(VALUE) < 9))",))


@pytest.mark.parametrize(
    "hook",
    [
        Hook("trigger", "own.noting", "noted", "own.noted()", enabled=False),
        Hook("trigger", "database", "watching", "own.told()"),
        Hook("rule", "own.noting", "silent", "UPDATE"),
        Hook("expression", "own.noting", "DEFAULT or GENERATED of n", "own.twice(integer)"),
        Hook("expression", "own.noting", "CHECK small", "own.twice(integer)"),
        Hook("expression", "own.free", "index by_fixed", "own.fixed(integer)"),
        Hook("expression", "own.free", "policy kept", "own.fixed(integer)"),
        Hook("expression", "own.divided", "partition key", "own.fixed(integer)"),
    ],
    ids=lambda hook: f"{hook.kind} {hook.name}",
)
async def test_what_runs_by_itself_is_found(database: Database, hook: Hook):
    assert hook in (await stock_of(database)).hooks
