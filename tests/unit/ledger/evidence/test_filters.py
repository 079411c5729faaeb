"""What the bytes of an entry say about a filter is what its fields say."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import entry_text, parse_entry
from ledger.evidence.filters import EntryFilter
from ledger.fields import EntryKind
from ledger.header import encode_header
from ledger.tile import encode_bundle
from tests.unit.ledger.small_log import decision_header, notary_keys

PERSON, OTHER = "a" * 32, "b" * 32
SIGN = notary_keys().entry.signer()


def entry(kind: EntryKind, header: dict, time: bytes = b"2026-01-02T00:00:00.000Z") -> bytes:
    text = entry_text(
        kind=kind, origin=b"o", proxy_id=b"p1", sequence=1, previous=bytes(32), time=time,
        header_line=encode_header(kind, header), payload=None,
    )  # fmt: skip
    return SIGN(text)


DECISION = entry(
    EntryKind.DECISION,
    {**decision_header(3), "permit": "x1", "relations": ["principal"], "subjects": [PERSON]},
)
OUTCOME = entry(
    EntryKind.OUTCOME, {"decision": 1, "session": "s3", "rows_count": 0, "released_bytes": 0}
)
CERTIFICATE = entry(
    EntryKind.CERTIFICATE,
    {"certificate": "c", "event": "issued", "person": PERSON, "handler": OTHER},
)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (EntryFilter(), [DECISION, OUTCOME, CERTIFICATE]),
        (EntryFilter(kinds=frozenset({EntryKind.DECISION})), [DECISION]),
        (EntryFilter(kinds=frozenset({EntryKind.OUTCOME, EntryKind.CERTIFICATE})),
         [OUTCOME, CERTIFICATE]),
        (EntryFilter(words=(("session", "s3"),)), [DECISION, OUTCOME]),
        (EntryFilter(words=(("session", "s"),)), []),
        (EntryFilter(words=(("session", "s3"), ("verdict", "rewrite"))), [DECISION]),
        (EntryFilter(words=(("rule", 'sealed-rows","article'),)), []),
        (EntryFilter(words=(("permit", "x1"), ("principal", "background-check-platform"))),
         [DECISION]),
        (EntryFilter(subject=PERSON), [DECISION, CERTIFICATE]),
        (EntryFilter(subject=OTHER), []),
        (EntryFilter(since="2026-01-02T00:00:00.000Z"), [DECISION, OUTCOME, CERTIFICATE]),
        (EntryFilter(until="2026-01-02T00:00:00.000Z"), []),
        (EntryFilter(since="2026-01-02T00:00:00.001Z"), []),
    ],
)  # fmt: skip
def test_all_that_is_given_must_hold(wanted: EntryFilter, found: list[bytes]):
    assert [each for each in (DECISION, OUTCOME, CERTIFICATE) if wanted.matches(each)] == found
    if found:
        assert wanted.may_hold(encode_bundle([DECISION, OUTCOME, CERTIFICATE]))


def test_a_bundle_without_the_word_is_not_looked_into():
    bundle = encode_bundle([OUTCOME])
    assert not EntryFilter(kinds=frozenset({EntryKind.DECISION})).may_hold(bundle)
    assert not EntryFilter(words=(("verdict", "rewrite"),)).may_hold(bundle)
    assert not EntryFilter(subject=PERSON).may_hold(bundle)


WORD = st.from_regex(r"[\w.:/@+=-]{1,12}", fullmatch=True) | st.text(max_size=8)


@given(st.sampled_from(["session", "rule", "principal", "verdict"]), WORD)
def test_bytes_and_fields_agree(name: str, value: str):
    for data in (DECISION, OUTCOME):
        header = parse_entry(data)[0].header
        assert EntryFilter(words=((name, value),)).matches(data) == (header.get(name) == value)


@given(st.binary(max_size=300))
def test_any_bytes_are_judged(data: bytes):
    wanted = EntryFilter(kinds=frozenset({EntryKind.DECISION}), subject=PERSON)
    assert not wanted.matches(data)
    wanted.matches(b'a\nb\nc\nd\n{"kind":"decision","' + data + PERSON.encode() + b'"}\n')
    assert json.loads(json.dumps(PERSON)) == PERSON
