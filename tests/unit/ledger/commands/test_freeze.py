import json
from pathlib import Path

import pytest

from ledger.cli import ledger_app
from tests.unit.ledger.commands.logs import RUN, files_of, put_older_back
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import PROXY_ID


def test_a_log_is_frozen_once_and_says_who_goes_on(tmp_path: Path):
    log = RotatingLog(tmp_path).once()
    freeze = ["freeze", "--log", str(log.root), "--keys", str(log.directory)]
    named = [*freeze, "--successor", "ledger.example/2027"]
    assert RUN.invoke(ledger_app, [*freeze, "--successor", "two words"]).exit_code == 2
    log.open()
    busy = RUN.invoke(ledger_app, named)
    assert (busy.exit_code, "another notary" in busy.stderr) == (2, True)
    log.close()
    done = RUN.invoke(ledger_app, [*named, "--json"])
    assert json.loads(done.stdout)["successor"] == "ledger.example/2027"
    assert RUN.invoke(ledger_app, named).exit_code == 0  # it is what was asked for
    other = RUN.invoke(ledger_app, [*freeze, "--successor", "ledger.example/2028"])
    assert (other.exit_code, "continued by ledger.example/2027" in other.stderr) == (2, True)


def test_the_notary_refuses_a_frozen_log_with_exit_code_2(tmp_path: Path, capsys):
    from ledger.notary import main

    log = RotatingLog(tmp_path).once().freeze("ledger.example/2027")
    arguments = ["--log", str(log.root), "--keys", str(log.directory), "--proxy-id", PROXY_ID]
    arguments += ["--socket", str(tmp_path / "s"), "--reserve-bytes", "0", "--force-filesystem"]
    assert main(arguments) == 2
    assert "is frozen: it is continued by ledger.example/2027" in capsys.readouterr().err


@pytest.mark.parametrize("by", ["memory", "witness"])
def test_an_older_copy_is_refused_and_left_as_it_was(tmp_path: Path, by: str):
    log = RotatingLog(tmp_path).once()
    put_older_back(log, by)
    before = files_of(log)
    freeze = ["freeze", "--log", str(log.root), "--keys", str(log.directory)]
    refused = RUN.invoke(ledger_app, freeze)
    assert (refused.exit_code, "rollback or fork suspected" in refused.stderr) == (1, True), (
        refused.output
    )
    assert files_of(log) == before


def test_a_log_without_its_memory_is_not_frozen(tmp_path: Path):
    log = RotatingLog(tmp_path).once()
    log.memory.path.rename(tmp_path / "elsewhere")
    before = files_of(log)
    freeze = ["freeze", "--log", str(log.root), "--keys", str(log.directory)]
    refused = RUN.invoke(ledger_app, freeze)
    assert (refused.exit_code, "ledger remember" in refused.stderr) == (2, True)
    assert files_of(log) == before
    done = RUN.invoke(ledger_app, [*freeze, "--head-file", str(tmp_path / "elsewhere")])
    assert done.exit_code == 0, done.output
    assert (tmp_path / "elsewhere").read_bytes() == log.disk.read("checkpoint")
