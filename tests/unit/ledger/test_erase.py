import os
import shutil
from pathlib import Path

import pytest

from ledger.entry import parse_entry
from ledger.erase import Erased, _emptied, erase
from ledger.erasure import Order
from ledger.errors import ConfigurationError, LedgerDamaged
from ledger.fetch import DirectoryLog, entries
from ledger.fields import EntryKind
from ledger.opener import PayloadOpener
from ledger.proof import check_proof, prove
from ledger.verify import Fault, LogInvalid
from tests.unit.ledger.small_log import PROXY_ID, SEGMENT_BYTES, SmallLog, identities, log_of

ORDER = Order("2026-12", "某某市人民检察院", "刑事诉讼法 286")


def run_erase(log: SmallLog, *indices: int, order: Order = ORDER) -> Erased:
    try:
        return erase(
            log.disk,
            DirectoryLog(log.root),
            log.keys,
            PROXY_ID,
            indices,
            order,
            clock_ms=log.clock,
            segment_bytes=SEGMENT_BYTES,
            reserve_bytes=0,
        )
    finally:
        log.disk.unlock()


def ciphertexts(log: SmallLog) -> dict[int, bytes]:
    return {index: found for index, _, found in entries(DirectoryLog(log.root)) if found}


def files_with(root: Path, data: bytes) -> list[str]:
    return sorted(
        str(path.relative_to(root))
        for path in root.rglob("*")
        if path.is_file() and data in path.read_bytes()
    )


