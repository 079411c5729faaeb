import re
import sys

import pytest
from typer.testing import CliRunner

from proxy.cli import main as run_main
from proxy.cli.main import app

COMMANDS = ("serve", "check", "explain", "demo", "version", "ledger", "keys")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(command):
    result = CliRunner().invoke(app, [command, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


@pytest.mark.parametrize("asked", ["version", "--version"])
def test_the_version_is_a_version(asked):
    result = CliRunner().invoke(app, [asked])
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*\n", result.output)


def test_a_configuration_error_is_a_line_and_exit_code_two(monkeypatch, tmp_path, capsys):
    missing = tmp_path / "missing.toml"
    monkeypatch.setattr(sys, "argv", ["fengcun", "check", "--config", str(missing)])
    with pytest.raises(SystemExit) as stopped:
        run_main()
    assert stopped.value.code == 2
    assert (
        capsys.readouterr().err
        == f"fengcun: {missing}: cannot read it: no such file or directory\n"
    )


def test_a_database_that_is_not_there_is_a_line_and_exit_code_one(monkeypatch, config, capsys):
    text = re.sub(r"port = \d+", "port = 1", config.read_text(encoding="utf-8"))
    config.write_text(text, encoding="utf-8")
    monkeypatch.setattr(sys, "argv", ["fengcun", "check", "--config", str(config)])
    with pytest.raises(SystemExit) as stopped:
        run_main()
    assert stopped.value.code == 1
    assert len(capsys.readouterr().err.splitlines()) == 1
