import json
import shutil
from pathlib import Path

from ledger.cli import ledger_app
from tests.unit.ledger.commands.logs import RUN, small_log


def backup(directory: Path, *more: str):
    key = str(directory / "log.vkey")
    command = ["backup", "--log", str(directory / "log"), "--key", key]
    return RUN.invoke(ledger_app, [*command, "--output", str(directory / "copy"), *more])


def test_a_copy_is_made_and_reported(tmp_path: Path):
    log = small_log(tmp_path)
    done = backup(tmp_path)
    assert done.exit_code == 0, done.output
    assert f"{log.verify().size} entries" in done.stdout
    again = json.loads(backup(tmp_path, "--json").stdout)
    assert (again["files_count"], again["intact"]) == (0, True)


def test_a_mirror_has_no_payloads(tmp_path: Path):
    small_log(tmp_path)
    done = json.loads(backup(tmp_path, "--without-payloads", "--json").stdout)
    assert (done["payloads_present_count"], done["payloads_absent_count"]) == (0, 5)


def test_a_rollback_is_found_wrong(tmp_path: Path):
    log = small_log(tmp_path)
    shutil.copytree(log.root, tmp_path / "older")
    log.open().append(1)
    log.close()
    assert backup(tmp_path).exit_code == 0
    shutil.rmtree(log.root)
    shutil.move(tmp_path / "older", log.root)
    refused = backup(tmp_path)
    assert refused.exit_code == 1
    assert "回退" in refused.stdout


def test_what_is_no_log_is_wrong_usage(tmp_path: Path):
    small_log(tmp_path)
    (tmp_path / "log/checkpoint").unlink()
    assert backup(tmp_path).exit_code == 2
