"""However many processes judge a log, and however deeply: the same verdict."""

from __future__ import annotations

import random
import re
import shutil
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import FormatError
from ledger.fetch import DirectoryLog, read_bundle, read_payloads
from ledger.merkle import leaf_hash, root_of
from ledger.note import parse_note
from ledger.publish import Publisher, RightEdge
from ledger.tile import decode_bundle, encode_bundle
from ledger.verify import Fault, LogInvalid, Report, verify_log
from ledger.wal import Frame
from tests.unit.ledger.small_log import SmallLog

DECISIONS = 560


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    """Three bundles, the last one partial; two boots, so two epochs."""
    log = SmallLog(tmp_path_factory.mktemp("whole") / "log").create().open()
    log.append(1, batch_count=DECISIONS // 2)
    log.close().open().append(2, batch_count=DECISIONS // 4)
    return log.close()


def verdict(
    log: SmallLog, root: Path, processes: int, *, signatures: bool = True
) -> tuple[object, ...]:
    """What was found, or what the log holds."""
    keys = [log.keys.log.verifier]
    seen = [open_checkpoint((log.root / "checkpoint").read_bytes(), keys)]
    try:
        report = verify_log(
            DirectoryLog(root),
            keys,
            seen=seen,
            signatures=signatures,
            process_count=processes,
        )
    except LogInvalid as invalid:
        return invalid.fault, invalid.index, invalid.detail
    return (report,)


def damage(root: Path, chance: random.Random) -> None:
    """One thing that an insider or a disk may do to a file of the log."""
    path = chance.choice(sorted(path for path in root.rglob("*") if path.is_file()))
    data = bytearray(path.read_bytes())
    at = chance.randrange(max(1, len(data)))
    try:
        items = decode_bundle(bytes(data)) if "entries" in path.parts else []
    except FormatError:
        items = []
    match chance.randrange(6):
        case 0:
            path.unlink()
        case 1:
            path.write_bytes(data[:at])
        case 2:
            path.write_bytes(data + data[at : at + 50])
        case 3:
            path.write_bytes(b"")
        case _ if items and chance.random() < 0.7:
            first, second = chance.randrange(len(items)), chance.randrange(len(items))
            match chance.randrange(4):
                case 0:
                    items[first], items[second] = items[second], items[first]
                case 1:
                    del items[first]
                case 2:
                    items.insert(second, items[first])
                case 3:
                    items[first] = items[first].replace(b'"rewrite"', b'"allowed"')
            path.write_bytes(encode_bundle(items))
        case _ if data:
            data[at] ^= 1 << chance.randrange(8)
            path.write_bytes(data)


@pytest.mark.parametrize("seed", range(8))
def test_workers_find_what_one_process_finds(log: SmallLog, tmp_path: Path, seed: int):
    """25 damaged logs for each seed, one to three damages each."""
    chance = random.Random(seed)
    bad_count = 0
    for number in range(25):
        copy = shutil.copytree(log.root, tmp_path / f"{number}")
        if number % 2:
            shutil.rmtree(copy / ".state")
        for _ in range(chance.choice((1, 1, 3))):
            damage(copy, chance)
        if not (copy / "checkpoint").exists():
            continue
        alone = verdict(log, copy, 0)
        assert verdict(log, copy, 2) == alone
        bad_count += not isinstance(alone[0], Report)
        quick = verdict(log, copy, number % 4, signatures=False)
        assert quick == alone or isinstance(quick[0], Report)
        shutil.rmtree(copy)
    assert bad_count > 10


def test_a_whole_log_is_told_the_same_by_any_number(log: SmallLog):
    reports = [verdict(log, log.root, processes)[0] for processes in (0, 1, 2, 5)]
    assert all(report == reports[0] for report in reports)
    assert isinstance(reports[0], Report)
    assert reports[0].size == DECISIONS + 7
    assert reports[0].signatures_checked


def test_without_signatures_all_else_is_the_same(log: SmallLog):
    (deep,), (quick,) = (verdict(log, log.root, 0, signatures=each) for each in (True, False))
    assert isinstance(deep, Report)
    assert isinstance(quick, Report)
    assert not quick.signatures_checked
    assert (quick.root, quick.kinds, quick.first_time, quick.last_time) == (
        deep.root,
        deep.kinds,
        deep.first_time,
        deep.last_time,
    )


def test_progress_is_told_in_order_and_to_the_end(log: SmallLog):
    told: list[int] = []
    verify_log(
        DirectoryLog(log.root),
        [log.keys.log.verifier],
        progress=lambda done, total: told.append(done),
        process_count=2,
    )
    assert told == [256, 512, DECISIONS + 7]


FORGERIES = {
    "another entry before it": (rb"(?<=^p1 256 ).{44}", b"A" * 43 + b"=", Fault.UNLINKED),
    "an epoch that never began": (rb"(?<=-epoch )\d+", b"7", Fault.EPOCH),
    "an epoch of no key entry yet": (rb"(?<=-epoch )\d+", b"256", Fault.EPOCH),
}


@pytest.mark.parametrize(("old", "new", "fault"), FORGERIES.values(), ids=FORGERIES)
def test_what_hangs_on_an_earlier_bundle_is_found_though_all_is_signed(
    log: SmallLog, tmp_path: Path, old: bytes, new: bytes, fault: Fault
):
    """By who holds both keys: entry 256, the first of its bundle, with tiles and a checkpoint."""
    reader, keys = DirectoryLog(log.root), log.keys
    *before, last = [*read_bundle(reader, 0, 256), read_bundle(reader, 1, 256)[0]]
    text = re.sub(old, new, parse_note(last).text, flags=re.MULTILINE)
    assert text != parse_note(last).text
    entries = (*before, keys.entry.signer()(text))
    ciphertexts = (*read_payloads(reader, 0, 256), read_payloads(reader, 1, 256)[0])
    root = root_of(map(leaf_hash, entries))
    note = Checkpoint(keys.origin, 257, root).signed(keys.log.signer())
    forged = SmallLog(tmp_path / "forged")
    (forged.root / ".state").mkdir()
    Publisher(forged.disk, RightEdge()).publish([Frame(0, entries, ciphertexts, note)])
    for processes in (0, 2):
        for signatures in (True, False):
            found = verify_or_fault(forged, processes, signatures=signatures)
            assert found == (fault, 256)


def verify_or_fault(log: SmallLog, processes: int, *, signatures: bool) -> object:
    try:
        return verify_log(
            DirectoryLog(log.root),
            [log.keys.log.verifier],
            signatures=signatures,
            process_count=processes,
        )
    except LogInvalid as invalid:
        return invalid.fault, invalid.index
