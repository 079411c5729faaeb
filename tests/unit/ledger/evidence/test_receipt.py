import re
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.evidence.proven import ProvenLog
from ledger.evidence.receipt import check_receipt
from ledger.fetch import DirectoryLog
from ledger.proof import parse_proof
from ledger.witnessed import CosignedNote
from tests.unit.ledger.evidence.handmade import DECISION, ENTRY, LOG, HandmadeLog, genesis_line
from tests.unit.ledger.evidence.site import WITNESS, WITNESSED_SECONDS, Site, make_site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("receipt"), 20)


def receipt(site: Site, index: int, note: bytes | None = None) -> bytes:
    log = ProvenLog(DirectoryLog(site.log.root), site.keys, note)
    return log.proof(log.entry(index)).to_bytes()


def test_a_receipt_is_checked_alone(site: Site):
    checked = check_receipt(receipt(site, 5), site.keys)
    assert (checked.index, checked.entry.sequence) == (5, 5)
    assert checked.checkpoint.size == 32
    assert checked.signer is None


def test_the_receipt_of_the_genesis_entry_brings_the_key_of_the_others(site: Site):
    genesis = receipt(site, 0)
    checked = check_receipt(receipt(site, 5), site.keys, history=[genesis])
    assert checked.signer == site.log.keys.entry.verifier
    assert check_receipt(genesis, site.keys).signer == site.log.keys.entry.verifier
    with pytest.raises(FormatError, match="receipt of the genesis entry is missing"):
        check_receipt(receipt(site, 5), site.keys, history=[receipt(site, 4)])


def test_the_entry_may_lie_beside_a_proof_that_holds_none(site: Site):
    proof = parse_proof(receipt(site, 5))
    bare = replace(proof, entry=None).to_bytes()
    assert check_receipt(bare, site.keys, entry=proof.entry).index == 5
    with pytest.raises(FormatError, match="give the entry"):
        check_receipt(bare, site.keys)
    other = parse_proof(receipt(site, 6)).entry
    for data in (bare, receipt(site, 5)):
        with pytest.raises(FormatError):
            check_receipt(data, site.keys, entry=other)


def test_a_witness_is_named_with_its_time_or_the_receipt_is_not_enough(site: Site):
    cosigned: CosignedNote = site.cosigned
    data = receipt(site, 5, cosigned.note)
    checked = check_receipt(data, site.keys, witnesses=[WITNESS.verifier])
    assert [each.time_seconds for each in checked.cosigned] == [WITNESSED_SECONDS]
    assert checked.checkpoint.size == 24
    with pytest.raises(FormatError, match="did not cosign"):
        check_receipt(receipt(site, 5), site.keys, witnesses=[WITNESS.verifier])


def test_a_signed_root_does_not_excuse_an_entry():
    """The holder of the log's key alone put these into the tree."""
    keys = [LOG[0].verifier]
    log = HandmadeLog().add(genesis_line()).add(DECISION).add(DECISION, ENTRY[1])
    log.add(DECISION, sequence=9)
    first = log.proof(0).to_bytes()
    assert check_receipt(log.proof(1).to_bytes(), keys, history=[first]).signer == ENTRY[0].verifier
    assert check_receipt(log.proof(2).to_bytes(), keys).signer is None
    with pytest.raises(FormatError, match="no trusted key"):
        check_receipt(log.proof(2).to_bytes(), keys, history=[first])
    with pytest.raises(FormatError, match="calls itself 9"):
        check_receipt(log.proof(3).to_bytes(), keys)


@pytest.mark.parametrize(
    ("first", "said"),
    [
        (HandmadeLog(LOG[1]).add(genesis_line(LOG[1])), "no trusted key"),
        (HandmadeLog().add(genesis_line(LOG[1])), "begun with another key"),
        (HandmadeLog().add(genesis_line(), ENTRY[1]), "no trusted key"),
    ],
    ids=["other log", "other log key", "not by itself"],
)
def test_a_genesis_entry_that_is_not_the_logs_brings_no_key(first, said):
    log = HandmadeLog().add(genesis_line()).add(DECISION)
    genesis = first.proof(0).to_bytes()
    with pytest.raises(FormatError, match=said):
        check_receipt(log.proof(1).to_bytes(), [LOG[0].verifier], history=[genesis])


@settings(deadline=None)
@given(st.data())
def test_any_changed_byte_is_noticed(site: Site, data: st.DataObject):
    encoded = bytearray(receipt(site, 5))
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FormatError):
        check_receipt(bytes(encoded), site.keys)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_extra_line_is_judged(site: Site, extra: bytes):
    whole = receipt(site, 5)
    changed = re.sub(rb"extra \S+\n", lambda _: b"extra " + extra + b"\n", whole)
    if changed != whole:
        with pytest.raises(FormatError):
            check_receipt(changed, site.keys)
