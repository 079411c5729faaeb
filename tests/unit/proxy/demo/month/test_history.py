"""The month as a whole: a log like any other, which says of itself that it is made up."""

from __future__ import annotations

import asyncio
import json
import shutil
import threading
from collections import Counter
from datetime import datetime

import pytest

from ledger.fetch import DirectoryLog
from ledger.keys import init_keys, load_identity
from ledger.opener import PayloadOpener
from ledger.pseudonyms import Pseudonyms
from ledger.verify import LogInvalid, verify_log
from proxy.demo.agency import Agency, Ports, fengcun
from proxy.demo.month import history
from proxy.demo.month.pen import PROXY_ID
from proxy.demo.month.sessions import APPLICATION
from tests.unit.ledger.small_log import identities
from tests.unit.proxy.demo.month.conftest import NOW

KINDS = {
    *("genesis", "boot", "policy", "key", "heartbeat", "decision", "outcome", "permit"),
    *("certificate", "finding"),
}


def test_it_is_intact_and_every_payload_opens(month):
    report = verify_log(DirectoryLog(month.root), [month.keys.log.verifier])
    assert report.size == len(month.entries)
    assert 3_000 < report.size < 4_500
    assert {entry.kind.value for entry, _ in month.entries} == KINDS


def test_one_changed_letter_of_it_is_found(month, tmp_path):
    copy = shutil.copytree(month.root, tmp_path / "copy")
    bundle = copy / "tile/entries/003"
    bundle.write_bytes(bundle.read_bytes().replace(b'"strip"', b'"strap"', 1))
    with pytest.raises(LogInvalid):
        verify_log(DirectoryLog(copy), [month.keys.log.verifier])


def test_its_times_are_thirty_days_that_end_now_and_never_go_back(month):
    times = [datetime.fromisoformat(entry.time).timestamp() for entry, _ in month.entries]
    assert times == sorted(times)
    assert NOW - 30 * 86_400 < times[0] < NOW - 29 * 86_400
    assert NOW - 600 < times[-1] < NOW


def test_whoever_opens_or_names_it_is_told_that_it_is_made_up(month):
    assert "虚构" in history.NAME
    assert {entry.origin for entry, _ in month.entries} == {history.ORIGIN}
    assert "made-up" in history.ORIGIN
    applications = {json.loads(payload)["application_name"] for _, payload in month.of("decision")}
    assert applications == {APPLICATION}
    for _, payload in month.of("permit"):
        said = json.loads(payload)
        assert "application" not in said or "虚构" in said["application"]["use"]
    for entry, payload in month.of("certificate"):
        revoked = entry.header["event"] == "revoked"
        assert revoked or "虚构" in json.loads(payload)["printed"]["number"]
    addresses = {json.loads(payload)["source"] for _, payload in month.of("decision")}
    assert all(each.startswith(("192.0.2.", "198.51.100.", "127.")) for each in addresses)


def test_it_is_the_same_each_time_but_for_keys_and_what_is_drawn(month, make):
    """Of pseudonyms how they hang together, by the order in which each comes first."""
    assert _spelt(make(NOW)) == _spelt(month)


def _spelt(made):
    known: dict[object, int] = {}
    out = []
    for entry, payload in made.entries:
        # A scan has an entry more now and then, drawn by the product; so numbers move.
        if entry.kind.value in ("genesis", "key", "boot", "finding"):
            continue
        header = {}
        for name, value in entry.header.items():
            if name == "decision":
                continue
            each = value if isinstance(value, list) else [value]
            header[name] = [
                known.setdefault(one, len(known)) if _is_pseudonym(one) else one for one in each
            ]
        text = json.loads(payload).get("text") if entry.kind.value == "decision" else None
        out.append((entry.kind.value, entry.time, header, text))
    return out


def _is_pseudonym(value: object) -> bool:
    return isinstance(value, str) and len(value) == 32 and set(value) <= set("0123456789abcdef")


def test_what_was_served_has_its_outcome_and_what_was_refused_has_none(month):
    decisions = [entry for entry, _ in month.of("decision")]
    served = [each.sequence for each in decisions if each.header["verdict"] != "refuse"]
    outcomes = [entry.header["decision"] for entry, _ in month.of("outcome")]
    assert outcomes == served


def test_a_restart_is_a_stop_a_boot_and_the_policy_again(month):
    kinds = [
        (entry.kind.value, entry.header.get("state") or entry.header.get("event"))
        for entry, _ in month.entries
        if entry.kind.value != "key"
    ]
    stops = [at for at, each in enumerate(kinds) if each == ("heartbeat", "stop")]
    assert len(stops) == 3
    for at in stops[:-1]:
        assert kinds[at + 1 : at + 3] == [("boot", None), ("policy", "in-force")]
    assert stops[-1] == len(kinds) - 1


def test_the_month_of_an_agency_is_for_its_recipients(demo, tmp_path):
    agency = Agency(tmp_path)
    agency.create_keys_and_ledger()
    agency.configure(Ports(demo.cluster.port, 1, 2, 3))
    made = history.write_month(agency, demo.register)
    verified = fengcun("ledger", "verify", "--log", made.log, "--key", made.public_key)
    assert f"record intact: {made.entries_count:,} entries" in verified
    opener = PayloadOpener(DirectoryLog(made.log), load_identity(agency.supervisor))
    assert isinstance(opener.pseudonyms(), Pseudonyms)


async def test_whoever_stops_it_half_way_finds_nobody_writing_any_more(place, tmp_path):
    keys = init_keys(
        tmp_path / "keys", origin=history.ORIGIN, proxy_id=PROXY_ID,
        recipients=[each.recipient for each in identities()],
    )  # fmt: skip
    log = tmp_path / "ledger"
    writing = asyncio.create_task(history.write_history(log, keys, place, NOW))
    while not (log / "tile/entries/000").exists():
        await asyncio.sleep(0)
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    assert "publication" not in {each.name for each in threading.enumerate()}
    assert verify_log(DirectoryLog(log), [keys.log.verifier]).size < 3_000


def test_every_kind_of_decision_is_there_that_a_supervisor_reads_of(month):
    rules = Counter(entry.header["rule"] for entry, _ in month.of("decision"))
    assert set(rules) == {
        *("sealed-rows", "permitted-rows", "nothing-protected"),
        *("platform-protected", "subject-budget", "bulk-access"),
    }
