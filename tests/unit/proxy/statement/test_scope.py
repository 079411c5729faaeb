from proxy.statement.scope import Item, Level, everything, find_column, output_columns, sources_of
from tests.unit.proxy.small_world import CATALOGUE, base

CASES = {c.name: c for c in CATALOGUE.relations[base("cases")].columns}
COURTS = {c.name: c for c in CATALOGUE.relations[base("courts")].columns}


def column(*names):
    return {"fields": [{"String": {"sval": name}} for name in names]}


def level(*items, outer=None):
    return Level(list(items), outer)


INNER = level(Item("c", CASES, {0}), outer=level(Item("k", COURTS, {1})))


def test_a_qualified_column_is_its_relations():
    assert find_column(column("c", "id"), INNER).column is CASES["id"]
    assert find_column(column("c", "id"), INNER).sources == {0}


def test_an_outer_relation_is_found_when_no_inner_one_has_the_name():
    assert find_column(column("code"), INNER).sources == {1}
    assert find_column(column("name"), INNER).sources == {0}


def test_what_is_not_found_could_be_anything_in_sight():
    for unknown in (column("nothing"), column("x", "id"), column("c")):
        found = find_column(unknown, INNER)
        assert found.column is None
        assert found.sources == everything(INNER) == {0, 1}


def test_an_item_of_unknown_columns_makes_bare_names_unsure():
    unsure = level(Item("c", CASES, {0}), Item("f", None, {2}))
    assert find_column(column("id"), unsure).column is None
    assert find_column(column("c", "id"), unsure).column is CASES["id"]


def test_a_merged_column_keeps_its_type_only_if_all_sides_agree():
    same = level(Item("a", CASES, {0}), Item("b", CASES, {1}))
    assert find_column(column("id"), same).column.type_oid == CASES["id"].type_oid
    differing = level(Item("a", {"x": CASES["id"]}, {0}), Item("b", {"x": CASES["name"]}, {1}))
    assert find_column(column("x"), differing).column is None
    assert find_column(column("x"), differing).sources == {0, 1}


def test_a_subquery_passes_on_bare_columns_and_nothing_computed():
    def target(value, name=None):
        return {"ResTarget": {"val": value, **({"name": name} if name else {})}}

    reference = {"ColumnRef": column("c", "id")}
    assert output_columns([target(reference, "x")], INNER) == {"x": CASES["id"]}
    assert output_columns([target({"A_Const": {}}, "x")], INNER) == {"x": None}
    assert output_columns([target({"A_Const": {}})], INNER) is None
    assert output_columns([target(reference), target(reference)], INNER) is None


def test_sources_add_up():
    assert sources_of(INNER.items) == {0}
