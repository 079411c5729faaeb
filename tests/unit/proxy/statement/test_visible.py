"""How a session finds relations: its own before all others."""

import pytest

from proxy.names import QualifiedName
from proxy.statement.visible import Visible, is_temporary
from tests.unit.proxy.small_world import CATALOGUE, PATH

VISIBLE = Visible(CATALOGUE, PATH, frozenset({"cases", "mine"}))


@pytest.mark.parametrize(
    ("schema", "name", "found"),
    [
        (None, "cases", "pg_temp.cases"),
        (None, "mine", "pg_temp.mine"),
        ("pg_temp", "mine", "pg_temp.mine"),
        ("base", "cases", "base.cases"),
        (None, "courts", "base.courts"),
    ],
)
def test_a_name_means_the_sessions_own_table_first(schema, name, found):
    relation = VISIBLE.resolve(schema, name)
    assert relation is not None
    assert relation.name == QualifiedName(*found.split("."))
    assert is_temporary(relation) is found.startswith("pg_temp.")


@pytest.mark.parametrize(("schema", "name"), [("pg_temp", "courts"), ("base", "mine"), (None, "x")])
def test_what_is_not_there_is_not_found(schema, name):
    assert VISIBLE.resolve(schema, name) is None
    assert not is_temporary(None)
