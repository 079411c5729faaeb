import json
from pathlib import Path

import pytest

from ledger.cli import keys_app
from ledger.envelope import Identity
from tests.unit.ledger.commands.logs import RUN
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import identities


@pytest.fixture
def log(tmp_path: Path) -> RotatingLog:
    return RotatingLog(tmp_path).once()


def run(log: RotatingLog, *arguments: str):
    return RUN.invoke(keys_app, [*arguments, "--keys", str(log.directory)])


def test_a_log_key_from_its_preparation_to_the_end_of_the_older(log: RotatingLog):
    old = log.vkey("log.vkey")
    prepared = run(log, "rotate", "log")
    assert prepared.exit_code == 0
    assert "检察机关" in prepared.stdout
    new = log.vkey("log.next.vkey")
    assert new in prepared.stdout
    shown = json.loads(run(log, "show", "--json").stdout)
    assert (shown["log_key"], shown["next_log_key"]) == (old, new)
    early = run(log, "retire", "log", "--log", str(log.root))
    assert (early.exit_code, "start the notary first" in early.stderr) == (2, True)
    log.once()
    asked = run(log, "retire", "log", "--log", str(log.root), "--json")
    assert json.loads(asked.stdout) == {"retired_key": old}
    log.once()
    assert json.loads(run(log, "show", "--json").stdout)["log_key"] == new


def test_an_entry_key_is_prepared_once(log: RotatingLog):
    made = run(log, "rotate", "entry", "--json")
    assert json.loads(made.stdout)["next_key"] == log.vkey("entry.next.vkey")
    again = run(log, "rotate", "entry")
    assert (again.exit_code, "never overwritten" in again.stderr) == (2, True)


def test_recipients_are_changed_by_file_and_by_id(log: RotatingLog, tmp_path: Path):
    supervisor = Identity.generate("supervisor").recipient
    (tmp_path / "new.pub").write_text(f"{supervisor}\n")
    gone = identities()[0].recipient.id
    changed = run(log, "recipients", "--add", str(tmp_path / "new.pub"), "--remove", gone)
    assert changed.exit_code == 0
    assert "仍能解开此前的密文" in changed.stdout
    assert supervisor.id in changed.stdout
    assert gone not in changed.stdout
    too_few = run(log, "recipients", "--remove", supervisor.id, "--json")
    assert (too_few.exit_code, "two different recipients" in too_few.stderr) == (2, True)


@pytest.mark.parametrize(
    "wrong", [("rotate", "recipient"), ("retire", "entry", "--log", "."), ("recipients",)]
)
def test_what_is_not_understood_changes_nothing(log: RotatingLog, wrong: tuple[str, ...]):
    before = log.names
    assert run(log, *wrong).exit_code == 2
    assert log.names == before
