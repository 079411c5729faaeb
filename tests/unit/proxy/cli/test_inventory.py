"""What `fengcun inventory` prints is what an administrator can go by."""

import json
import re
from pathlib import Path

import pytest

from proxy.cli.inventory import run
from proxy.settings import load_law
from tests.conftest import AGENCY
from tests.unit.proxy.own_objects import SCHEMA
from tests.world import HOST, Database, PostgresWorld


@pytest.fixture(scope="module")
def database(postgres: PostgresWorld):
    made = postgres.create_database(AGENCY)
    made.run(SCHEMA)
    yield made
    postgres.drop_database(made)


@pytest.fixture
def own_config(config: Path, agency: Database, database: Database) -> Path:
    text = config.read_text(encoding="utf-8")
    assert HOST in text
    config.write_text(text.replace(f'["{agency.name}"]', f'["{database.name}"]'), encoding="utf-8")
    return config


@pytest.fixture
def found(own_config: Path, capsys: pytest.CaptureFixture[str]):
    assert run(own_config, None, bodies=True, everything=False, as_json=True) == 0
    report = json.loads(capsys.readouterr().out)
    return {(item["kind"], item["name"]): item for item in report["items"]}


PASSED = "passed"


def test_what_it_says_to_write_approves(own_config: Path, found, capsys):
    approvals = [item["approval"] for item in found.values() if item["approval"]]
    assert len(approvals) > 5
    policy = own_config.with_name("policy.toml")
    with policy.open("a", encoding="utf-8") as out:
        out.write("\n" + "\n".join(approvals) + "\n")
    assert "own.twice(integer)" in load_law(policy).approved_functions
    run(own_config, None, bodies=False, everything=True, as_json=True)
    now = {(i["kind"], i["name"]): i for i in json.loads(capsys.readouterr().out)["items"]}
    for key, item in found.items():
        if item["approval"] and key[0] in ("table", "materialized view", "function"):
            assert {*now[key]["treatment"].values()} == {PASSED}, key


def test_people_read_it_without_what_is_served_as_it_is(own_config: Path, capsys):
    run(own_config, None, bodies=False, everything=False, as_json=False)
    text = capsys.readouterr().out
    assert "own.twice(integer)  call refused: unvetted-function" in text
    assert re.search(r"^      digest = \"sha256:[0-9a-f]{64}\"$", text, re.MULTILINE)
    assert '"own"."free"' not in text
    assert "函数" in text
    run(own_config, None, bodies=True, everything=True, as_json=False)
    whole = capsys.readouterr().out
    assert '"own"."free"' in whole
    assert "      | SELECT 2 * n" in whole


def test_names_from_the_database_cannot_write_on_the_terminal(own_config: Path, capsys):
    run(own_config, None, bodies=True, everything=True, as_json=False)
    text = capsys.readouterr().out
    assert r'"a\u0009b\u202e"' in text
    assert all(c.isprintable() or c == "\n" for c in text)
