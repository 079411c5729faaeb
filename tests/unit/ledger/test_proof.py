from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.fetch import DirectoryLog, entry_at
from ledger.proof import PROOF_BYTES_MAX, check_proof, parse_proof, prove
from tests.unit.ledger.small_log import SmallLog, log_of


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("proof") / "log", 300)


@pytest.mark.parametrize("index", [0, 1, 255, 256, 257, 303])
def test_a_proof_convinces_offline_and_of_nothing_else(log: SmallLog, index: int):
    reader, key = DirectoryLog(log.root), log.keys.log.verifier
    proof = parse_proof(prove(reader, index).to_bytes())
    entry = entry_at(reader, index, 304)
    assert check_proof(entry, proof, [key]).size == 304
    with pytest.raises(FormatError):
        check_proof(entry + b"x", proof, [key])
    with pytest.raises(FormatError):
        check_proof(entry_at(reader, index ^ 1, 304), proof, [key])
    with pytest.raises(FormatError):
        check_proof(entry, proof, [log.keys.entry.verifier])


def test_an_entry_that_is_not_published_has_no_proof(log: SmallLog):
    with pytest.raises(FormatError):
        prove(DirectoryLog(log.root), 304)


def test_the_extra_line_holds_the_entry(log: SmallLog):
    bare = prove(DirectoryLog(log.root), 5)
    assert bare.entry is None
    whole = replace(bare, entry=entry_at(DirectoryLog(log.root), 5, 304))
    assert b"\nextra " in whole.to_bytes()
    assert parse_proof(whole.to_bytes()) == whole
    assert replace(parse_proof(whole.to_bytes()), entry=None) == parse_proof(bare.to_bytes())


@given(st.binary(max_size=300))
def test_any_extra_line_comes_back(log: SmallLog, extra: bytes):
    proof = replace(prove(DirectoryLog(log.root), 5), entry=extra)
    assert parse_proof(proof.to_bytes()) == proof


@pytest.mark.parametrize("extra", [b"extra ?\n", b"extra AA\n", b"extra AAAA\nextra AAAA\n"])
def test_an_extra_line_that_is_none_is_refused(log: SmallLog, extra: bytes):
    data = prove(DirectoryLog(log.root), 5).to_bytes()
    with pytest.raises(FormatError):
        parse_proof(data.replace(b"index", extra + b"index", 1))


def test_a_proof_that_is_too_long_is_refused(log: SmallLog):
    with pytest.raises(FormatError, match="too long"):
        parse_proof(prove(DirectoryLog(log.root), 5).to_bytes() + b"x" * PROOF_BYTES_MAX)


@given(st.data())
def test_any_change_to_a_proof_is_noticed(log: SmallLog, data: st.DataObject):
    reader, key = DirectoryLog(log.root), log.keys.log.verifier
    encoded = bytearray(prove(reader, 5).to_bytes())
    encoded[data.draw(st.integers(0, len(encoded) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FormatError):
        check_proof(entry_at(reader, 5, 304), parse_proof(bytes(encoded)), [key])


@given(st.binary(max_size=100))
def test_any_bytes_are_judged(data: bytes):
    for candidate in (data, b"c2sp.org/tlog-proof@v1\n" + data):
        with pytest.raises(FormatError):
            parse_proof(candidate)


def test_a_proof_is_small(log: SmallLog, tmp_path: Path):
    assert len(prove(DirectoryLog(log.root), 5).to_bytes()) < 1000
