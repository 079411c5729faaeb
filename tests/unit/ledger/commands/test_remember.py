import json
import shutil
from pathlib import Path

from ledger.cli import ledger_app
from tests.unit.ledger.commands.logs import RUN, small_log


def remember(directory: Path, *more: str):
    key = str(directory / "log.vkey")
    command = ["remember", "--log", str(directory / "log"), "--key", key, *more]
    return RUN.invoke(ledger_app, command)


def test_a_lost_memory_is_made_again_once(tmp_path: Path):
    log = small_log(tmp_path)
    log.memory.path.unlink()
    done = remember(tmp_path, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["size"] == log.verify().size
    assert log.memory.note() == log.disk.read("checkpoint")
    again = remember(tmp_path)
    assert again.exit_code == 2
    assert "knows better" in again.stderr


def test_an_older_copy_is_not_vouched_for_where_somebody_saw_more(tmp_path: Path):
    log = small_log(tmp_path)
    shutil.copytree(log.root, tmp_path / "older")
    log.open().append(1)
    log.close()
    seen = tmp_path / "seen"
    shutil.copy(log.root / "checkpoint", seen)
    shutil.rmtree(log.root)
    shutil.move(tmp_path / "older", log.root)
    log.memory.path.unlink()
    refused = remember(tmp_path, "--seen", str(seen))
    assert refused.exit_code == 1
    assert not log.memory.path.exists()


def test_a_damaged_log_is_not_vouched_for(tmp_path: Path):
    log = small_log(tmp_path)
    log.memory.path.unlink()
    (log.root / "checkpoint").write_bytes(b"no checkpoint")
    assert remember(tmp_path).exit_code == 1
    assert not log.memory.path.exists()
