"""Cosignatures as C2SP tlog-cosignature has them: type 4, a time, and the whole text signed."""

import hashlib
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint
from ledger.cosignature import CosigningKey, cosignatures, require_cosignature
from ledger.errors import FormatError, SignatureInvalid
from ledger.note import Algorithm, SigningKey, parse_note, parse_signatures
from ledger.submission import with_cosignatures

LOG = SigningKey("ledger.example/agency1", hashlib.sha256(b"seed").digest())
WITNESS = CosigningKey("procuratorate.example/w1", hashlib.sha256(b"wit").digest())
OTHER = CosigningKey("procuratorate.example/w1", b"o" * 32)
ROOT = b64decode("o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=")
CHECKPOINT = Checkpoint("ledger.example/agency1", 70_000, ROOT)
SIGNED = parse_note(CHECKPOINT.signed(LOG.signer()))
TIME = 1_700_000_000
# Computed by an independent implementation from the same seeds.
LINE = (
    "— procuratorate.example/w1 eEbeKgAAAABlU/EA8rmix2zNLq9gcNLEif/QZBH+DRA0ZhWU9Mp0z0fHo9vVu8gmVL"
    "KnPQ44J6m0oDlG4or+bDzX4v/PiH3nLfpYCw==\n"
).encode()


def cosigned(*keys, time_seconds=TIME):
    signatures = tuple(key.cosign(SIGNED.text, time_seconds) for key in keys)
    return parse_note(with_cosignatures(SIGNED, signatures))


def test_the_line_is_that_of_the_vector():
    assert WITNESS.cosign(SIGNED.text, TIME).to_line() == LINE
    assert parse_signatures(LINE) == (WITNESS.cosign(SIGNED.text, TIME),)


def test_who_saw_it_and_when():
    (found,) = cosignatures(cosigned(WITNESS, OTHER), [WITNESS.verifier])
    assert (found.witness, found.time_seconds) == (WITNESS.verifier, TIME)


def test_strangers_and_logs_are_no_witnesses():
    assert cosignatures(cosigned(OTHER), [WITNESS.verifier]) == ()
    assert cosignatures(SIGNED, [LOG.verifier]) == ()
    with pytest.raises(SignatureInvalid):
        require_cosignature(SIGNED, WITNESS.verifier)


@given(st.integers(0, 71), st.integers(1, 255))
def test_every_bit_counts_the_time_too(position, flip):
    signature = WITNESS.cosign(SIGNED.text, TIME)
    value = bytearray(signature.value)
    value[position] ^= flip
    changed = type(signature)(signature.name, signature.key_id, bytes(value))
    note = parse_note(with_cosignatures(SIGNED, (changed,)))
    with pytest.raises(SignatureInvalid):
        require_cosignature(note, WITNESS.verifier)


def test_a_private_key_survives_its_text_and_hides_from_repr():
    assert CosigningKey.parse(WITNESS.to_text()) == WITNESS
    assert WITNESS.seed.hex() not in repr(WITNESS)
    assert "seed" not in repr(WITNESS)
    assert WITNESS.verifier.algorithm is Algorithm.COSIGNATURE_ED25519


@pytest.mark.parametrize(
    "text", ["", LOG.to_text(), WITNESS.to_text()[:-4], WITNESS.to_text().replace("w1", "w2")]
)
def test_a_key_that_is_none_or_a_logs_is_refused(text):
    with pytest.raises(FormatError):
        CosigningKey.parse(text)


def test_a_witness_key_signs_no_log():
    with pytest.raises(FormatError):
        SigningKey.parse(WITNESS.to_text())
