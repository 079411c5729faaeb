import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.fetch import DirectoryLog
from ledger.verify import Fault, LogInvalid, verify_log
from tests.unit.ledger.small_log import SmallLog, log_of, notary_keys

ONLY_CRYPTOGRAPHY = """
import sys
from pathlib import Path
for name in ("nacl", "google_crc32c", "typer", "rich", "aiohttp", "pydantic", "uvloop"):
    sys.modules[name] = None
from ledger.fetch import DirectoryLog
from ledger.note import VerifierKey
from ledger.verify import verify_log
print(verify_log(DirectoryLog(Path(sys.argv[1])), [VerifierKey.parse(sys.argv[2])]).size)
"""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("verify") / "log", 300)


def test_a_whole_log_is_reported_whole(log: SmallLog):
    seen: list[tuple[int, int]] = []
    report = verify_log(
        DirectoryLog(log.root),
        [log.keys.log.verifier],
        progress=lambda done, total: seen.append((done, total)),
    )
    assert (report.size, report.published_size, report.torn_bytes) == (304, 304, 0)
    assert report.kinds == {"genesis": 1, "key": 1, "boot": 1, "decision": 300, "heartbeat": 1}
    assert (report.payloads_present_count, report.payloads_absent_count) == (300, 0)
    assert seen == [(256, 304), (304, 304)]


def test_a_copy_without_payloads_verifies_and_says_what_it_lacks(log: SmallLog, tmp_path: Path):
    shutil.copytree(log.root, tmp_path / "copy")
    shutil.rmtree(tmp_path / "copy/payload")
    shutil.rmtree(tmp_path / "copy/.state")
    report = verify_log(DirectoryLog(tmp_path / "copy"), [log.keys.log.verifier])
    assert (report.payloads_present_count, report.payloads_absent_count) == (0, 300)


def test_another_key_verifies_nothing(log: SmallLog):
    with pytest.raises(LogInvalid) as invalid:
        verify_log(DirectoryLog(log.root), [notary_keys(b"x" * 32).log.verifier])
    assert invalid.value.fault is Fault.CHECKPOINT


def test_no_log_is_no_verdict(tmp_path: Path):
    with pytest.raises(FileNotFoundError):
        verify_log(DirectoryLog(tmp_path), [notary_keys().log.verifier])


def test_an_older_checkpoint_is_contained_in_a_grown_log(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    keys = [log.keys.log.verifier]
    old = open_checkpoint((log.root / "checkpoint").read_bytes(), keys)
    log.open().append(5)
    log.close()
    assert log.verify(seen=[old]).size == 9


def test_a_live_log_verifies_at_any_moment(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    for _ in range(20):
        receipt = log.append(30)[-1]
        assert log.verify().size >= receipt.tree_size
    log.close()


def test_the_verifier_needs_the_standard_library_and_cryptography_alone(log: SmallLog):
    command = [sys.executable, "-c", ONLY_CRYPTOGRAPHY, str(log.root)]
    command.append(str(log.keys.log.verifier))
    root = Path(__file__).parents[3]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, check=False)
    assert (done.stdout.strip(), done.stderr) == ("304", "")
