import json
from pathlib import Path

import pytest

from ledger.cli import ledger_app
from tests.unit.ledger.commands.logs import RUN, small_log
from tests.unit.ledger.small_log import SmallLog


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return small_log(tmp_path)


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
