from pathlib import Path

from ledger.cli import ledger_app
from ledger.keys import init_keys
from tests.unit.ledger.commands.logs import RUN
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import identities, key_directory


def test_a_log_is_created_where_a_sync_is_kept(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("ledger.disk.DURABLE_FILESYSTEMS", frozenset())
    directory, _ = key_directory(tmp_path)
    create = ["create", "--log", str(tmp_path / "l"), "--keys", str(directory)]
    refused = RUN.invoke(ledger_app, create)
    assert (refused.exit_code, "--force-filesystem" in refused.stderr) == (2, True)
    assert RUN.invoke(ledger_app, [*create, "--force-filesystem"]).exit_code == 0


def test_a_log_continues_one_that_is_frozen(tmp_path: Path):
    log = RotatingLog(tmp_path / "old").once()
    recipients = [identity.recipient for identity in identities()]
    keys = tmp_path / "keys"
    init_keys(keys, origin="ledger.example/2027", proxy_id="p1", recipients=recipients)
    create = ["create", "--log", str(tmp_path / "l"), "--keys", str(keys), "--force-filesystem"]
    create += ["--predecessor-key", str(log.directory / "log.vkey"), "--predecessor"]
    early = RUN.invoke(ledger_app, [*create, str(log.root)])
    assert (early.exit_code, "not frozen" in early.stderr) == (2, True)
    log.freeze("ledger.example/2028")
    other = RUN.invoke(ledger_app, [*create, str(log.root)])
    assert (other.exit_code, "continued by ledger.example/2028" in other.stderr) == (2, True)
    alone = RUN.invoke(ledger_app, [*create, str(log.root / "checkpoint")])
    assert (alone.exit_code, "not checked" in alone.stderr) == (0, True)
