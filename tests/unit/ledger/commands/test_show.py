import json
from pathlib import Path

import pytest

from ledger.cli import ledger_app
from tests.unit.ledger.commands.logs import RUN, small_log
from tests.unit.ledger.small_log import SmallLog, identities


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return small_log(tmp_path)


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
