"""The shipped list of functions is what the rule gives on every PostgreSQL at hand."""

import tomllib
from collections.abc import Iterator

import asyncpg
import pytest

from proxy.policy.law import Volatility
from proxy.settings.law import load_builtin
from proxy.upstream.vet import BuiltinFunction, as_toml, builtin_functions, vet, withhold
from tests.world import PostgresWorld, installed_binaries

LISTED = load_builtin().vetted_functions
WITHHELD = load_builtin().withheld_functions


@pytest.fixture(scope="module", params=installed_binaries(), ids=lambda path: path.parent.name)
def server(request: pytest.FixtureRequest) -> Iterator[PostgresWorld]:
    with PostgresWorld(request.param) as world:
        yield world


@pytest.mark.database
async def test_what_is_listed_passes_the_rule_wherever_it_exists(server: PostgresWorld):
    connection = await asyncpg.connect(server.database().url())
    try:
        functions = await builtin_functions(connection)
    finally:
        await connection.close()
    there = {function.name for function in functions}
    passed = vet(functions)
    assert len(passed) > 1000
    for name in LISTED.keys() & there:
        assert name in passed
        assert LISTED[name] in (passed[name], Volatility.VOLATILE)
    assert set(withhold(functions)) == WITHHELD


def function(name: str = "f", **changes: object) -> BuiltinFunction:
    fields = {"language": "internal", "kind": "f", "volatility": "i", "types": frozenset({"text"})}
    return BuiltinFunction(name, **{**fields, **changes})  # type: ignore[arg-type]


def test_a_plain_function_of_plain_values_passes():
    assert vet([function()]) == {"f": Volatility.STABLE}


@pytest.mark.parametrize(
    "refused",
    [
        function(language="c"),
        function(language="plpgsql"),
        function(kind="p"),
        function(types=frozenset({"text", "regclass"})),
        function(types=frozenset({"internal"})),
        function(types=frozenset({"refcursor", "xml"})),
        function("query_to_xml"),
        function("lo_get"),
        function("pg_anything_new"),
        function("ts_rewrite"),
    ],
    ids=lambda f: f"{f.name} {f.language} {f.kind} {sorted(f.types)}",
)
def test_what_can_reach_further_fails(refused):
    assert vet([refused]) == {}


def test_one_overload_that_fails_fails_the_name():
    assert vet([function(), function(types=frozenset({"regclass"}))]) == {}
    assert vet([function(types=frozenset({"regclass"})), function()]) == {}


def test_one_volatile_overload_makes_the_name_volatile():
    both = [function(volatility="v"), function(volatility="s")]
    assert vet(both) == vet(both[::-1]) == {"f": Volatility.VOLATILE}


SIZE = {"volatility": "v", "types": frozenset({"regclass", "int8"})}


def test_a_size_is_withheld_and_never_vetted():
    size = function("pg_table_size", **SIZE)
    assert withhold([size, size]) == ["pg_table_size"]
    assert vet([size]) == {}


@pytest.mark.parametrize(
    "other",
    [
        function("pg_stat_file", **SIZE),  # not listed
        function("pg_table_size", kind="a", **SIZE),
        function("pg_table_size", language="c", **SIZE),
        function("pg_table_size", volatility="v", types=frozenset({"internal"})),
    ],
)
def test_one_overload_that_could_run_is_not_withheld(other):
    assert withhold([other]) == []
    assert "pg_table_size" not in withhold([other, function("pg_table_size", **SIZE)]) or (
        other.name != "pg_table_size"
    )


def test_the_file_holds_what_was_vetted():
    vetted = {"abs": Volatility.STABLE, "random": Volatility.VOLATILE}
    text = as_toml(vetted, ["pg_table_size"], {"15", "18"})
    assert tomllib.loads(text) == {
        "stable": ["abs"], "volatile": ["random"], "withheld": ["pg_table_size"],
    }  # fmt: skip
    assert "PostgreSQL 15, 18" in text
