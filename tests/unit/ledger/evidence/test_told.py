import pytest

from ledger.entry import Entry
from ledger.evidence.receipt import check_receipt
from ledger.evidence.told import KINDS, gist_of, kind_of, receipt_as_json, receipt_lines
from ledger.fields import EntryKind
from tests.unit.ledger.evidence.site import WITNESS, make_site
from tests.unit.ledger.evidence.test_receipt import receipt
from tests.unit.ledger.small_log import decision_header


def entry(kind: EntryKind, header: dict) -> Entry:
    return Entry(kind, "o", "p1", 1, bytes(32), "2026-01-01T00:00:00.000Z", header, None)


@pytest.mark.parametrize("kind", EntryKind)
def test_every_kind_has_a_name_in_both_languages(kind: EntryKind):
    assert kind in KINDS
    assert kind_of(entry(kind, {})).endswith(f" / {kind}")


def test_a_decision_is_told_by_verdict_rule_and_law():
    told = gist_of(entry(EntryKind.DECISION, decision_header(7)))
    for part in ("改写 / rewrite", "sealed-rows", "刑事诉讼法 286", "background-check", "s7"):
        assert part in told
    assert gist_of(entry(EntryKind.HEARTBEAT, {"state": "alive"})) == "state alive"


def test_a_receipt_says_what_it_did_not_check(tmp_path):
    site = make_site(tmp_path, 5)
    bare = check_receipt(receipt(site, 5), site.keys)
    lines = receipt_lines(bare)
    assert lines[0] == "证明有效 / proof valid: entry 5 of 17"
    assert sum("未核对" in line for line in lines) == 2
    note = site.cosigned.note
    genesis = receipt(site, 0)
    witnesses = [WITNESS.verifier]
    full = check_receipt(receipt(site, 5, note), site.keys, history=[genesis], witnesses=witnesses)
    assert not any("未核对" in line for line in receipt_lines(full))
    assert any(f"{WITNESS.name} at 2026-01-01T00:01:40Z" in line for line in receipt_lines(full))
    told = receipt_as_json(full)
    assert (told["entry_signature_checked"], told["size"]) == (True, 9)
    assert receipt_as_json(bare)["entry_signature_checked"] is False
