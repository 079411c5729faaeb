from __future__ import annotations

import re

from proxy.demo.register import COLUMNS, Register
from proxy.settings.shipped import shipped_file

SCHEMA = shipped_file("demo/schema.sql").read_text(encoding="utf-8")


def test_rows_are_numbered_by_table_from_one():
    register = Register()
    assert [register.add("charge", 1, "a", None, 3), register.add("charge", 1, "b", None, 4)] == [
        1,
        2,
    ]
    assert register.add("document", 1, None, "REPORT", "a", "b", None) == 1
    assert register.rows["charge"][1] == (2, 1, "b", None, 4)
    assert register.rows_count == 3


def test_columns_are_those_of_the_schema():
    created = dict(re.findall(r"CREATE TABLE (\w+) \((.*?)\n\);", SCHEMA, re.DOTALL))
    assert created.keys() == COLUMNS.keys()
    for table, body in created.items():
        assert set(COLUMNS[table]) <= set(re.findall(r"^\s+(\w+) ", body, re.MULTILINE)), table


def test_parents_stand_before_what_refers_to_them():
    order = list(COLUMNS)
    for table, body in re.findall(r"CREATE TABLE (\w+) \((.*?)\n\);", SCHEMA, re.DOTALL):
        for parent in re.findall(r"REFERENCES (\w+)", body):
            assert order.index(parent) <= order.index(table)
