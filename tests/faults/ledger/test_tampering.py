"""What an insider would do to a log, and the entry that verification names."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.fetch import DirectoryLog
from ledger.merkle import leaf_hash, root_of
from ledger.publish import Publisher, RightEdge
from ledger.tile import decode_bundle, decode_payload_bundle, encode_bundle, encode_payload_bundle
from ledger.verify import Fault, LogInvalid, verify_log
from ledger.wal import SEGMENT_HEADER_BYTES, Frame
from tests.unit.ledger.small_log import SmallLog, log_of, notary_keys

LAST_BUNDLE, LAST_PAYLOADS = "tile/entries/001.p/48", "payload/001.p/48"
FIRST_BUNDLE, FIRST_PAYLOADS = "tile/entries/000", "payload/000"


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    """304 entries: genesis, key, boot, 300 decisions, stop."""
    return log_of(tmp_path_factory.mktemp("tampering") / "log", 300)


@pytest.fixture
def copy(original: SmallLog, tmp_path: Path) -> Path:
    return shutil.copytree(original.root, tmp_path / "copy")


def flip(path: Path, position: int, mask: int = 1) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= mask
    path.write_bytes(data)


def change_entries(root: Path, name: str, change: Callable[[list[bytes]], object]) -> None:
    items = decode_bundle((root / name).read_bytes())
    change(items)
    (root / name).write_bytes(encode_bundle(items))


def change_payloads(root: Path, name: str, change: Callable[[list[bytes]], object]) -> None:
    items = decode_payload_bundle((root / name).read_bytes())
    change(items)
    (root / name).write_bytes(encode_payload_bundle(items))


def edit_57(items: list[bytes]) -> None:
    items[57] = items[57].replace(b'"verdict":"rewrite"', b'"verdict":"allowed"')


def swap(items: list[bytes]) -> None:
    items[57], items[58] = items[58], items[57]


def move(items: list[bytes]) -> None:
    items.insert(90, items.pop(57))


def erase(items: list[bytes]) -> None:
    items[57] = b""


def exchange(items: list[bytes]) -> None:
    items[57], items[58] = items[58], items[57]


DRILLS: dict[str, tuple[Callable[[Path], object], Fault, int | None]] = {
    "an edited entry": (
        lambda root: change_entries(root, FIRST_BUNDLE, edit_57), Fault.ALTERED, 57),
    "a deleted entry": (
        lambda root: change_entries(root, FIRST_BUNDLE, lambda items: items.pop(57)),
        Fault.MISPLACED, 57),
    "a deleted last entry": (
        lambda root: change_entries(root, LAST_BUNDLE, lambda items: items.pop()),
        Fault.MISSING, 303),
    "two entries in each other's place": (
        lambda root: change_entries(root, FIRST_BUNDLE, swap), Fault.MISPLACED, 57),
    "an entry moved": (
        lambda root: change_entries(root, FIRST_BUNDLE, move), Fault.MISPLACED, 57),
    "a repeated entry": (
        lambda root: change_entries(root, LAST_BUNDLE, lambda items: items.insert(5, items[4])),
        Fault.MISPLACED, 261),
    "an entry added at the end": (
        lambda root: change_entries(root, LAST_BUNDLE, lambda items: items.append(items[-1])),
        Fault.MISSING, 304),
    "a bundle cut short": (
        lambda root: (root / LAST_BUNDLE).write_bytes((root / LAST_BUNDLE).read_bytes()[:-10]),
        Fault.MISSING, 303),
    "a bundle gone": (lambda root: (root / LAST_BUNDLE).unlink(), Fault.MISSING, 256),
    "bundles in each other's place": (
        lambda root: shutil.copy(root / LAST_BUNDLE, root / FIRST_BUNDLE), Fault.ALTERED, 0),
    "a flipped length": (lambda root: flip(root / FIRST_BUNDLE, 1), Fault.ALTERED, 0),
    "a flipped tile": (lambda root: flip(root / "tile/0/000", 57 * 32), Fault.TILE, 57),
    "a flipped partial tile": (
        lambda root: flip(root / "tile/0/001.p/48", 32), Fault.TILE, 257),
    "a flipped upper tile": (lambda root: flip(root / "tile/1/000.p/1", 5), Fault.TILE, 0),
    "a tile cut short": (
        lambda root: (root / "tile/0/001.p/48").write_bytes(bytes(32)), Fault.TILE, 256),
    "a tile gone": (lambda root: (root / "tile/0/000").unlink(), Fault.TILE, 0),
    "an edited payload": (
        lambda root: change_payloads(
            root, FIRST_PAYLOADS, lambda items: items.__setitem__(57, bytes(272))),
        Fault.PAYLOAD, 57),
    "exchanged payloads": (
        lambda root: change_payloads(root, FIRST_PAYLOADS, exchange), Fault.PAYLOAD, 57),
    "a payload where none was": (
        lambda root: change_payloads(
            root, FIRST_PAYLOADS, lambda items: items.__setitem__(2, b"x")),
        Fault.PAYLOAD, 2),
    "payloads cut short": (
        lambda root: change_payloads(root, FIRST_PAYLOADS, lambda items: items.pop()),
        Fault.PAYLOAD, 255),
    "an edited checkpoint": (
        lambda root: (root / "checkpoint").write_bytes(
            (root / "checkpoint").read_bytes().replace(b"\n304\n", b"\n303\n")),
        Fault.CHECKPOINT, None),
    "an empty checkpoint": (
        lambda root: (root / "checkpoint").write_bytes(b""), Fault.CHECKPOINT, None),
    "another segment header": (
        lambda root: flip(next((root / ".state/wal").iterdir()), 9), Fault.WAL, 0),
}  # fmt: skip


@pytest.mark.parametrize(("tamper", "fault", "index"), DRILLS.values(), ids=DRILLS)
def test_the_first_bad_entry_is_named(original, copy: Path, tamper, fault: Fault, index):
    before = {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    tamper(copy)
    assert before != {path: path.read_bytes() for path in copy.rglob("*") if path.is_file()}
    with pytest.raises(LogInvalid) as invalid:
        verify_log(DirectoryLog(copy), [original.keys.log.verifier])
    assert (invalid.value.fault, invalid.value.index) == (fault, index)


@pytest.mark.parametrize("kind", ["tile/entries/000", "tile/0/000", "tile/1/000.p/1", "checkpoint"])
def test_no_flipped_byte_anywhere_goes_unnoticed(original, copy: Path, kind: str):
    size_bytes = len((copy / kind).read_bytes())
    step = max(1, size_bytes // 25)
    for position in range(0, size_bytes, step):
        flip(copy / kind, position, 1 << position % 8)
        with pytest.raises(LogInvalid):
            verify_log(DirectoryLog(copy), [original.keys.log.verifier])
        flip(copy / kind, position, 1 << position % 8)
    assert verify_log(DirectoryLog(copy), [original.keys.log.verifier]).size == 304


def test_a_payload_that_was_taken_out_without_an_order_is_named(original, copy: Path):
    change_payloads(copy, FIRST_PAYLOADS, erase)
    shutil.rmtree(copy / ".state")
    with pytest.raises(LogInvalid) as invalid:
        verify_log(DirectoryLog(copy), [original.keys.log.verifier])
    assert (invalid.value.fault, invalid.value.index) == (Fault.PAYLOAD_GONE, 57)


def test_an_older_copy_is_found_by_a_checkpoint_kept_elsewhere(tmp_path: Path):
    log = log_of(tmp_path / "log", 5)
    older = shutil.copytree(log.root, tmp_path / "older")
    log.open().append(3)
    log.close()
    kept = open_checkpoint((log.root / "checkpoint").read_bytes(), [log.keys.log.verifier])
    reader, keys = DirectoryLog(older), [log.keys.log.verifier]
    assert verify_log(reader, keys).size == 9
    with pytest.raises(LogInvalid) as invalid:
        verify_log(reader, keys, seen=[kept])
    assert (invalid.value.fault, invalid.value.index) == (Fault.ROLLBACK, 9)


def test_a_second_history_under_the_same_key_is_found(tmp_path: Path):
    log, other = log_of(tmp_path / "log", 5), log_of(tmp_path / "other", 6)
    keys = [log.keys.log.verifier]
    kept = open_checkpoint((log.root / "checkpoint").read_bytes(), keys)
    with pytest.raises(LogInvalid) as invalid:
        verify_log(DirectoryLog(other.root), keys, seen=[kept])
    assert invalid.value.fault is Fault.FORK


def test_the_checkpoint_key_alone_cannot_rewrite_an_entry(original, tmp_path: Path):
    """All tiles and the checkpoint made anew over an edited entry: its own signature tells."""
    entries = [
        entry
        for name in (FIRST_BUNDLE, LAST_BUNDLE)
        for entry in decode_bundle((original.root / name).read_bytes())
    ]
    edit_57(entries)
    forged = SmallLog(tmp_path / "forged")
    (forged.root / ".state").mkdir()
    root = root_of(map(leaf_hash, entries))
    note = Checkpoint(notary_keys().origin, 304, root).signed(notary_keys().log.signer())
    frame = Frame(0, tuple(entries), (b"",) * 304, note)
    Publisher(forged.disk, RightEdge()).publish([frame])
    with pytest.raises(LogInvalid) as invalid:
        forged.verify()
    assert (invalid.value.fault, invalid.value.index) == (Fault.ALTERED, 57)


def test_the_write_ahead_log_must_agree_with_what_is_published(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    log.append(3)
    log.close()
    other = SmallLog(tmp_path / "other").create().open()
    other.append(3)
    other.close()
    shutil.rmtree(log.root / ".state")
    shutil.copytree(other.root / ".state", log.root / ".state")
    with pytest.raises(LogInvalid) as invalid:
        log.verify()
    assert (invalid.value.fault, invalid.value.index) == (Fault.WAL, 1)


def test_a_flip_in_the_middle_of_the_write_ahead_log_is_found(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    for _ in range(3):
        log.append(1)
    log.close()
    segment = max((log.root / ".state/wal").iterdir())
    flip(segment, SEGMENT_HEADER_BYTES + 60)
    with pytest.raises(LogInvalid) as invalid:
        log.verify()
    assert invalid.value.fault is Fault.WAL
