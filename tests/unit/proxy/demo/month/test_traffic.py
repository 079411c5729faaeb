"""Who asks what: in office hours, for a case, from one place, but for those who are to be found."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime

from proxy.demo.month import plot, traffic
from proxy.demo.month.roster import CHINA

EVERYBODY = (*traffic.POLICE, *traffic.HANDLERS, *traffic.COURT, *traffic.DESK)
ODD = {
    plot.LATE_OFFICER, plot.WEEKEND_OFFICER, plot.LENT_OFFICER, *plot.NO_CASE_OFFICERS,
}  # fmt: skip


def statements(month):
    for entry, payload in month.of("decision"):
        said = json.loads(payload)
        yield entry, said, datetime.fromisoformat(entry.time).astimezone(CHINA)


def test_officers_of_several_units_ask_in_office_hours_for_a_case(month):
    usual = {each.operator: each for each in EVERYBODY if each not in ODD}
    heard = set()
    for _, said, at in statements(month):
        officer = usual.get(said.get("operator"))
        if officer is None:
            continue
        heard.add(officer.operator)
        assert 8 <= at.hour < 18
        assert said["user"] == officer.user
        assert said["source"] == officer.source
        assert "case" in said
    assert heard == set(usual)


def test_people_are_asked_for_of_whom_the_register_shows_some_and_hides_some(month):
    rows = defaultdict(set)
    asked = {
        entry.sequence: len(entry.header.get("subjects", ())) for entry, _ in month.of("decision")
    }
    for entry, _ in month.of("outcome"):
        if entry.header["principal"] == "police-application":
            rows[asked[entry.header["decision"]]].add(entry.header["rows_count"])
    assert rows[1] >= {0, 1}


def test_a_platform_says_nobodys_name_and_is_refused_each_time(month):
    tried = [(e, said) for e, said, _ in statements(month) if said["user"] == "bgcheck"]
    assert len(tried) == 15
    assert len({said["text"].split(" WHERE")[0] for _, said in tried}) == 4
    assert all(entry.header["verdict"] == "refuse" for entry, _ in tried)
    assert all("operator" not in said for _, said in tried)


def test_addresses_and_operators_are_nobodys():
    assert len({each.operator for each in EVERYBODY}) == len(EVERYBODY)
    assert all(each.source.startswith("192.0.2.") for each in EVERYBODY)
