import json

import pytest

from ledger.verify import Fault, LogInvalid, Report
from ledger.wording import invalid_as_json, report_as_json, report_lines, sentence

REPORT = Report(
    origin="ledger.example/agency1",
    size=1234,
    published_size=1230,
    root=bytes(32),
    signatures_checked=False,
    kinds={"decision": 1234},
    payloads_present_count=1000,
    payloads_absent_count=234,
    payloads_erased_count=5,
    erasures_unfinished_count=6,
    torn_bytes=7,
    first_time="2026-01-01T00:00:00.000Z",
    last_time="2026-01-02T00:00:00.000Z",
)


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_has_a_sentence_in_both_languages(fault: Fault):
    text = sentence(LogInvalid(fault, 57, "detail"))
    assert " / " in text
    assert "{" not in text
    assert any("\u4e00" <= character <= "\u9fff" for character in text)


def test_the_altered_entry_is_named():
    text = sentence(LogInvalid(Fault.ALTERED, 57, "detail"))
    assert text.startswith("第 57 号记录被改动 / entry 57 was altered")


def test_a_good_report_says_so_first():
    lines = report_lines(REPORT)
    assert lines[0] == "记录完整 / record intact: 1,234 entries"
    assert any("not yet published: 4" in line for line in lines)
    assert any("7 bytes" in line for line in lines)
    assert any("234 not in this copy, 5 erased" in line for line in lines)
    assert any("run erase again: 6" in line for line in lines)
    assert any("not checked" in line for line in lines)


def test_json_says_the_same():
    good = json.loads(json.dumps(report_as_json(REPORT)))
    assert (good["intact"], good["size"], good["torn_bytes"]) == (True, 1234, 7)
    bad = json.loads(json.dumps(invalid_as_json(LogInvalid(Fault.ROOT, None, "d"))))
    assert bad == {"intact": False, "fault": "root", "index": None, "detail": "d"}
