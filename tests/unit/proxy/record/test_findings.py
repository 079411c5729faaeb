"""What a scan found as entries, and what is remembered of it."""

import json
import stat

import pytest

from ledger.pseudonyms import Pseudonyms
from proxy.names import Article
from proxy.payload import encode_json
from proxy.policy.law import FindingRule
from proxy.record import findings
from proxy.record.findings import (
    PAYLOAD_BYTES,
    Memory,
    Result,
    ScanUnderWay,
    one_at_a_time,
    read_memory,
    report,
    write_memory,
)

RULE = FindingRule("late", Article("实施办法第11条"), "alarm", "逾期" * 100, "SELECT", frozenset())
PSEUDONYMS = Pseudonyms(b"k" * 32)


NOTHING = Memory()


def result(*keys, count=None, failed=None):
    some = tuple((key, "x") for key in keys)
    return Result(RULE, "agency", ("id", "k"), some, len(keys) if count is None else count, failed)


def told(found, memory=NOTHING):
    return report(found, memory, PSEUDONYMS, 1_000.0)


def remembered(found):
    each = told(found)
    return Memory(500.0, {found.name: each.digests})


def payload(entry):
    return encode_json(entry.content).encode().ljust(entry.payload_bytes)


def test_there_is_an_entry_where_nothing_was_found():
    (entry,) = told(result()).entries
    assert (entry.content["found"], entry.content["keys"]) == (0, [])
    assert len(payload(entry)) == PAYLOAD_BYTES


@pytest.mark.parametrize("count", [1, 100, 10_000])
def test_every_payload_has_the_same_length_and_the_public_count_is_of_scans(count):
    entries = told(result(*range(count))).entries
    assert {len(payload(entry)) for entry in entries} == {PAYLOAD_BYTES}
    assert {entry.observed_count for entry in entries} == {1}
    assert [key[0] for entry in entries for key in entry.content["keys"]] == list(range(count))


def test_the_longest_keys_fit(monkeypatch):
    wide = Result(RULE, "d" * 63, ("c" * 63,) * 8, (("\x01" * 100,) * 8,) * 50, 50)
    assert {len(payload(entry)) for entry in told(wide).entries} == {PAYLOAD_BYTES}


def test_how_many_entries_there_are_is_rounded_at_random(monkeypatch):
    """Else whoever adds a key, and sees one more, knows how many there were."""
    for drawn, entries_count in ((0, 2), (27_999, 1)):
        monkeypatch.setattr(findings.secrets, "randbelow", lambda _, drawn=drawn: drawn)
        assert len(told(result(1, 2, 3)).entries) == entries_count
        assert len(told(result()).entries) == 1


def test_what_is_new_is_counted_and_comes_first():
    first = told(result(1, 2))
    assert first.new_count is None
    again = told(result(1, 2, 3), remembered(result(1, 2)))
    assert again.new_count == 1
    assert again.entries[0].content["keys"][0] == (3, "x")
    assert again.entries[0].from_seconds == 500.0


def test_more_than_are_listed_are_counted():
    (entry,) = told(result(1, 2, count=70_000)).entries[:1]
    assert (entry.content["found"], entry.content["not_listed"]) == (70_000, 69_998)


def test_a_failed_rule_keeps_what_was_known():
    known = remembered(result(1, 2))
    failed = told(result(failed="57014"), known)
    assert failed.digests == known.digests["late@agency"]
    assert (failed.new_count, failed.entries[0].content["found"]) == (None, None)


def test_no_key_is_remembered_in_clear_and_another_log_has_other_digests(tmp_path):
    file = tmp_path / "log.findings"
    known = remembered(Result(RULE, "agency", ("k",), (("110105200401010043",),), 1))
    write_memory(file, known)
    assert "110105200401010043" not in file.read_text(encoding="utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert read_memory(file) == known
    other = report(
        Result(RULE, "agency", ("k",), (("110105200401010043",),), 1),
        known, Pseudonyms(b"o" * 32), 1_000.0,
    )  # fmt: skip
    assert other.new_count == 1


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"found": 1}', '{"scanned_at": "x", "found": {}}', '"x"', "null"]
)
def test_a_damaged_memory_is_none(tmp_path, text):
    file = tmp_path / "log.findings"
    file.write_text(text, encoding="utf-8")
    assert read_memory(file) == Memory()
    assert read_memory(tmp_path / "none") == Memory()


def test_one_scan_at_a_time(tmp_path):
    file = tmp_path / "log.findings"
    with one_at_a_time(file), pytest.raises(ScanUnderWay), one_at_a_time(file):
        pass
    with one_at_a_time(file):
        pass


def test_a_digest_is_of_rule_database_and_key():
    other = Result(RULE, "other", ("id", "k"), ((1, "x"),), 1)
    text = Result(RULE, "agency", ("id", "k"), (("1", "x"),), 1)
    assert len({*told(result(1)).digests, *told(other).digests, *told(text).digests}) == 3
    assert json.dumps(sorted(told(result(1)).digests))
