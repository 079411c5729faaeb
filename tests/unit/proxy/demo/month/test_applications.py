"""What became of each application: every way that there is."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime

from proxy.demo.month.roster import CHINA
from proxy.desk.calendars import load_working_days
from proxy.desk.contents import decode_dossier
from proxy.record.permits import USED


def lives(month) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for entry, _ in month.of("permit"):
        found[entry.header["permit"]].append(entry.header["event"])
    return found


def test_every_way_that_there_is(month):
    ways = {tuple(each) for each in lives(month).values()}
    assert {
        ("received",), ("received", "granted"), ("received", "granted", "expired"),
        ("received", "granted", "revoked"), ("received", "refused"),
        ("received", "granted", "used", "expired"),
    } == ways  # fmt: skip


def test_some_are_decided_in_time_one_too_late_and_one_waits_too_long(month):
    written = [payload for entry, payload in month.of("permit") if entry.header["event"] != USED]
    last = {each.number: each for each in map(decode_dossier, written)}
    today = datetime.fromisoformat(month.entries[-1][0].time).astimezone(CHINA).date()
    late, waits = 0, 0
    for dossier in last.values():
        received = dossier.received_at.astimezone(CHINA).date()
        assert dossier.decide_by == load_working_days().deadline(received).day
        if dossier.decided_at is None:
            waits += dossier.decide_by < today
        else:
            late += dossier.decided_at.astimezone(CHINA).date() > dossier.decide_by
    assert (late, waits) == (1, 1)


def test_a_permit_shows_while_it_is_in_force_and_never_after(month):
    ends: dict[str, int] = {}
    begins: dict[str, int] = {}
    for entry, _ in month.of("permit"):
        number = entry.header["permit"]
        if entry.header["event"] == "granted":
            begins[number] = entry.sequence
        if entry.header["event"] in ("revoked", "expired"):
            ends[number] = entry.sequence
    used = {e.sequence: e.header["permit"] for e, _ in month.of("decision") if "permit" in e.header}
    assert len(used) >= 5
    for at, number in used.items():
        assert begins[number] < at < ends.get(number, 1 << 40)
    revoked = next(e for e, _ in month.of("permit") if e.header["event"] == "revoked")
    again = [
        e.header for e, _ in month.of("decision")
        if e.sequence > revoked.sequence and e.header.get("case") == revoked.header["case"]
        and e.header.get("subjects") == revoked.header["subjects"]
    ]  # fmt: skip
    assert len(again) == 2
    assert all("permit" not in each for each in again)
