"""The arithmetic of an unsealing: each thing that does not add up, and silence where all does."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.portal.findings.review import (
    ABSENT,
    GROUNDS,
    ORIGINS,
    Origin,
    Review,
    review_of_key,
    review_of_order,
)

TODAY = date(2026, 3, 2)
GOOD = {
    "notice_id": "3",
    "cp_id": "15",
    "unseal_ground": "18-1",
    "sealed_on": "2021-01-02",
    "unsealed_on": "2022-02-02",
    "sealed_months": "36",
    "decided_on": "2021-12-30",
    "decided_penalty": "FIXED",
    "decided_months": "61",
    "terms_months": "67",
    "offence_age": "16",
}


def review(**other: str) -> Review:
    said = {**GOOD, **other}
    return review_of_key(list(said), list(said.values()), TODAY)


def doubts(found: Review) -> str:
    return "; ".join(each.english for each in found.doubts)


def facts(found: Review) -> dict[str, tuple[str | None, Origin]]:
    return {
        each.words.english: (None if each.value is None else each.value.english, each.origin)
        for each in found.facts
    }


def test_what_adds_up_is_shown_with_its_source_and_leaves_no_doubt():
    found = review()
    assert found.doubts == ()
    assert found.name == "3"
    said = facts(found)
    assert said["Its term, months"] == ("61", Origin.PAYLOAD)
    assert said["Against five years (60 months)"] == (
        "61 − 60 = 1 months, over five years",
        Origin.RECKONED,
    )
    assert said["Against the sum of the terms"][0] == "61 months, within the sum of 67 months"
    assert said["From the judgment to unsealing"][0] == "34 days"
    assert said["Authority that decided"] == (None, Origin.NOWHERE)
    assert set(ORIGINS) == set(Origin)


@pytest.mark.requirement("F1", "F2", "F3", "F5")
@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"unseal_ground": ABSENT}, "No ground is registered"),
        ({"unseal_ground": "18-9"}, "The ground is none that Art. 18 of the Measures knows"),
        ({"unsealed_on": ABSENT}, "No usable day of unsealing"),
        ({"unsealed_on": "soon"}, "No usable day of unsealing"),
        ({"unsealed_on": "2026-03-03"}, "after the scan"),
        ({"unsealed_on": "2021-01-01"}, "before it was sealed"),
        ({"unsealed_on": "2021-12-29"}, "before the deciding judgment"),
        ({"decided_on": ABSENT}, "No judgment in force after the sealing"),
        ({"decided_months": "60"}, "Five years exactly, which does not exceed five years"),
        ({"unseal_ground": "18-3", "decided_months": "59"}, "less than five years"),
        ({"decided_months": "59"}, "less than five years"),
        ({"decided_months": ABSENT}, "No usable term"),
        ({"decided_months": "9" * 5000}, "No usable term"),
        ({"decided_penalty": "DETENTION"}, "less than imprisonment"),
        ({"decided_months": "68"}, "longer than the sum"),
        ({"terms_months": "60"}, "no combined one can be"),
        ({"offence_age": "18"}, "as an adult is no ground"),
    ],
)
def test_what_does_not_add_up_is_said(other, words):
    assert words in doubts(review(**other))


@pytest.mark.parametrize(
    "other",
    [
        {"unsealed_on": "2026-03-02"},
        {"unsealed_on": "2021-12-30"},
        {"decided_months": "67"},
        {"decided_penalty": "LIFE", "decided_months": ABSENT},
        {"terms_months": ABSENT, "offence_age": ABSENT},
        {"offence_age": "17"},
        # A retrial combines nothing, and is of the old offence.
        {"unseal_ground": "18-3", "terms_months": "36", "offence_age": ABSENT},
        {"unseal_ground": "18-3", "decided_months": "60", "terms_months": ABSENT},
    ],
)
def test_what_is_on_the_edge_or_not_recorded_is_no_doubt(other):
    assert review(**other).doubts == ()


def test_a_scan_of_an_older_rule_has_less_and_nothing_is_made_up():
    found = review_of_key(["notice_id", "cp_id", "unseal_ground"], ["3", "15", "18-1"], TODAY)
    assert {origin for _, origin in facts(found).values()} == {Origin.PAYLOAD, Origin.NOWHERE}
    assert doubts(found) == "No usable day of unsealing is registered"


def test_an_order_is_reviewed_by_its_header():
    bare = review_of_order({"order": "2026-1"}, TODAY)
    assert bare.name == "2026-1"
    assert len(bare.doubts) == 4
    whole = {
        "order": "2026-2",
        "event": "ordered",
        "authority": "court",
        "article": "实施办法第18条",
        "person": "a" * 32,
        "document_hmac": "b" * 32,
    }
    found = review_of_order(whole, TODAY)
    assert found.doubts == ()
    assert facts(found)["Authority that decided"] == ("court", Origin.HEADER)
    assert facts(found)["Its term, months"] == (None, Origin.NOWHERE)
    other = {**whole, "article": "实施办法第22条", "event": "undone"}
    assert len(review_of_order(other, TODAY).doubts) == 2
    assert review_of_order({**whole, "article": "实施办法第十八条"}, TODAY).doubts == ()
    assert review_of_order({**whole, "article": "实施办法第118条"}, TODAY).doubts


@given(st.lists(st.tuples(st.sampled_from([*GOOD, "x"]), st.text(max_size=12))))
def test_whatever_a_log_holds_is_reviewed(pairs):
    columns, key = [name for name, _ in pairs], [text for _, text in pairs]
    found = review_of_key(columns, key, TODAY)
    assert found.facts
    ground = dict(pairs).get("unseal_ground")
    if ground not in GROUNDS:
        assert found.doubts
