"""The nightly scans: findings as a scan writes them, more of them from night to night."""

from __future__ import annotations

import json
from collections import defaultdict

from ledger.portal.findings.read import part_of
from proxy.demo.month.scans import KEYS_MAX, result, results_of
from proxy.demo.scene import Entry


def test_every_night_has_every_rule_and_never_less_than_the_night_before(month, place):
    counts: dict[str, list[int]] = defaultdict(list)
    for entry, payload in month.of("finding"):
        part = part_of(payload)
        if part.number == 1:
            counts[entry.header["rule"]].append(part.found_count)
    assert set(counts) == {rule.name for rule in place.law.findings}
    for each in counts.values():
        assert len(each) == 30
        assert each == sorted(each)
        assert each[0] >= 1
        assert each[-1] == 30


def test_the_second_night_tells_what_is_new(month):
    new = [part_of(payload).new_count for _, payload in month.of("finding")]
    assert new[0] is None
    assert set(new[len(new) // 2 :]) == {1}


def test_no_length_tells_what_was_found(month):
    assert len({len(payload) for _, payload in month.of("finding")}) == 1


def test_results_are_read_from_the_entries_of_a_scan(place):
    rule = place.law.findings[0]
    said = {"database": "agency", "columns": ["cp_id"], "keys": [[n] for n in range(99)]}
    entries = [
        Entry(1, "finding", {"rule": rule.name}, json.dumps({**said, "part": 2})),
        Entry(2, "finding", {"rule": "no such rule"}, json.dumps({**said, "part": 1})),
        Entry(3, "finding", {"rule": rule.name}, json.dumps({**said, "part": 1})),
    ]
    (found,) = results_of(entries, place.law.findings)
    assert found == result(rule, "agency", ["cp_id"], [(n,) for n in range(99)])
    assert (len(found.keys), found.count) == (KEYS_MAX, KEYS_MAX)
