"""What a command loads, and that every group is there."""

import subprocess
import sys
from importlib import import_module

import pytest
import typer
from typer.testing import CliRunner

from proxy.cli.groups import GROUPS
from proxy.cli.main import app

LOADED = """
import sys
from proxy.cli.main import main
sys.argv = ["fengcun", "ledger", "verify", "--help"]
try:
    main()
except SystemExit:
    pass
print(sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.mark.parametrize("name", GROUPS)
def test_a_group_is_where_it_is_said_to_be_and_explains_itself(name):
    group = GROUPS[name]
    assert isinstance(getattr(import_module(group.module), group.attribute), typer.Typer)
    shown = CliRunner().invoke(app, [name, "--help"])
    assert shown.exit_code == 0
    assert f"{name} [OPTIONS] COMMAND" in shown.output
    assert name in CliRunner().invoke(app, ["--help"]).output


def test_the_ledgers_commands_load_neither_planner_nor_desk_nor_portal():
    done = subprocess.run(
        [sys.executable, "-c", LOADED], capture_output=True, text=True, check=True
    )
    assert "cryptography" in done.stderr
    for heavy in ("sqlglot", "pglast", "aiohttp", "jinja2", "psycopg"):
        assert f"'{heavy}'" not in done.stderr


def test_who_mistypes_a_group_is_told_the_closest():
    told = CliRunner().invoke(app, ["ledgr"])
    assert told.exit_code == 2
    assert "'ledger'" in told.output
