import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import PayloadReference, entry_text, format_time, parse_entry
from ledger.errors import FormatError
from ledger.fields import EntryKind
from ledger.header import encode_header
from ledger.portal.index.headline import (
    COUNTS,
    FLAWED_CODE,
    KIND_CODES,
    ROLE_CODES,
    STAMPS,
    WORDS,
    flawed,
    headline,
    time_ms_of,
    time_text,
)
from ledger.portal.index.model import Flaw, Role
from tests.unit.ledger.portal.index.drawn import headers
from tests.unit.ledger.portal.index.naive import row_of
from tests.unit.ledger.small_log import START_MS, decision_header, notary_keys

ORIGIN = "ledger.example/a"
SIGN = notary_keys().entry.signer()


def entry(kind=EntryKind.DECISION, header=None, *, number=0, payload=None, now_ms=START_MS):
    text = entry_text(
        kind=kind,
        origin=ORIGIN.encode(),
        proxy_id=b"p1",
        sequence=number,
        previous=bytes(32),
        time=format_time(now_ms),
        header_line=encode_header(kind, decision_header() if header is None else header),
        payload=payload,
    )
    return SIGN(text)


@given(st.data(), st.sampled_from(EntryKind), st.integers(0, 10**9), st.integers(0, 2**41))
def test_an_entry_is_taken_as_the_parser_that_verifies_reads_it(data, kind, number, now_ms):
    header = data.draw(headers(kind))
    payload = data.draw(st.none() | st.just(PayloadReference(1, 256, bytes(32))))
    written = entry(kind, header, number=number, payload=payload, now_ms=now_ms)
    parsed = parse_entry(written)[0]
    taken = headline(written, ORIGIN.encode(), number)
    assert taken.flaw is None
    assert (taken.number, taken.kind) == (number, KIND_CODES[kind])
    assert taken.time_ms is not None
    assert time_text(taken.time_ms) == parsed.time
    row = row_of("", ORIGIN, number, written, "")
    words = dict(zip(WORDS, taken.words, strict=True))
    assert words == {name: getattr(row, name) for name in WORDS}
    counts = dict(zip(COUNTS, taken.counts, strict=True))
    assert counts == {name: getattr(row, name) for name in COUNTS}
    assert taken.cut == row.cut
    assert taken.stamps == tuple((row.named.get(role) or (None,))[0] for role in STAMPS)
    rest = [(role, each) for role in row.named if role not in STAMPS for each in row.named[role]]
    kept = [taken.named[at : at + 17] for at in range(0, len(taken.named), 17)]
    assert sorted(kept) == sorted(
        bytes([ROLE_CODES[role]]) + bytes.fromhex(each) for role, each in rest
    )


WRITTEN = entry(header=decision_header() | {"subjects": ["0" * 32]}, payload=None)


@given(st.integers(0, len(WRITTEN)), st.integers(0, 40), st.binary(max_size=12))
def test_what_is_not_taken_the_parser_refuses_too(at: int, length: int, patch: bytes):
    mutated = WRITTEN[:at] + patch + WRITTEN[at + length :]
    taken = headline(mutated, ORIGIN.encode(), 0)
    try:
        parsed = parse_entry(mutated)[0]
    except FormatError:
        parsed = None
    if taken.flaw == Flaw.MALFORMED:
        assert parsed is None or not _is_a_time(parsed.time)
    elif taken.flaw == Flaw.MISPLACED:
        assert parsed is None or (parsed.origin, parsed.sequence) != (ORIGIN, 0)
    elif parsed is not None:
        verdict = dict(zip(WORDS, taken.words, strict=True))["verdict"]
        assert verdict == parsed.header["verdict"]


def _is_a_time(text: str) -> bool:
    try:
        time_ms_of(text)
    except FormatError:
        return False
    return True


@given(st.binary(max_size=600))
def test_no_bytes_make_it_fail(data: bytes):
    assert headline(data, ORIGIN.encode(), 3) == flawed(3, Flaw.MALFORMED)


@pytest.mark.parametrize(
    ("edit", "flaw"),
    [
        (lambda data: data.replace(b"p1 0 ", b"p1 1 "), Flaw.MISPLACED),
        (lambda data: data.replace(b"example/a", b"example/b", 1), Flaw.MISPLACED),
        (lambda data: data.replace(b"2026-01-01", b"2026-02-30"), Flaw.MALFORMED),
        (lambda data: data.replace(b"00:00:00.", b"00:00:60."), Flaw.MALFORMED),
        (lambda data: data.replace(b"ledger-entry", b"ledger-genesis"), Flaw.MALFORMED),
        (lambda data: data.replace(b'"decision"', b'"decided"'), Flaw.MALFORMED),
        (lambda data: data.replace(b"sealed-rows", b"sealed rows"), Flaw.MALFORMED),
        (lambda data: data.replace(b"sealed-rows", b"\xff"), Flaw.MALFORMED),
        (lambda data: data.replace(b"payload none", b"payload some"), Flaw.MALFORMED),
        (lambda data: data.partition(b"\n\n")[0], Flaw.MALFORMED),
        (lambda data: data + b"x" * 65_536, Flaw.MALFORMED),
        (lambda data: b"", Flaw.MALFORMED),
    ],
)
def test_a_flaw_is_named(edit, flaw: Flaw):
    written = entry()
    assert headline(written, ORIGIN.encode(), 0).flaw is None
    edited = edit(written)
    assert edited != written
    taken = headline(edited, ORIGIN.encode(), 0)
    assert (taken.kind, taken.flaw, taken.time_ms) == (FLAWED_CODE, flaw.value, None)


@pytest.mark.parametrize(
    ("kind", "header", "refused"),
    [
        (EntryKind.DECISION, {"verdict": "refuse"}, True),
        (EntryKind.DECISION, {"verdict": "pass"}, False),
        (EntryKind.PERMIT, {"event": "refused"}, True),
        (EntryKind.CERTIFICATE, {"event": "refused"}, True),
        (EntryKind.CERTIFICATE, {"event": "issued"}, False),
        (EntryKind.POLICY, {"event": "refused"}, False),
    ],
)
def test_what_was_refused_to_somebody_is_marked(kind, header, refused: bool):
    whole = {
        EntryKind.DECISION: decision_header(),
        EntryKind.PERMIT: {"permit": "P1"},
        EntryKind.CERTIFICATE: {"certificate": "C1"},
        EntryKind.POLICY: {"policy": "0" * 64},
    }[kind] | header
    assert headline(entry(kind, whole), ORIGIN.encode(), 0).refused is refused


def test_a_person_is_kept_from_both_fields_that_name_one():
    certificate = {"certificate": "C1", "event": "issued", "person": "a" * 32}
    permit = {"permit": "P1", "event": "granted", "subjects": ["a" * 32, "b" * 32]}
    code = bytes([ROLE_CODES[Role.PERSON]])
    for kind, header, count in (
        (EntryKind.CERTIFICATE, certificate, 1),
        (EntryKind.PERMIT, permit, 2),
    ):
        taken = headline(entry(kind, header), ORIGIN.encode(), 0)
        assert taken.named[:17] == code + bytes.fromhex("a" * 32)
        assert len(taken.named) == 17 * count


@given(st.integers(-(2**45), 2**47))
def test_a_time_is_the_same_again(time_ms: int):
    text = time_text(time_ms)
    assert time_ms_of(text) == time_ms


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00.000Z", "2026-01-01T00:00:60.000Z"])
def test_a_date_that_there_is_not_is_refused(text: str):
    with pytest.raises(FormatError):
        time_ms_of(text)
