"""The last scan of a rule is told from the ones before it, whatever its parts and databases."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.fields import EntryKind
from ledger.portal.findings.read import PARTS_MAX, LastScans, by_rule, part_of
from ledger.portal.index.model import Row


def said(number=1, parts=1, keys=((7, None),), database="agency", **more) -> bytes:
    return json.dumps({
        "title": "题", "database": database, "found": len(keys), "new": None, "not_listed": 0,
        "failed": None, "columns": ["cp_id", "day"], "parts": parts, "part": number,
        "keys": [list(key) for key in keys], **more,
    }).encode().ljust(2000)  # fmt: skip


def last(*payloads: bytes) -> LastScans:
    """The newest first, as the pages of an index have them."""
    found = LastScans()
    for number, payload in zip(range(100, 0, -1), payloads, strict=False):
        if not found.add(number, part_of(payload)):
            break
    return found


def test_a_payload_is_read_as_it_was_written():
    part = part_of(said(2, 3, failed="query", new=4, not_listed=9))
    assert (part.number, part.parts_count, part.failed) == (2, 3, "query")
    assert (part.found_count, part.new_count, part.not_listed_count) == (1, 4, 9)
    assert (part.columns, part.keys) == (("cp_id", "day"), (("7", "—"),))


def test_the_scan_before_it_is_not_mixed_in():
    (scan,) = last(said(keys=[(1, "a")]), said(keys=[(2, "b")])).scans
    assert (scan.keys, scan.numbers) == ((("1", "a"),), (100,))


def test_parts_are_put_together_in_their_order():
    parts = [said(3, 3, [(3,)]), said(2, 3, [(2,)]), said(1, 3, [(1,)]), said(3, 3, [(9,)])]
    (scan,) = last(*parts).scans
    assert scan.keys == (("1",), ("2",), ("3",))
    assert (scan.first.number, scan.numbers) == (1, (98, 99, 100))


def test_each_database_has_its_own():
    scans = last(
        said(database="b", keys=[(4,)]), said(2, 2, [(2,)]), said(1, 2, [(1,)]),
        said(database="b", keys=[(8,)]),
    ).scans  # fmt: skip
    assert [(each.first.database, each.keys) for each in scans] == [
        ("agency", (("1",), ("2",))), ("b", (("4",),)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b"{}", b"\xff", b"null", said(parts="x"), said(found="x"), b"[" * 100_000],
)
def test_what_is_no_scan_is_said_to_be_none(payload):
    with pytest.raises(FormatError):
        part_of(payload)


FIELDS = ["title", "database", "found", "new", "not_listed", "failed", "columns", "keys", "part"]
WORTHLESS = st.recursive(
    st.none() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from([*FIELDS, "parts"]), inner),
)


@given(st.binary(max_size=200) | WORTHLESS.map(lambda value: json.dumps(value).encode()))
def test_no_payload_makes_it_fail_otherwise(payload):
    with suppress(FormatError):
        part_of(payload)


def test_rows_are_kept_by_log_and_rule_and_not_without_end():
    rows = [
        Row(log, number, "", EntryKind.FINDING, rule=rule)
        for log in ("a", "b") for rule in ("x", None) for number in range(PARTS_MAX + 5)
    ]  # fmt: skip
    found = by_rule(rows)
    assert {key: len(each) for key, each in found.items()} == {
        ("a", "x"): PARTS_MAX, ("b", "x"): PARTS_MAX,
    }  # fmt: skip
    assert [row.number for row in found["a", "x"][:3]] == [0, 1, 2]
