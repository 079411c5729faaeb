import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.entry import Entry
from ledger.erasure import RANGE_MAX, Order, Payloads, erased_by, erasure_headers, indices_from
from ledger.fields import LIST_ITEMS_MAX, EntryKind
from ledger.header import decode_header, encode_header

ORDER = Order("2026-12", "某某市人民检察院")
ERASURE = Entry(
    kind=EntryKind.ERASURE,
    origin="ledger.example/agency1",
    proxy_id="p1",
    sequence=500,
    previous=bytes(32),
    time="2026-01-01T00:00:00.000Z",
    header={"order": "2026-12", "authority": "court", "entries": ["3", "499"]},
    payload=None,
)


@given(st.lists(st.integers(0, 10**9), max_size=700, unique=True))
def test_every_index_is_recorded_once_in_entries_that_fit(indices: list[int]):
    named: list[int] = []
    for header in erasure_headers(ORDER, indices):
        kind, read = decode_header(encode_header(EntryKind.ERASURE, header))
        entry = replace(ERASURE, kind=kind, header=read, sequence=10**10)
        log, found = erased_by(entry)
        assert log == entry.origin
        assert 0 < len(found) <= LIST_ITEMS_MAX
        named += found
    assert named == indices


def test_an_erasure_excuses_what_lies_before_it():
    named = ["0", "499", "500", "501", "07", "+7", " 7", "٣", "x", "1" * 16]
    assert erased_by(replace(ERASURE, header={"entries": named})) == (ERASURE.origin, [0, 499])


def test_of_an_earlier_log_it_excuses_what_it_names():
    named = {"entries": ["0", "500", "07"], "log": "court/2025"}
    assert erased_by(replace(ERASURE, header=named)) == ("court/2025", [0, 500])


def test_its_own_log_is_no_earlier_one():
    """Else it could name what follows it."""
    named = {"entries": ["3", "900"], "log": ERASURE.origin}
    assert erased_by(replace(ERASURE, header=named)) == (ERASURE.origin, [])


@pytest.mark.parametrize("kind", [kind for kind in EntryKind if kind is not EntryKind.ERASURE])
def test_no_other_entry_excuses_anything(kind: EntryKind):
    assert erased_by(replace(ERASURE, kind=kind)) == (ERASURE.origin, [])


@pytest.mark.parametrize("entries", [None, "3", 3, True])
def test_an_erasure_that_names_nothing_excuses_nothing(entries):
    assert erased_by(replace(ERASURE, header={"entries": entries})) == (ERASURE.origin, [])


@pytest.mark.parametrize(
    ("words", "indices"),
    [(["7"], [7]), (["12-14", "3", "13"], [3, 12, 13, 14]), (["5-5"], [5]), ([], [])],
)
def test_indices_are_single_or_ranges(words, indices):
    assert indices_from(words) == indices


@pytest.mark.parametrize(
    "word", ["", "-", "3-", "-3", "x", "1-2-3", "4-3", f"0-{RANGE_MAX}", "9" * 16, "٣", "1.0"]
)
def test_what_is_no_index_is_named(word):
    with pytest.raises(ValueError, match=re.escape(repr(word))):
        indices_from([word])


@given(st.text())
def test_any_word_is_an_index_or_refused(word: str):
    try:
        indices = indices_from([word])
    except ValueError:
        return
    assert indices == sorted(set(indices))
    assert 0 < len(indices) <= RANGE_MAX


def payloads(**told) -> Payloads:
    return Payloads(files_here=True, **told)


@pytest.mark.parametrize(
    ("told", "missing"),
    [
        (Payloads(absent_count=9, absent_first=2), None),
        (payloads(present_count=3), None),
        (payloads(gaps={4, 7}, erased={4, 7}), None),
        (payloads(gaps={4, 7}, erased={4}), 7),
        (payloads(gaps={4, 7}, erased={5}), 4),
        (payloads(absent_count=1, absent_first=2, gaps={7}), 2),
        (payloads(absent_count=1, absent_first=2, erased={2}), 2),
    ],
    ids=["witness", "whole", "erased", "hole", "wrong-order", "file-gone", "erased-file-gone"],
)
def test_a_payload_is_missing_without_an_order(told: Payloads, missing: int | None):
    assert told.without_order() == missing


def test_an_erasure_is_unfinished_while_the_payload_is_here():
    told = payloads(gaps={4}, erased={4, 5, 6})
    assert (told.erased_count, told.unfinished_count) == (1, 2)
    assert Payloads(erased={4}, absent_count=1, absent_first=4).unfinished_count == 0


def test_what_is_told_in_parts_is_the_same_as_told_at_once():
    whole, parts = Payloads(), [Payloads(), Payloads(files_here=True, present_count=2)]
    for number, part in enumerate(parts):
        for told in (whole, part):
            told.absent(3 - number)
            told.gaps.add(10 + number)
            told.erased.add(11)
    whole.files_here, whole.present_count = True, 2
    merged = Payloads()
    for part in parts:
        merged.merge(part)
    assert merged == whole
