from pathlib import Path

import pytest

from ledger.evidence.filters import EntryFilter
from ledger.evidence.scan import scan
from ledger.fetch import DirectoryLog, entries
from ledger.fields import EntryKind
from tests.unit.ledger.evidence.site import Site, make_site
from tests.unit.ledger.small_log import SmallLog

DECISIONS = EntryFilter(kinds=frozenset({EntryKind.DECISION}))


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("scan"))


@pytest.mark.parametrize("start", [0, 1, 255, 256, 257, 271, 272, 5000])
def test_a_scan_finds_what_a_reader_of_everything_finds(site: Site, start: int):
    reader = DirectoryLog(site.log.root)
    every = [(index, data, ciphertext) for index, data, ciphertext in entries(reader, start)]
    found = scan(reader, EntryFilter(), start=start, ciphertexts=True)
    assert [(each.index, each.data, each.ciphertext) for each in found] == every
    few = list(scan(reader, DECISIONS, start=start, end=260))
    wanted = [index for index, data, _ in every if index < 260 and b'"kind":"decision"' in data]
    assert [each.index for each in few] == wanted
    assert {each.ciphertext for each in few} <= {None}


def test_bundles_that_cannot_match_are_not_cut_into_entries(site: Site, monkeypatch):
    calls: list[int] = []

    def decode(raw: bytes, width: int) -> list[bytes]:
        calls.append(width)
        return []

    monkeypatch.setattr("ledger.evidence.scan.decode_bundle", decode)
    assert not list(scan(DirectoryLog(site.log.root), EntryFilter(words=(("rule", "none"),))))
    assert calls == []
    assert not list(scan(DirectoryLog(site.log.root), EntryFilter()))
    assert calls == [256, 16]


def test_what_is_durable_and_not_published_is_found(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create().open()
    checkpoint = (log.root / "checkpoint").read_bytes()
    log.append(3)
    found = list(scan(DirectoryLog(log.root), DECISIONS, ciphertexts=True))
    log.close()
    assert [each.index for each in found] == [3, 4, 5]
    assert all(each.ciphertext for each in found)
    assert checkpoint != (log.root / "checkpoint").read_bytes()


def test_a_copy_without_payloads_has_none(tmp_path: Path):
    site = make_site(tmp_path, 3)
    (site.log.root / "payload/000.p/15").unlink()
    found = scan(DirectoryLog(site.log.root), DECISIONS, ciphertexts=True)
    assert {each.ciphertext for each in found} == {None}
