import pytest

from proxy.statement.catalogue import TypeKind
from tests.unit.proxy.small_world import CATALOGUE, base


@pytest.mark.parametrize(
    ("schema", "name", "path", "found"),
    [
        (None, "cases", ("pg_catalog", "base"), "base.cases"),
        (None, "cases", ("pg_catalog",), None),
        ("base", "cases", (), "base.cases"),
        ("other", "cases", ("base",), None),
        (None, "Cases", ("base",), None),
        (None, "pg_type", ("pg_catalog", "base"), "pg_catalog.pg_type"),
    ],
)
def test_names_are_found_as_the_server_finds_them(schema, name, path, found):
    relation = CATALOGUE.resolve(schema, name, path)
    assert (str(relation.name) if relation else None) == found


def test_the_sites_own_objects_are_found_by_name_in_any_schema():
    assert [f.signature for f in CATALOGUE.functions_named("peek")] == ["base.peek(integer)"]
    assert [f.signature for f in CATALOGUE.functions_named("half")] == [
        "base.half()",
        "base.half(text)",
    ]
    assert tuple(CATALOGUE.types_named("mood")) == (TypeKind.ENUM,)
    assert CATALOGUE.has_operator_named("==?")
    assert not CATALOGUE.has_operator_named("=")


def test_a_column_is_found_by_its_folded_name():
    cases = CATALOGUE.relations[base("cases")]
    assert cases.column("name").type_text == "varchar"
    assert cases.column("NAME") is None
