"""Editors are told the same as the loader asks for."""

import pytest

from proxy.settings.schema import json_schema


@pytest.mark.parametrize("file", ["fengcun.toml", "policy.toml"])
def test_every_table_is_closed_and_every_key_explained(file):
    schema = json_schema(file)
    tables = [schema, *schema["$defs"].values()]
    for table in tables:
        assert table["additionalProperties"] is False
    for table in schema["$defs"].values():
        assert all("description" in key for key in table["properties"].values())


def test_the_schema_names_the_sections():
    sections = {
        "listen",
        "upstream",
        "tls",
        "login",
        "ledger",
        "metrics",
        "certificate",
        "desk",
        "limits",
        "scan",
        "policy",
    }
    assert sections == set(json_schema("fengcun.toml")["properties"])
    sections = {"seals_nothing", "relation", "function", "finding", "statistic", "principal"}
    assert sections == set(json_schema("policy.toml")["properties"])
