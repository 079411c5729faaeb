import json
from pathlib import Path

from ledger.cli import keys_app, ledger_app
from tests.unit.ledger.commands.logs import RUN
from tests.unit.ledger.small_log import ORIGIN


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
