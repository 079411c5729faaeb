import json
import shutil
from pathlib import Path

import pytest

from ledger.cli import ledger_app
from ledger.head import default_head
from ledger.log import create_log
from tests.unit.ledger.commands.logs import RUN, files_of, put_older_back, verify
from tests.unit.ledger.small_log import PROXY_ID, SmallLog, key_directory

ORDER = ["--order", "2026-12", "--authority", "某某市人民检察院", "--article", "刑事诉讼法 286"]


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    _, keys = key_directory(tmp_path)
    log = SmallLog(tmp_path / "log", keys)
    create_log(log.disk, keys, PROXY_ID, now_ms=log.clock(), reserve_bytes=0)
    log.open().append(5)
    log.close()
    (tmp_path / "log.vkey").write_text(f"{keys.log.verifier}\n")
    return log


def erase(log: SmallLog, *arguments: str, **more):
    keys = str(log.root.parent / "keys")
    command = ["erase", *arguments, "--log", str(log.root), "--keys", keys, *ORDER]
    return RUN.invoke(ledger_app, command, **more)


def report(log: SmallLog) -> dict[str, int]:
    checked = verify(log, "--json")
    assert checked.exit_code == 0, checked.output
    found: dict[str, int] = json.loads(checked.stdout)
    return found


def test_an_order_is_carried_out_and_reported(log: SmallLog):
    done = erase(log, "3", "5-6", "--yes")
    assert done.exit_code == 0, done.output
    assert "已依令销毁" in done.stdout
    assert "3 payloads" in done.stdout
    assert report(log)["payloads_erased_count"] == 3
    again = erase(log, "3", "--yes")
    assert again.exit_code == 2
    assert "was erased already" in again.stderr


def test_it_asks_first_and_a_no_changes_nothing(log: SmallLog):
    size = report(log)["size"]
    refused = erase(log, "3", input="n\n")
    assert refused.exit_code == 1
    assert report(log)["size"] == size
    done = erase(log, "3", "--json", input="y\n")
    assert json.loads(done.stdout.splitlines()[-1]) == {"recorded": [3], "finished": []}


@pytest.mark.parametrize(
    ("entries", "words"),
    [(["x"], "is no index"), (["0"], "without a payload"), (["999"], "there is no entry 999")],
)
def test_what_cannot_be_erased_is_wrong_usage(log: SmallLog, entries: list[str], words: str):
    refused = erase(log, *entries, "--yes")
    assert refused.exit_code == 2
    assert words in refused.stderr
    assert "Traceback" not in refused.output


def test_a_running_service_has_to_stop_first(log: SmallLog):
    log.disk.lock()
    refused = erase(log, "3", "--yes")
    assert refused.exit_code == 2
    assert "stop the service first" in refused.stderr


def test_it_is_run_as_the_owner_of_the_log(log: SmallLog):
    try:
        shutil.chown(log.root, 65534)
    except PermissionError:
        pytest.skip("only root may give a directory away")
    refused = erase(log, "3", "--yes")
    assert refused.exit_code == 2
    assert "run this as that user" in refused.stderr


@pytest.mark.parametrize("by", ["memory", "witness"])
def test_an_older_copy_is_refused_and_left_as_it_was(log: SmallLog, by: str):
    put_older_back(log, by)
    before = files_of(log)
    refused = erase(log, "3", "--yes")
    assert (refused.exit_code, "rollback or fork suspected" in refused.stderr) == (1, True), (
        refused.output
    )
    assert files_of(log) == before


def test_a_cosigned_file_that_cannot_be_read_is_not_passed_over(log: SmallLog):
    (log.root / "cosigned").mkdir()
    (log.root / "cosigned" / "ff").write_bytes(b"rubbish")
    before = files_of(log)
    refused = erase(log, "3", "--yes")
    assert (refused.exit_code, "put it there" in refused.stderr) == (1, True)
    assert files_of(log) == before


def test_from_a_frozen_log_nothing_is_erased(log: SmallLog):
    frozen = RUN.invoke(
        ledger_app, ["freeze", "--log", str(log.root), "--keys", str(log.root.parent / "keys")]
    )
    assert frozen.exit_code == 0, frozen.output
    size = report(log)["size"]
    remembered = default_head(log.root).read_bytes()
    assert remembered == log.disk.read("checkpoint")
    refused = erase(log, "3", "--yes")
    assert refused.exit_code == 2
    assert "no payload was erased" in refused.stderr
    after = report(log)
    assert (after["size"], after["payloads_erased_count"]) == (size, 0)
