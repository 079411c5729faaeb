"""Where keys are changed, as the index has it, over real logs whose keys were changed."""

from pathlib import Path

import pytest

from ledger.evidence.history import may_change_keys
from ledger.evidence.proven import KeyHint, ProvenLog
from ledger.fetch import DirectoryLog, entries
from ledger.note import VerifierKey
from ledger.portal.index.index import Index, IndexUnreadable
from ledger.portal.logs import Source, source_of
from ledger.portal.proof.key_hint import key_hint
from ledger.prepare import prepare_successor
from tests.unit.ledger.rotating_log import RotatingLog


@pytest.fixture
def log(tmp_path: Path) -> RotatingLog:
    log = RotatingLog(tmp_path).once(300)
    for what in ("entry", "log"):
        prepare_successor(log.directory, what)
        log.once(3)
    return log


def source(log: RotatingLog) -> Source:
    return source_of("court", str(log.root), [log.vkey("log.vkey")])


def changing(log: RotatingLog) -> list[int]:
    return [n for n, data, _ in entries(DirectoryLog(log.root)) if may_change_keys(data)]


def test_all_changes_are_named_and_no_epoch(log: RotatingLog, tmp_path: Path):
    index = Index.open(tmp_path / "index", ["court"])
    assert key_hint(index, "court") is None
    size = index.refresh(source(log)).size
    hint = key_hint(index, "court")
    assert hint == KeyHint(tuple(changing(log)), size)
    assert len(hint.numbers) == 2
    key = VerifierKey.parse(log.vkey("log.vkey"))
    proven = ProvenLog(DirectoryLog(log.root), [key], hint=hint)
    assert proven.entry(size - 1).index == size - 1
    assert key_hint(index, "elsewhere") is None
    # What was added since is found in the log, before the index knows it.
    prepare_successor(log.directory, "entry")
    log.once(3)
    grown = ProvenLog(DirectoryLog(log.root), [key], hint=hint)
    assert grown.entry(grown.size - 1).index == grown.size - 1
    assert grown.key_changes == changing(log)
    index.close()


def test_with_a_hint_only_the_end_of_the_log_is_searched(log: RotatingLog, monkeypatch):
    searched, search = list[int](), ProvenLog._search

    def told(proven: ProvenLog, first: int):
        searched.append(first)
        return search(proven, first)

    monkeypatch.setattr(ProvenLog, "_search", told)
    key = VerifierKey.parse(log.vkey("log.vkey"))
    hint = KeyHint(tuple(changing(log)), 300)
    proven = ProvenLog(DirectoryLog(log.root), [key], hint=hint)
    assert proven.entry(proven.size - 1).index == proven.size - 1
    assert searched == [1]


def test_where_an_entry_could_not_be_indexed_nothing_is_said(log: RotatingLog, tmp_path: Path):
    path = log.root / "tile/entries/000"
    path.write_bytes(path.read_bytes().replace(b'"kind":"decision"', b'"kind":"decisiom"', 1))
    index = Index.open(tmp_path / "index", ["court"])
    index.refresh(source(log))
    assert key_hint(index, "court") is None
    index.close()


def test_a_damaged_index_says_nothing():
    class Damaged:
        def states(self):
            raise IndexUnreadable("court")

        def search(self, query, after, limit):
            raise AssertionError

    assert key_hint(Damaged(), "court") is None
