"""Unsealing counts from the day its condition was met, and makes no earlier access lawful
(实施办法第19条)."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.scenarios.service import install, started

pytestmark = pytest.mark.database

TODAY = "(now() AT TIME ZONE 'Asia/Shanghai')::date"
PERSON = "SELECT name FROM person WHERE person_id = 15"
LIFT = "UPDATE base.seal_notice SET status = 'UNSEALED', unseal_ground = '18-1', unsealed_on = "


@pytest.mark.requirement("F1", "F4")
def test_before_its_day_all_is_stripped_and_what_was_recorded_then_stays_so(agency_copy, tmp_path):
    site = install(agency_copy, tmp_path)
    steps = [
        "UPDATE base.seal_notice SET status = 'ACTIVE' WHERE notice_id = 3",
        f"{LIFT} {TODAY} + 1 WHERE notice_id = 3",
        f"{LIFT} NULL WHERE notice_id = 3",
        f"{LIFT} {TODAY} WHERE notice_id = 3",
        # it was met long before it was entered: it counts now, and not for what was asked before
        f"{LIFT} {TODAY} - 300 WHERE notice_id = 3",
    ]
    shown, recorded = [], []
    with started(site) as service:
        with site.connect() as connection:
            for step in steps:
                agency_copy.run(step)
                shown.append(len(connection.execute(PERSON.encode()).fetchall()))
                recorded.append(site.entries("decision"))
        assert service.stop() == 0
    assert shown == [0, 0, 0, 1, 1]
    site.verify()
    for earlier, later in pairwise(recorded):
        assert later[: len(earlier)] == earlier
    last = [entry["header"] for entry in site.entries("decision")]
    assert {header["verdict"] for header in last} == {"strip"}
    outcomes = [entry["header"] for entry in site.entries("outcome")]
    assert [each["rows_count"] for each in outcomes] == shown