def snapshot_of(root: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    """A full bundle, and an unfinished one that was published in several sizes."""
    log = log_of(tmp_path_factory.mktemp("original") / "log", 300)
    for _ in range(2):
        log.open().append(4)
        log.close()
    return log


@pytest.fixture
def log(original: SmallLog, tmp_path: Path) -> SmallLog:
    shutil.copytree(original.root, tmp_path / "log")
    return SmallLog(tmp_path / "log", original.keys)


def test_the_payload_is_gone_and_everything_else_holds(log: SmallLog):
    before, size = ciphertexts(log), log.verify().size
    key = [log.keys.log.verifier]
    proofs = {index: prove(DirectoryLog(log.root), index) for index in (40, size - 1)}
    erased = [40, 41, 290, 300]
    assert run_erase(log, *erased).recorded == tuple(erased)
    after = ciphertexts(log)
    assert before.keys() - after.keys() == set(erased)
    assert all(before[index] == ciphertext for index, ciphertext in after.items())
    for index in erased:
        assert files_with(log.root, before[index]) == []
    report = log.verify()
    assert report.payloads_erased_count == len(erased)
    assert report.payloads_absent_count == report.erasures_unfinished_count == 0
    assert report.kinds["erasure"] == 1
    found = {index: data for index, data, _ in entries(DirectoryLog(log.root))}
    for index, proof in proofs.items():
        check_proof(found[index], proof, key)
    (entry,) = [e for e in map(read, found.values()) if e.kind is EntryKind.ERASURE]
    assert entry.header == {
        "order": "2026-12",
        "authority": "某某市人民检察院",
        "article": "刑事诉讼法 286",
        "entries": ["40", "41", "290", "300"],
    }


def read(data: bytes):
    return parse_entry(data)[0]


def test_the_log_goes_on_and_its_other_payloads_open(log: SmallLog):
    last = max(ciphertexts(log))
    run_erase(log, last, 20)
    log.open().append(300)
    log.close()
    report = log.verify()
    assert report.payloads_erased_count == 2
    reader = DirectoryLog(log.root)
    opener = PayloadOpener(reader, identities()[0])
    opened = [
        opener.open(read(data), found) for index, data, found in entries(reader, last) if found
    ]
    assert len(opened) == 300


def test_more_than_one_entry_can_name(log: SmallLog):
    indices = sorted(ciphertexts(log))[:300]
    run_erase(log, *indices)
    report = log.verify()
    assert (report.payloads_erased_count, report.kinds["erasure"]) == (300, 2)


@pytest.mark.parametrize(
    ("indices", "words"),
    [
        ([0], "entry 0 is a genesis entry without a payload"),
        ([2], "entry 2 is a boot entry without a payload"),
        ([1], "entry 1 is a key entry without a payload"),
        ([3, 9999], "there is no entry 9999"),
        ([9999], "there is no entry 9999"),
        ([], "which entries"),
    ],
)
def test_what_cannot_be_erased_changes_nothing(log: SmallLog, indices: list[int], words: str):
    size, here = log.verify().size, ciphertexts(log)
    with pytest.raises(ConfigurationError, match=words):
        run_erase(log, *indices)
    assert log.verify().size == size
    assert ciphertexts(log) == here


def test_nothing_is_erased_twice(log: SmallLog):
    run_erase(log, 30)
    size = log.verify().size
    with pytest.raises(ConfigurationError, match="entry 30 was erased already, by order"):
        run_erase(log, 30)
    assert run_erase(log, 30, 31).recorded == (31,)
    assert log.verify().size > size


@pytest.mark.parametrize("bad", ["", "two words", "a\nb", '"', "1" * 15])
def test_an_order_that_cannot_be_written_touches_nothing(log: SmallLog, bad: str):
    before = snapshot_of(log.root)
    for order in (Order(bad, "court"), Order("1", bad), Order("1", "court", '"')):
        with pytest.raises(ConfigurationError, match="is not a"):
            run_erase(log, 30, order=order)
    assert snapshot_of(log.root) == before


def test_a_running_notary_is_not_disturbed(log: SmallLog):
    log.open()
    log.disk.unlock()
    log.disk.lock()
    other = SmallLog(log.root, log.keys)
    with pytest.raises(ConfigurationError, match="stop the service first"):
        run_erase(other, 30)
    log.append(1)
    log.close()
    assert log.verify().payloads_erased_count == 0


def hole(log: SmallLog, path: str, place: int) -> None:
    """What `erase` does to a file, without the order."""
    (log.root / path).write_bytes(_emptied(log.disk, path, frozenset({place})))


def test_a_hole_without_an_order_is_named(log: SmallLog):
    hole(log, "payload/000", 77)
    with pytest.raises(LogInvalid) as found:
        log.verify()
    assert (found.value.fault, found.value.index) == (Fault.PAYLOAD_GONE, 77)
    with pytest.raises(ConfigurationError, match="missing already, and by no order"):
        run_erase(log, 77)


def test_an_order_for_one_payload_excuses_no_other(log: SmallLog):
    run_erase(log, 78)
    hole(log, "payload/000", 77)
    with pytest.raises(LogInvalid) as found:
        log.verify()
    assert (found.value.fault, found.value.index) == (Fault.PAYLOAD_GONE, 77)


def test_a_payload_file_that_is_gone_is_named_by_its_first_payload(log: SmallLog):
    (log.root / "payload/000").unlink()
    with pytest.raises(LogInvalid) as found:
        log.verify()
    assert (found.value.fault, found.value.index) == (Fault.PAYLOAD_GONE, 3)


def test_an_erasure_that_was_not_finished_is_reported_and_finished(log: SmallLog):
    saved = (log.root / "payload/000").read_bytes()
    run_erase(log, 30, 31, 290)
    (log.root / "payload/000").write_bytes(saved)
    report = log.verify()
    assert (report.payloads_erased_count, report.erasures_unfinished_count) == (1, 2)
    done = run_erase(log, 30, 31, 290)
    assert (done.recorded, done.finished) == ((), (30, 31))
    assert log.verify().size == report.size, "the order is recorded once"
    assert log.verify().payloads_erased_count == 3


@pytest.mark.parametrize("data", [b"", b"\0\0\0\x05ab", b"\0\0\0\0" * 255, b"\0\0\0\0" * 257])
def test_a_damaged_payload_file_is_found_before_anything_is_signed(log: SmallLog, data: bytes):
    size = log.verify().size
    (log.root / "payload/000.p").mkdir()
    (log.root / "payload/000.p/200").write_bytes(data)
    with pytest.raises(LedgerDamaged, match=r"000\.p/200"):
        run_erase(log, 30)
    assert log.verify().size == size
    os.rename(log.root / "payload/000.p/200", log.root / "payload/000.p/0200x")
    with pytest.raises(LedgerDamaged, match="no file of a log"):
        run_erase(log, 30)
