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
    checked = check_receipt(receipt(site, 5), site.keys, genesis=genesis)
    assert checked.signer == site.log.keys.entry.verifier
    assert check_receipt(genesis, site.keys).signer == site.log.keys.entry.verifier
    with pytest.raises(FormatError, match="not the receipt of the genesis"):
        check_receipt(receipt(site, 5), site.keys, genesis=receipt(site, 4))


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


def test_an_entry_of_another_log_under_its_own_number_is_refused(site: Site):
    proof = parse_proof(receipt(site, 5))
    with pytest.raises(FormatError):
        check_receipt(replace(proof, index=6).to_bytes(), site.keys)


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
