import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.cli import ledger_app
from tests.unit.ledger.commands.logs import RUN, small_log, verify
from tests.unit.ledger.small_log import SmallLog


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return small_log(tmp_path)


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


def test_a_reader_who_has_seen_enough_is_told_nothing(log: SmallLog, tmp_path: Path):
    """As in `fengcun ledger verify ... | head -1`."""
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "proxy.cli", "ledger", "verify", "--log", str(log.root)]
    with os.fdopen(writing, "w") as closed:
        done = subprocess.run(
            [*command, "--key", str(tmp_path / "log.vkey")],
            stdout=closed, stderr=subprocess.PIPE, text=True, check=False,
        )  # fmt: skip
    assert done.stderr == ""
