"""What is kept of a verification, and what it is told as."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.portal.proof import words
from ledger.portal.proof.verdict import (
    Standing,
    Verdict,
    WitnessSeen,
    from_json,
    intact,
    invalid,
    to_json,
    unsure,
    witness_note,
)
from ledger.verify import Fault, LogInvalid
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import log_of

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
WITNESSES = st.lists(
    st.builds(
        WitnessSeen,
        st.text(),
        st.none() | st.integers(),
        st.integers(),
        st.none() | st.sampled_from(sorted(words.NOTES)),
    )
)
VERDICTS = st.builds(
    Verdict,
    st.sampled_from([*map(str, Fault), *words.VERDICTS]) | st.text(),
    st.none() | st.integers(0),
    st.integers(0),
    st.text(),
    st.none() | st.integers(0),
    st.text(),
    st.text(),
    st.lists(st.sampled_from(sorted(words.NOTES))).map(tuple),
    WITNESSES.map(tuple),
    st.text(),
)


@pytest.mark.parametrize("fault", Fault)
@pytest.mark.parametrize("index", [None, 7])
def test_each_fault_is_told_with_its_number_where_there_is_one(fault: Fault, index: int | None):
    verdict = invalid(LogInvalid(fault, index, "detail"), "a.example")
    assert verdict.standing is Standing.BROKEN
    assert "{" not in verdict.words.chinese
    assert "None" not in verdict.words.chinese
    assert ("第 7 号" in verdict.words.chinese) == (
        index == 7 and "{index}" in words.FAULTS[fault].chinese
    )


@pytest.mark.parametrize("code", [*words.VERDICTS, "something-new", ""])
def test_what_is_unsure_is_never_told_as_intact(code: str):
    verdict = unsure(code)
    assert verdict.standing is Standing.UNSURE
    assert verdict.words.chinese.startswith("不能确认")


def test_a_fault_without_words_is_not_taken_for_another(monkeypatch):
    left = {fault: each for fault, each in words.FAULTS.items() if fault is not Fault.FORK}
    monkeypatch.setattr("ledger.portal.proof.verdict.FAULTS", left)
    assert invalid(LogInvalid(Fault.FORK, None, "")).standing is Standing.UNSURE


def test_an_intact_log_names_its_first_and_last_number(tmp_path):
    report = log_of(tmp_path / "log", 3).verify()
    told = intact(report, 4, [WitnessSeen("w", 5, 1)])
    assert told.standing is Standing.INTACT
    assert f"第 0 号至第 {report.size - 1} 号，共 {report.size} 条" in told.words.chinese


def test_what_lets_one_be_less_sure_is_a_warning_and_not_a_fault(tmp_path):
    report = log_of(tmp_path / "log", 3).verify()
    assert set(intact(report, None).notes) == {"no-copy", "no-witness"}
    old = intact(report, 4, [WitnessSeen("w", 5, 1, "witness-old")])
    assert old.standing is Standing.WARNED
    assert [note.chinese for note in old.note_words] == ["见证签名过期"]


def test_a_closed_log_is_no_warning(tmp_path):
    report = RotatingLog(tmp_path).once().freeze().verify()
    told = intact(report, 4, [WitnessSeen("w", 5, 1)])
    assert told.notes == ("closed",)
    assert told.standing is Standing.INTACT


@pytest.mark.parametrize(
    ("age_seconds", "note"),
    [(0, None), (3600, None), (3601, "witness-old"), (-300, None), (-301, "witness-clock")],
)
def test_a_cosignature_grows_old_and_is_not_of_the_future(age_seconds: int, note: str | None):
    assert witness_note(1_000_000, 1_000_000 + age_seconds, 3600) == note


@given(VERDICTS)
def test_what_is_kept_is_read_again(verdict: Verdict):
    assert from_json(json.loads(json.dumps(to_json(verdict)))) == verdict
    assert verdict.words.chinese


@given(JSON, st.sampled_from(sorted(to_json(Verdict("intact")))), VERDICTS)
def test_what_is_kept_and_was_changed_is_refused_or_a_verdict(value, name, verdict):
    row = to_json(verdict) | {name: value}
    try:
        read = from_json(json.loads(json.dumps(row)))
    except ValueError:
        return
    assert read.words.chinese
    assert isinstance(read.standing, Standing)
    assert isinstance(read.note_words, list)


@given(JSON)
def test_nothing_else_is_a_verdict(value):
    with pytest.raises(ValueError):
        from_json(value)
