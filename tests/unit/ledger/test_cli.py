import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.cli import keys_app, ledger_app
from tests.unit.ledger.small_log import ORIGIN, SmallLog, identities, key_directory

RUN = CliRunner()


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    log = SmallLog(tmp_path / "log").create().open()
    log.append(5)
    log.close()
    (tmp_path / "log.vkey").write_text(f"{log.keys.log.verifier}\n")
    return log


def verify(log: SmallLog, *more: str):
    key = log.root.parent / "log.vkey"
    return RUN.invoke(ledger_app, ["verify", "--log", str(log.root), "--key", str(key), *more])


def test_from_nothing_to_a_verified_log(tmp_path: Path):
    made = RUN.invoke(keys_app, ["recipient", "procuratorate", "--directory", str(tmp_path)])
    assert made.exit_code == 0
    RUN.invoke(keys_app, ["recipient", "escrow", "--directory", str(tmp_path)])
    recipients = [
        argument
        for name in ("procuratorate", "escrow")
        for argument in ("--recipient", str(tmp_path / f"{name}.pub"))
    ]
    keys, log = str(tmp_path / "keys"), str(tmp_path / "log")
    made = RUN.invoke(keys_app, ["init", "--keys", keys, "--origin", ORIGIN, *recipients, "--json"])
    assert made.exit_code == 0, made.output
    key = json.loads(made.stdout)["log_key"]
    assert key in RUN.invoke(keys_app, ["show", "--keys", keys]).stdout
    create = ["create", "--log", log, "--keys", keys, "--force-filesystem"]
    assert key in RUN.invoke(ledger_app, create).stdout
    assert RUN.invoke(ledger_app, create).exit_code == 2
    checked = RUN.invoke(ledger_app, ["verify", "--log", log, "--key", f"{keys}/log.vkey"])
    assert checked.exit_code == 0
    assert "记录完整 / record intact: 1 entry" in checked.stdout


def test_a_whole_log_is_0_and_says_so(log: SmallLog):
    result = verify(log)
    assert result.exit_code == 0
    assert result.stdout.startswith("记录完整 / record intact: 9 entries")
    assert result.stderr == ""
    assert json.loads(verify(log, "--json").stdout)["intact"] is True


def test_a_changed_log_is_1_and_names_the_entry(log: SmallLog):
    bundle = log.root / "tile/entries/000.p/9"
    bundle.write_bytes(bundle.read_bytes().replace(b'"session":"s2"', b'"session":"s9"'))
    result = verify(log)
    assert result.exit_code == 1
    assert "第 5 号记录被改动 / entry 5 was altered" in result.stdout
    found = json.loads(verify(log, "--json").stdout)
    assert (found["fault"], found["index"]) == ("altered", 5)


def test_wrong_usage_is_2_and_one_line(log: SmallLog, tmp_path: Path):
    result = verify(log, "--key", str(tmp_path / "nowhere"))
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    empty = RUN.invoke(
        ledger_app, ["verify", "--log", str(tmp_path / "no"), "--key", str(tmp_path / "log.vkey")]
    )
    assert (empty.exit_code, empty.stderr.count("\n")) == (2, 1)


def test_a_checkpoint_kept_elsewhere_is_compared(log: SmallLog, tmp_path: Path):
    kept = tmp_path / "kept"
    kept.write_bytes((log.root / "checkpoint").read_bytes())
    assert verify(log, "--seen", str(kept)).exit_code == 0
    kept.write_bytes(b"not a checkpoint")
    assert verify(log, "--seen", str(kept)).exit_code == 2


def test_headers_are_shown_to_all_and_payloads_to_recipients(log: SmallLog, tmp_path: Path):
    secret = tmp_path / "procuratorate.identity"
    secret.touch(0o600)
    secret.write_text(identities()[0].to_text())
    show = ["show", "--log", str(log.root), "--kind", "decision"]
    plain = RUN.invoke(ledger_app, show)
    assert plain.exit_code == 0
    assert "verdict=rewrite" in plain.stdout
    assert "SELECT 1" not in plain.stdout
    opened = RUN.invoke(ledger_app, [*show, "--identity", str(secret), "--json"])
    rows = [json.loads(line) for line in opened.stdout.splitlines()]
    assert [row["index"] for row in rows] == [3, 4, 5, 6, 7]
    assert all("SELECT 1" in row["payload"] for row in rows)
    few = RUN.invoke(ledger_app, ["show", "--log", str(log.root), "--from", "3", "--count", "2"])
    assert len(few.stdout.splitlines()) == 2


def test_an_entry_is_proven(log: SmallLog, tmp_path: Path):
    prove = ["prove", "--log", str(log.root), "--key", str(tmp_path / "log.vkey")]
    assert RUN.invoke(ledger_app, [*prove, "4"]).stdout.startswith("c2sp.org/tlog-proof@v1\n")
    output = tmp_path / "receipt.tlog-proof"
    assert RUN.invoke(ledger_app, [*prove, "4", "--output", str(output)]).exit_code == 0
    assert "index 4\n" in output.read_text()
    assert (
        "index 4\n" in json.loads(RUN.invoke(ledger_app, [*prove, "4", "--json"]).stdout)["proof"]
    )
    assert RUN.invoke(ledger_app, [*prove, "4000"]).exit_code == 1


def test_a_log_is_created_where_a_sync_is_kept(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("ledger.disk.DURABLE_FILESYSTEMS", frozenset())
    directory, _ = key_directory(tmp_path)
    create = ["create", "--log", str(tmp_path / "l"), "--keys", str(directory)]
    refused = RUN.invoke(ledger_app, create)
    assert (refused.exit_code, "--force-filesystem" in refused.stderr) == (2, True)
    assert RUN.invoke(ledger_app, [*create, "--force-filesystem"]).exit_code == 0
