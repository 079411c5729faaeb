import hashlib
from base64 import b64decode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from ledger.errors import FormatError, SignatureInvalid
from ledger.note import Algorithm, SigningKey, VerifierKey, parse_note, verify_note

KEY = SigningKey("ledger.example/agency1", hashlib.sha256(b"seed").digest())
WITNESS = VerifierKey(
    "procuratorate.example/w1",
    Algorithm.COSIGNATURE_ED25519,
    SigningKey("w", hashlib.sha256(b"wit").digest()).verifier.public,
)
VECTOR = """ledger.example/agency1
70000
o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=

— ledger.example/agency1 Tt0Gfm50+Sl0be4/buBvxlsrKEyc0twcbHpLTAxwDSgYCrZhDZxGdW6cTUWkvEZ7JpWq7g\
NHJFSH8qD8HnDHQfjSYAI=
— procuratorate.example/w1 eEbeKgAAAABlU/EA8rmix2zNLq9gcNLEif/QZBH+DRA0ZhWU9Mp0z0fHo9vVu8gmVLKnP\
Q44J6m0oDlG4or+bDzX4v/PiH3nLfpYCw==
""".encode()
ROOT = b64decode("o5IPun8jmgcam9EHIfE0Gt3vuu3ttBx+JEN6nRa98Ao=")


def test_signing_gives_the_vector():
    made = Checkpoint("ledger.example/agency1", 70000, ROOT).signed(KEY.signer())
    assert made == VECTOR[: VECTOR.index("— procuratorate".encode())]


def test_the_vector_opens_with_the_log_key_and_its_witness():
    checkpoint = open_checkpoint(VECTOR, [KEY.verifier, WITNESS])
    assert checkpoint == Checkpoint("ledger.example/agency1", 70000, ROOT)
    assert set(verify_note(parse_note(VECTOR), [KEY.verifier, WITNESS])) == {KEY.verifier, WITNESS}


def test_a_witness_alone_does_not_make_a_checkpoint():
    with pytest.raises(SignatureInvalid, match="the log itself"):
        open_checkpoint(VECTOR, [WITNESS])


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"origin\n1\n",
        b"origin\n01\n" + b"A" * 43 + b"=\n",
        b"origin\n-1\n" + b"A" * 43 + b"=\n",
        b"origin\n9223372036854775808\n" + b"A" * 43 + b"=\n",
        b"ori gin\n1\n" + b"A" * 43 + b"=\n",
        b"origin\n1\nAAAA\n",
        b"origin\n1\n" + b"A" * 43 + b"=",
        b"\xff\n1\n" + b"A" * 43 + b"=\n",
    ],
)
def test_what_is_no_checkpoint_is_refused(text: bytes):
    with pytest.raises(FormatError):
        parse_checkpoint_text(text)


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_text_and_value_are_one_to_one(size: int, root: bytes):
    checkpoint = Checkpoint("ledger.example/a", size, root)
    assert parse_checkpoint_text(checkpoint.to_text()) == checkpoint


@given(st.binary(max_size=200))
def test_any_bytes_parse_or_are_refused(data: bytes):
    try:
        checkpoint = parse_checkpoint_text(data)
    except FormatError:
        return
    assert data.startswith(checkpoint.to_text())
