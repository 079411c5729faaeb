"""Each object's treatment is what the planner says of a statement that uses it."""

import asyncio

import asyncpg
import pytest

from proxy.settings import load_law
from proxy.settings.shipped import shipped_file
from proxy.upstream.introspect import introspect
from proxy.upstream.stock import take_stock
from proxy.upstream.treatment import items
from tests.conftest import AGENCY
from tests.unit.proxy.own_objects import SCHEMA
from tests.world import PostgresWorld

pytestmark = pytest.mark.database


@pytest.fixture(scope="module")
def found(postgres: PostgresWorld):
    database = postgres.create_database(AGENCY)
    database.run(SCHEMA)

    async def read():
        connection = await asyncpg.connect(database.url())
        try:
            return await introspect(connection, database.name), await take_stock(connection)
        finally:
            await connection.close()

    catalogue, stock = asyncio.run(read())
    postgres.drop_database(database)
    law = load_law(shipped_file("policy.toml"))
    return {(item.kind, item.name): item for item in items(law, catalogue, stock)}


PASSED = "passed"


@pytest.mark.parametrize(
    ("kind", "name", "treatment"),
    [
        ("table", '"base"."person"', {"read": "stripped", "insert": PASSED, "update": "stripped",
                                      "delete": "refused: referenced-by-protected"}),
        ("table", '"own"."free"', dict.fromkeys(("read", "insert", "update", "delete"), PASSED)),
        ("table", '"own"."refers"', dict.fromkeys(("read", "insert", "update", "delete"),
                                                  "refused: undeclared-dependent")),
        ("table", '"own"."noting"', {"read": PASSED, "insert": "refused: unvetted-trigger",
                                     "update": "refused: unvetted-trigger",
                                     "delete": "refused: unvetted-trigger"}),
        ("table", '"own"."feelings"', dict.fromkeys(("read", "insert", "update", "delete"),
                                                    "refused: unvetted-cast")),
        ("view", '"own"."names"', {"read": "expanded", "insert": "refused: unvetted-view",
                                   "update": "refused: unvetted-view",
                                   "delete": "refused: unvetted-view"}),
        ("materialized view", '"own"."counted"',
         dict.fromkeys(("read", "insert", "update", "delete"), "refused: unvetted-view")),
        ("function", "own.twice(integer)", {"call": "refused: unvetted-function"}),
        ("procedure", "own.work()", {"call": "refused: unsupported-statement"}),
        ("function", "own.noted()", {}),
        ("operator", "own.@@@ (integer, integer)", {"use": "refused: unvetted-operator"}),
        ("operator", "own.!!! (NONE, integer)", {"use": "refused: unvetted-operator"}),
        ("cast", "(own.mood AS integer)", {"columns": "refused: unvetted-cast"}),
        ("domain", "own.short", {"cast": "refused: unvetted-type"}),
        ("trigger", "noted ON own.noting", {}),
        ("rule", "silent ON own.noting", {}),
        ("expression", "DEFAULT or GENERATED of n ON own.noting", {}),
    ],
)  # fmt: skip
def test_everything_of_the_sites_own_is_listed_with_its_treatment(found, kind, name, treatment):
    assert found[kind, name].treatment == treatment


@pytest.mark.parametrize(
    ("function", "fact"),
    [
        ("own.person_name(bigint)", "SECURITY DEFINER: runs with the rights of postgres"),
        ("own.person_name(bigint)", "sql, stable, returns text"),
        ("own.any_sql(text)", "its text does not tell all that it reaches"),
        ("own.files()", "could be calling what is not vetted: pg_read_file"),
    ],
)
def test_what_a_function_reaches_is_told(found, function, fact):
    assert any(fact in each for each in found["function", function].facts)


def test_sealed_relations_that_a_body_names_are_marked(found):
    assert "base.person (sealed)" in found["function", "own.person_name(bigint)"].names
    assert found["function", "own.twice(integer)"].names == ()
    assert "base.person" in found["function", "own.person_name(bigint)"].body
