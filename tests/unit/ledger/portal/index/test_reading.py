from pathlib import Path

import pytest

from ledger.fetch import DirectoryLog
from ledger.portal.index import reading
from ledger.portal.index.model import Flaw
from ledger.portal.index.reading import LogContent
from ledger.portal.logs import LogUnreadable, Trouble
from ledger.tile import bundle_path
from tests.unit.ledger.portal.made_log import MadeLog, bundle_of, heartbeats, made_log


@pytest.fixture
def log(tmp_path: Path) -> MadeLog:
    """Of 900 entries: three whole bundles and 132 more."""
    return made_log(tmp_path / "log", heartbeats(899))


def content(log: MadeLog) -> LogContent:
    return LogContent("公安", DirectoryLog(log.root), log.keys.origin, log.size)


def flaws(log: MadeLog, start: int = 0) -> dict[int, str | None]:
    return {
        each.number: each.flaw for taken in content(log).bundles(start) for each in taken.headlines
    }


@pytest.mark.parametrize("start", [0, 1, 255, 256, 257, 899, 900])
def test_all_from_there_on_are_read(log: MadeLog, start: int):
    assert flaws(log, start) == dict.fromkeys(range(start, 900))


def test_the_last_entry_is_known_again(log: MadeLog):
    *_, last = content(log).bundles(0)
    assert last.last is not None
    assert last.last.number == 899
    assert content(log).entry(899) == bundle_of(log.root, 3, 132)[-1]


def test_a_hole_is_marked_and_what_follows_is_read(log: MadeLog):
    (log.root / bundle_path(1)).unlink()
    found = flaws(log)
    assert list(found) == list(range(900))
    assert {number for number, flaw in found.items() if flaw == Flaw.MISSING} == {*range(256, 512)}
    assert content(log).entry(300) is None
    assert content(log).bundle(1) is None


def test_a_bundle_that_breaks_off_is_read_to_there(log: MadeLog):
    path = log.root / bundle_path(1)
    path.write_bytes(path.read_bytes()[:-1])
    found = flaws(log)
    assert [number for number, flaw in found.items() if flaw is not None] == [511]
    path.write_bytes(b"")
    missing = [number for number, flaw in flaws(log).items() if flaw is not None]
    assert missing == list(range(256, 512))


def test_at_the_end_a_hole_is_where_reading_stops(log: MadeLog):
    (log.root / bundle_path(3, 132)).unlink()
    found = []
    with pytest.raises(LogUnreadable, match="768") as caught:
        for taken in content(log).bundles(0):
            found += taken.headlines
    assert len(found) == 768
    assert caught.value.trouble is Trouble.ENTRIES_GONE


def test_a_size_beyond_reason_is_not_believed(log: MadeLog, monkeypatch):
    monkeypatch.setattr(reading, "MISSING_BUNDLES_MAX", 2)
    large = LogContent("公安", DirectoryLog(log.root), log.keys.origin, 10**15)
    found = []
    with pytest.raises(LogUnreadable, match="768"):
        for taken in large.bundles(0):
            found += taken.headlines
    # The unfinished bundle has no name under that size.
    assert len(found) == 768


def test_what_cannot_be_read_at_all_is_an_error_of_its_log(log: MadeLog):
    path = log.root / bundle_path(1)
    path.unlink()
    path.mkdir()
    with pytest.raises(LogUnreadable) as caught:
        flaws(log)
    assert caught.value.trouble is Trouble.UNREACHABLE
