"""Evidence from a log whose keys changed, by the commands, from notaries that really ran."""

import json
from pathlib import Path

import pytest

from ledger.cli import ledger_app
from ledger.envelope import Identity
from ledger.prepare import change_recipients, prepare_successor
from tests.unit.ledger.commands.logs import RUN
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import PAYLOAD, identities

LATER = Identity.generate("supervisor")


class Rotated:
    """Entry key, log key with overlap and retirement, recipients: a decision after each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.log = log = RotatingLog(root).once()
        self.keys = {"first": log.vkey("log.vkey")}
        self.at = {"first": self.decision()}
        prepare_successor(log.directory, "entry")
        self.at["entry key"] = self.grown()
        prepare_successor(log.directory, "log")
        self.at["overlap"] = self.grown()
        (root / "overlap.checkpoint").write_bytes(log.disk.read("checkpoint"))
        log.retire()
        change_recipients(log.directory, [LATER.recipient], [])
        self.at["end"] = self.grown()
        self.keys["last"] = log.vkey("log.vkey")
        for name, key in self.keys.items():
            (root / f"{name}.vkey").write_text(f"{key}\n")
        for name, identity in (("early", identities()[0]), ("later", LATER)):
            path = root / f"{name}.identity"
            path.touch(0o600)
            path.write_text(identity.to_text())
        self.changes = [entry.sequence for entry, _ in log.key_entries()]

    def grown(self) -> int:
        self.log.once()
        return self.decision()

    def decision(self) -> int:
        """Of the run that just ended: the entry before its stop."""
        return self.log.verify().size - 2

    def run(self, command: str, *arguments: str | Path, key: str = "last"):
        with_key = [command, "--key", str(self.root / f"{key}.vkey")]
        return RUN.invoke(ledger_app, [*with_key, *map(str, arguments)])

    def on_log(self, command: str, *arguments: str | Path, key: str = "last"):
        return self.run(command, "--log", self.log.root, *arguments, key=key)

    def receipt(self, index: int) -> Path:
        path = self.root / f"{index}.tlog-proof"
        done = self.on_log("prove", str(index), "--output", path)
        assert done.exit_code == 0, done.output
        return path


@pytest.fixture(scope="module")
def rotated(tmp_path_factory: pytest.TempPathFactory) -> Rotated:
    return Rotated(tmp_path_factory.mktemp("rotated"))


@pytest.mark.parametrize("when", ["first", "entry key", "overlap", "end"])
def test_a_receipt_of_any_time_is_checked_with_those_of_the_changes(rotated: Rotated, when: str):
    receipt = rotated.receipt(rotated.at[when])
    alone = rotated.run("verify", "--proof", receipt, "--json")
    assert (alone.exit_code, json.loads(alone.stdout)["entry_signature_checked"]) == (0, False)
    history = [
        argument
        for index in [*reversed(rotated.changes), 0]
        for argument in ("--genesis", rotated.receipt(index))
    ]
    checked = rotated.run("verify", "--proof", receipt, *history, "--json")
    assert checked.exit_code == 0, checked.output
    assert json.loads(checked.stdout)["entry_signature_checked"] is True


def test_a_signature_that_the_receipts_do_not_account_for_is_not_called_checked(rotated: Rotated):
    last = rotated.receipt(rotated.at["end"])

    def refusal(*indices: int) -> str:
        history: list[str | Path] = []
        for index in indices:
            history += ["--genesis", rotated.receipt(index)]
        refused = rotated.run("verify", "--proof", last, *history)
        assert refused.exit_code == 1
        said: str = refused.stderr
        return said

    new_entry_key, new_log_key, *_ = rotated.changes
    assert "add the receipt of each entry that changed one" in refusal(0)
    assert "no trusted key" in refusal(0, new_log_key)
    assert "genesis entry is missing" in refusal(new_entry_key)
    assert "changes no keys" in refusal(0, rotated.at["first"])


def test_what_was_written_under_any_key_is_opened(rotated: Rotated):
    early, later = rotated.root / "early.identity", rotated.root / "later.identity"
    indices = [str(index) for index in rotated.at.values()]
    done = rotated.on_log("open", *indices, "--identity", early, "--json")
    assert done.exit_code == 0, done.output
    texts = [json.loads(line)["payload"] for line in done.stdout.splitlines()]
    assert texts == [PAYLOAD.decode()] * 4
    mine = rotated.on_log("open", str(rotated.at["end"]), "--identity", later, "--json")
    assert json.loads(mine.stdout)["payload"] == PAYLOAD.decode()
    before = rotated.on_log("open", str(rotated.at["overlap"]), "--identity", later)
    assert before.exit_code == 1


def test_a_pack_over_all_of_it_is_good(rotated: Rotated, tmp_path: Path):
    for name, wanted in (("all", ["--since", "0"]), ("one", ["--index", str(rotated.at["end"])])):
        made = rotated.on_log("export", *wanted, "--output", tmp_path / name)
        assert made.exit_code == 0, made.output
        checked = rotated.run("verify", "--pack", tmp_path / name, "--json")
        assert checked.exit_code == 0, checked.output


def test_the_key_of_before_is_told_who_followed(rotated: Rotated):
    for command in (["prove", "0"], ["open", "0", "--identity", rotated.root / "early.identity"]):
        refused = rotated.on_log(*command, key="first")
        assert refused.exit_code == 1
        assert "no trusted key" in refused.stderr


def test_in_the_overlap_either_key_will_do(rotated: Rotated, tmp_path: Path):
    log = RotatingLog(tmp_path).once()
    (tmp_path / "first.vkey").write_text(log.vkey("log.vkey"))
    prepare_successor(log.directory, "log")
    log.once()
    (tmp_path / "last.vkey").write_text(log.vkey("log.next.vkey"))
    for key in ("first", "last"):
        command = ["prove", "1", "--log", str(log.root), "--key", str(tmp_path / f"{key}.vkey")]
        done = RUN.invoke(ledger_app, command)
        assert done.exit_code == 0, done.output
