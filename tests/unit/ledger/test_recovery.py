import shutil
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import ConfigurationError, LedgerDamaged
from ledger.keys import NotaryKeys
from ledger.note import SigningKey
from ledger.recovery import recover
from ledger.wal import SEGMENT_HEADER_BYTES, decode_frame
from tests.unit.ledger.small_log import SmallLog, log_of, notary_keys


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return log_of(tmp_path / "log", 300)


def segment_of(log: SmallLog) -> Path:
    return max((log.root / ".state/wal").glob("*.seg"))


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def unpublish(log: SmallLog, copy: Path) -> None:
    """Put an older published state beside a newer write-ahead log, as a crash would."""
    for name in ("tile", "payload", "checkpoint"):
        target, source = log.root / name, copy / name
        shutil.rmtree(target) if target.is_dir() else target.unlink()
        shutil.copytree(source, target) if source.is_dir() else shutil.copy(source, target)


def test_a_whole_log_is_found_whole(log: SmallLog):
    found = recover(log.disk, log.keys)
    assert found.frontier.size == found.published_frontier.size == log.verify().size
    assert found.frontier.root() == log.verify().root
    assert (found.unpublished, found.torn_bytes) == ((), 0)


def test_what_was_durable_and_not_published_is_found(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    shutil.copytree(log.root, tmp_path / "old")
    log.open().append(3)
    log.close()
    whole = log.verify()
    unpublish(log, tmp_path / "old")
    found = recover(log.disk, log.keys)
    assert (found.published_frontier.size, found.frontier.size) == (1, whole.size)
    assert found.frontier.root() == whole.root
    log.open().close()
    assert log.verify().size == whole.size + 3


def test_a_torn_tail_is_cut_and_counted(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    shutil.copytree(log.root, tmp_path / "old")
    log.open().append(3)
    log.close()
    size = log.verify().size
    unpublish(log, tmp_path / "old")
    path = segment_of(log)
    data = path.read_bytes()
    offset, last = SEGMENT_HEADER_BYTES, 0
    while data[offset : offset + 4] != bytes(4):
        last, (_, offset) = offset, decode_frame(data, offset)
    path.write_bytes(data[: offset - 9].ljust(len(data), b"\0"))
    found = recover(log.disk, log.keys)
    assert found.frontier.size == size - 1
    assert 0 < found.torn_bytes <= offset - last


DAMAGE = {
    "a tile": ("tile/0/001.p/48", 40),
    "an upper tile": ("tile/1/000.p/1", 3),
    "the last bundle": ("tile/entries/001.p/48", 300),
}


@pytest.mark.parametrize(("name", "position"), DAMAGE.values(), ids=DAMAGE)
def test_a_damaged_right_edge_is_refused(log: SmallLog, name: str, position: int):
    flip(log.root / name, position)
    with pytest.raises(LedgerDamaged):
        recover(log.disk, log.keys)


@pytest.mark.parametrize("name", ["tile/0/001.p/48", "tile/entries/001.p/48", "payload/001.p/48"])
def test_a_missing_right_edge_is_refused(log: SmallLog, name: str):
    (log.root / name).unlink()
    with pytest.raises(LedgerDamaged):
        recover(log.disk, log.keys)


def test_a_write_ahead_log_that_went_back_is_refused(log: SmallLog, tmp_path: Path):
    older = log_of(tmp_path / "older", 0)
    shutil.rmtree(log.root / ".state/wal")
    shutil.copytree(older.root / ".state/wal", log.root / ".state/wal")
    with pytest.raises(LedgerDamaged, match="rollback"):
        recover(log.disk, log.keys)


def test_a_missing_write_ahead_log_is_refused(log: SmallLog):
    segment_of(log).unlink()
    with pytest.raises(LedgerDamaged, match="rollback"):
        recover(log.disk, log.keys)


def test_damage_in_the_middle_of_the_write_ahead_log_is_refused(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    for _ in range(3):
        log.append(1)
    log.close()
    flip(segment_of(log), SEGMENT_HEADER_BYTES + 100)
    with pytest.raises(LedgerDamaged, match="damaged"):
        recover(log.disk, log.keys)


OTHER_LOG_KEY = notary_keys(b"x" * 32)
OTHER_ENTRY_KEY = NotaryKeys(
    notary_keys().log,
    SigningKey(notary_keys().entry.name, b"y" * 32),
    notary_keys().pseudonyms,
    notary_keys().recipients,
)
FOREIGN = NotaryKeys(
    SigningKey("other.example/log", b"l" * 32),
    notary_keys().entry,
    notary_keys().pseudonyms,
    notary_keys().recipients,
)


@pytest.mark.parametrize(
    "keys", [OTHER_LOG_KEY, OTHER_ENTRY_KEY, FOREIGN], ids=["log key", "entry key", "origin"]
)
def test_other_keys_are_a_matter_of_configuration(log: SmallLog, keys: NotaryKeys):
    with pytest.raises(ConfigurationError, match="wrong key or foreign log"):
        recover(log.disk, keys)


def test_a_checkpoint_seen_elsewhere_finds_rollback_and_fork(log: SmallLog, tmp_path: Path):
    seen = open_checkpoint((log.root / "checkpoint").read_bytes(), [log.keys.log.verifier])
    assert recover(log.disk, log.keys, [seen]).frontier.size == seen.size
    ahead = Checkpoint(seen.origin, seen.size + 1, seen.root)
    others = [Checkpoint(seen.origin, size, bytes(32)) for size in (seen.size, seen.size - 1)]
    for wrong, what in ((ahead, "rollback"), (others[0], "fork"), (others[1], "fork")):
        # One of several is enough, wherever it stands among them.
        for kept in ([wrong], [seen, wrong], [wrong, seen]):
            with pytest.raises(LedgerDamaged, match=what):
                recover(log.disk, log.keys, kept)


def test_two_checkpoints_of_one_size_are_a_fork(tmp_path: Path):
    log, other = log_of(tmp_path / "log", 4), log_of(tmp_path / "other", 4)
    unpublish(log, other.root)
    with pytest.raises((LedgerDamaged, ConfigurationError)):
        recover(log.disk, log.keys)


def test_a_refused_start_changes_nothing(log: SmallLog):
    flip(log.root / "tile/0/001.p/48", 40)
    before = {path: path.read_bytes() for path in log.root.rglob("*") if path.is_file()}
    with pytest.raises(LedgerDamaged):
        log.open()
    log.disk.unlock()
    assert before == {path: path.read_bytes() for path in log.root.rglob("*") if path.is_file()}
