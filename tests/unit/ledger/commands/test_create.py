from pathlib import Path

from ledger.cli import ledger_app
from tests.unit.ledger.commands.logs import RUN
from tests.unit.ledger.small_log import key_directory


def test_a_log_is_created_where_a_sync_is_kept(tmp_path: Path, monkeypatch):
    monkeypatch.setattr("ledger.disk.DURABLE_FILESYSTEMS", frozenset())
    directory, _ = key_directory(tmp_path)
    create = ["create", "--log", str(tmp_path / "l"), "--keys", str(directory)]
    refused = RUN.invoke(ledger_app, create)
    assert (refused.exit_code, "--force-filesystem" in refused.stderr) == (2, True)
    assert RUN.invoke(ledger_app, [*create, "--force-filesystem"]).exit_code == 0
