"""The view of an entry: what is proved, what was decrypted, what is only claimed. Pure."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import Entry
from ledger.fields import FIELDS, EntryKind, Shape
from ledger.portal.proof.one_access import (
    MEANING_OF_STANDINGS,
    STANDINGS,
    Context,
    Opened,
    Row,
    Seen,
    Standing,
    gist,
    kind_words,
    rule_row,
    seen,
)
from tests.unit.ledger.portal.proof.believers import HOSTILE, OF, decision_header, payload_of

WORD = st.from_regex(r"[a-z][a-z-]{0,8}", fullmatch=True)
VALUES = {
    Shape.COUNT: st.integers(0, 10**15 - 1),
    Shape.FLAG: st.booleans(),
    **{shape: st.lists(st.text(), max_size=3) for shape in Shape if shape.is_list},
}


def entry_of(kind: EntryKind, header: dict) -> Entry:
    return Entry(kind, "a.example", "p1", 5, b"", "2026-01-01T00:00:00.000Z", header, None)


def decided(payload: dict | None = None, *, key: bool = True, **changed) -> Seen:
    given_payload = payload_of() if payload is None else payload
    entry = entry_of(EntryKind.DECISION, decision_header(payload_of(), **changed))
    data = json.dumps(given_payload, ensure_ascii=False).encode()
    return seen(5, entry, Opened(data, OF if key else None), Context())


def rows(view: Seen, name: str) -> list[Row]:
    return [row for section in view.sections for row in section.rows if row.name == name]


def test_what_stands_in_the_log_is_proved_and_what_an_application_says_is_claimed():
    view = decided()
    in_log, opened = rows(view, "operator")
    assert (in_log.standing, opened.standing) == (Standing.CLAIMED, Standing.CLAIMED)
    assert rows(view, "principal")[0].standing is Standing.PROVED
    assert rows(view, "user")[0].standing is Standing.DECRYPTED
    assert rows(view, "application_name")[0].standing is Standing.CLAIMED


def test_an_operator_that_a_certificate_names_is_no_claim():
    view = decided(attribution="certificate")
    assert [row.standing for row in rows(view, "operator")] == [
        Standing.PROVED, Standing.DECRYPTED,
    ]  # fmt: skip


def test_what_was_decrypted_is_compared_with_the_log():
    view = decided()
    assert [row.agrees for row in rows(view, "operator")] == [None, True]
    assert not view.mismatch
    for name in ("operator", "case", "source", "text"):
        assert decided(payload_of(**{name: "another"})).mismatch, name
        assert not decided(payload_of(**{name: "another"}), key=False).mismatch


def test_nobody_compares_what_was_cut():
    payload = payload_of()
    payload["text_start"] = payload.pop("text")
    assert not decided(payload).mismatch


def test_no_field_of_a_decision_is_left_out():
    fields = dict.fromkeys(FIELDS[EntryKind.DECISION], "x")
    view = seen(5, entry_of(EntryKind.DECISION, fields), None, Context())
    shown = [row.name for section in view.sections for row in section.rows]
    assert sorted(shown) == sorted(fields)


def test_the_rule_is_told_in_words():
    entry = entry_of(EntryKind.DECISION, decision_header(payload_of(), rule="bulk-access"))
    assert rule_row(entry, Context()) is None
    assert rule_row(entry, Context({"bulk-access": "请"})).chinese == "请"
    serving = entry_of(EntryKind.DECISION, decision_header(payload_of()))
    assert rule_row(serving, Context({"permitted-rows": "no"})).chinese == "依查询许可提供"


def test_both_tables_of_standings_are_whole():
    assert set(STANDINGS) == set(MEANING_OF_STANDINGS) == set(Standing)


@pytest.mark.parametrize("kind", EntryKind)
def test_each_kind_is_called_something(kind: EntryKind):
    assert kind_words(kind).chinese != kind.value


@given(st.sampled_from(EntryKind), st.data())
def test_whatever_an_entry_holds_is_shown_and_fit_to_be(kind: EntryKind, data):
    header = {}
    for name, field in FIELDS[kind].items():
        if field.required or data.draw(st.booleans()):
            header[name] = data.draw(VALUES.get(field.shape, st.text() | WORD))
    payload = data.draw(st.none() | st.binary() | st.just(HOSTILE.encode()))
    opened = None if payload is None else Opened(payload, OF)
    view = seen(5, entry_of(kind, header), opened, Context())
    texts = [row.value for section in view.sections for row in section.rows]
    texts += [view.gist.chinese, view.gist.english]
    assert all(text.isprintable() for text in texts), texts
    assert all(c.isprintable() or c in "\n\t" for c in view.document)
    shown = {row.name for section in view.sections for row in section.rows}
    assert shown >= set(header)


def test_what_is_long_is_cut():
    view = decided(payload_of(operator="x" * 10_000))
    assert len(rows(view, "operator")[1].value) == 2_000
    assert view.mismatch


def test_a_number_stands_beside_what_happened():
    entry = entry_of(EntryKind.PERMIT, {"permit": "P1", "event": "granted"})
    assert gist(entry).chinese == "许可 P1"
    assert gist(replace(entry, header={"permit": "P1", "event": "new"})).chinese == "new P1"
