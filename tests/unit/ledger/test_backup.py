import shutil
from pathlib import Path

import pytest

from ledger.backup import Copied, back_up
from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog, entries
from ledger.log import open_sequencer
from ledger.verify import Fault, LogInvalid, verify_log
from tests.unit.ledger.small_log import PROXY_ID, SmallLog, log_of, notary_keys
from tests.unit.ledger.test_erase import run_erase


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("original") / "log", 300)


@pytest.fixture
def log(original: SmallLog, tmp_path: Path) -> SmallLog:
    shutil.copytree(original.root, tmp_path / "log")
    return SmallLog(tmp_path / "log", original.keys)


def copy_of(log: SmallLog, **more) -> tuple[Copied, Path]:
    output = log.root.parent / "copy"
    return back_up(log.root, output, [log.keys.log.verifier], **more), output


def verify(log: SmallLog, copy: Path):
    return verify_log(DirectoryLog(copy), [log.keys.log.verifier])


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


def test_a_copy_verifies_and_reads_like_the_log(log: SmallLog):
    copied, copy = copy_of(log)
    assert verify(log, copy) == copied.report
    assert copied.report.payloads_present_count == 300
    assert list(entries(DirectoryLog(copy))) == list(entries(DirectoryLog(log.root)))
    assert names(copy) == {name for name in names(log.root) if not name.startswith(".state")}


def test_what_is_there_already_is_not_copied_again(log: SmallLog):
    first, copy = copy_of(log)
    full = copy / "tile/entries/000"
    before = full.stat().st_mtime_ns
    log.open().append(1)
    log.close()
    second, _ = copy_of(log)
    assert second.report.size == log.verify().size > first.report.size
    assert 0 < second.files_count < first.files_count
    assert full.stat().st_mtime_ns == before
    assert len(list(copy.glob("payload/001.p/*"))) == 1, "older partial files are gone"
    assert copy_of(log)[0].files_count == 0


def test_a_live_log_is_copied_at_any_moment(log: SmallLog):
    log.open()
    for _ in range(5):
        log.append(40)
        copied, copy = copy_of(log)
        assert verify(log, copy).size == copied.report.size
    log.close()
    assert copy_of(log)[0].report.size == log.verify().size


def test_a_mirror_without_payloads_holds_none(log: SmallLog):
    copied, copy = copy_of(log, payloads=False)
    assert (copied.report.payloads_present_count, copied.report.payloads_absent_count) == (0, 300)
    assert not (copy / "payload").exists()


def test_what_was_erased_goes_from_the_copy_too(log: SmallLog):
    copy_of(log)
    ciphertexts = [
        found for index, _, found in entries(DirectoryLog(log.root)) if index in (9, 290)
    ]
    run_erase(log, 9, 290)
    copied, copy = copy_of(log)
    assert copied.report.payloads_erased_count == 2
    files = [path.read_bytes() for path in copy.rglob("*") if path.is_file()]
    assert not any(found in data for data in files for found in ciphertexts)


def test_a_log_that_was_rolled_back_does_not_replace_the_copy(log: SmallLog, tmp_path: Path):
    older = shutil.copytree(log.root, tmp_path / "older")
    log.open().append(1)
    log.close()
    _, copy = copy_of(log)
    before = (copy / "checkpoint").read_bytes()
    with pytest.raises(LogInvalid) as found:
        back_up(older, copy, [log.keys.log.verifier])
    assert found.value.fault is Fault.ROLLBACK
    assert (copy / "checkpoint").read_bytes() == before
    assert verify(log, copy).size == log.verify().size


def test_damage_in_the_log_or_in_the_copy_is_found_before_it_counts(log: SmallLog):
    _, copy = copy_of(log)
    before = (copy / "checkpoint").read_bytes()
    log.open().append(1)
    log.close()
    damaged = copy / "tile/entries/000"
    data = bytearray(damaged.read_bytes())
    data[300] ^= 1
    damaged.write_bytes(data)
    with pytest.raises(LogInvalid):
        copy_of(log)
    assert (copy / "checkpoint").read_bytes() == before
    damaged.unlink()
    assert copy_of(log)[0].report.size == log.verify().size


def test_no_notary_goes_on_from_a_copy(log: SmallLog):
    _, copy = copy_of(log)
    with pytest.raises(ConfigurationError, match="there is no ledger here"):
        open_sequencer(SmallLog(copy).disk, log.keys, PROXY_ID, clock_ms=log.clock)


def test_neither_a_log_nor_anything_else_is_overwritten(log: SmallLog, tmp_path: Path):
    with pytest.raises(ConfigurationError, match="not a copy of one"):
        back_up(log.root, log.root, [log.keys.log.verifier])
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter").write_text("keep")
    with pytest.raises(ConfigurationError, match="something else"):
        back_up(log.root, tmp_path / "home", [log.keys.log.verifier])
    _, copy = copy_of(log)
    other = SmallLog(tmp_path / "other", notary_keys(b"o" * 32)).create()
    with pytest.raises(ConfigurationError, match="not a log of this key"):
        back_up(other.root, copy, [log.keys.log.verifier])
    assert verify(log, copy).size == log.verify().size


def test_a_copy_that_was_interrupted_is_taken_up_again(log: SmallLog):
    _, copy = copy_of(log)
    (copy / "checkpoint").unlink()
    (copy / "tile/0/000").write_bytes(b"half")
    copied, _ = copy_of(log)
    assert (copied.files_count, copied.report.size) == (1, log.verify().size)
