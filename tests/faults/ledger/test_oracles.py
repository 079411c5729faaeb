"""Strangers' programs agree: trees, proofs, notes, cosignatures and wrapped keys, both ways."""

from __future__ import annotations

from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey, KEMKeyInterface, PyHPKEError
from tlog_scales import signing
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.tlog import Checkpoint as StrangeCheckpoint

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.cosignature import CosigningKey, cosignatures
from ledger.envelope import Identity, epoch_context, pseudonym_context, unwrap_key, wrap_key
from ledger.errors import FormatError, SignatureInvalid
from ledger.fetch import DirectoryLog, entries
from ledger.note import SigningKey, VerifierKey, parse_note
from ledger.proof import prove
from ledger.submission import with_cosignatures
from ledger.tile import TILE_WIDTH
from tests.faults.ledger.oracles import (
    Tree,
    check_consistency,
    check_inclusion,
    check_roots,
    every_pair,
    telling,
)
from tests.unit.ledger.small_log import identities, log_of

ORIGIN = "ledger.example/agency1"
LOG = SigningKey(ORIGIN, bytes(range(32)))
WITNESS = CosigningKey("procuratorate.example/w1", bytes(range(32, 64)))
CHECKPOINT = Checkpoint(ORIGIN, 70_000, bytes(range(100, 132)))
HPKE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)


def test_all_trees_and_proofs_up_to_600():
    counts = dict(every_pair(600, all_indices=False))
    assert counts["roots"] == 601
    assert min(counts.values()) >= 601


def test_trees_and_proofs_around_the_second_level_of_tiles():
    around = [TILE_WIDTH**2 - 1, TILE_WIDTH**2, TILE_WIDTH**2 + 1]
    tree = Tree().grow(255).grow(around[0], keep_from=around[0]).grow(around[-1])
    check_roots(tree, [254, 255, *around])
    for size in around:
        check_inclusion(tree, size, telling(size))
        check_consistency(tree, size, [0, 1, 128, 254, 255, around[0], size])


def test_an_oracle_can_say_no():
    tree = Tree().grow(300)
    tree.roots[300] = bytes(32)
    for check in (check_inclusion, check_consistency):
        with pytest.raises(Exception, match=r"!=|match"):
            check(tree, 300, [7])
    with pytest.raises(AssertionError):
        check_roots(tree, [300])


@pytest.mark.parametrize("count", [0, 5, 251, 252, 253, 600])
def test_a_stranger_reads_a_published_log(tmp_path: Path, count: int):
    log = log_of(tmp_path / "log", count)
    reader = TilesReader(LocalBackend(log.root))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(signing.Vkey.from_string(str(log.keys.log.verifier)))
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index, entry, _ in entries(DirectoryLog(log.root)):
        assert reader.get_entry(index) == entry
    for index in (0, checkpoint.size - 1):
        ours = prove(DirectoryLog(log.root), index)
        assert list(ours.path) == reader.get_inclusion_proof(index, checkpoint.size).node_hashes


def test_checkpoints_are_read_both_ways():
    theirs = StrangeCheckpoint.make_signed(
        ORIGIN, CHECKPOINT.size, CHECKPOINT.root, [signing.PlainEd25519Signer(ORIGIN, LOG.seed)]
    )
    ours = CHECKPOINT.signed(LOG.signer())
    assert theirs.serialize().encode() == ours
    assert open_checkpoint(theirs.serialize().encode(), [LOG.verifier]) == CHECKPOINT
    StrangeCheckpoint.from_text(ours.decode()).verify(signing.Vkey.from_string(str(LOG.verifier)))


def test_public_keys_are_spelled_alike():
    for ours in (LOG.verifier, WITNESS.verifier):
        theirs = signing.Vkey(ours.name, None, ours.algorithm, ours.public)
        assert theirs.serialize() == str(ours)
        assert VerifierKey.parse(theirs.serialize()) == ours


@pytest.mark.parametrize("time_seconds", [0, 1_700_000_000, 2**63 - 1])
def test_cosignatures_are_verified_by_a_stranger(time_seconds: int):
    note = parse_note(CHECKPOINT.signed(LOG.signer()))
    signed = with_cosignatures(note, (WITNESS.cosign(note.text, time_seconds),))
    theirs = StrangeCheckpoint.from_text(signed.decode())
    keys = signing.VkeySet(
        *(signing.Vkey.from_string(str(key)) for key in (LOG.verifier, WITNESS.verifier))
    )
    verified = {key.name for key, _ in keys.verify(theirs.signatures, theirs)}
    assert verified == {ORIGIN, WITNESS.name}
    (found,) = cosignatures(parse_note(theirs.serialize().encode()), [WITNESS.verifier])
    assert found.time_seconds == time_seconds


def test_a_cosignature_of_a_kind_we_do_not_know_is_ignored_and_ours_still_counts():
    """ML-DSA-44, which the specification recommends since 2026, beside our Ed25519 line."""
    note = StrangeCheckpoint.make_signed(
        ORIGIN,
        CHECKPOINT.size,
        CHECKPOINT.root,
        [
            signing.MLDSA44CosignatureSigner("procuratorate.example/pq", bytes(32)),
            signing.PlainEd25519Signer(ORIGIN, LOG.seed),
        ],
    )
    assert open_checkpoint(note.serialize().encode(), [LOG.verifier]) == CHECKPOINT
    only_theirs = StrangeCheckpoint(ORIGIN, 1, bytes(32), note.signatures[:1])
    with pytest.raises(SignatureInvalid):
        open_checkpoint(only_theirs.serialize().encode(), [LOG.verifier])


CONTEXTS = [epoch_context(ORIGIN, "p1", 7), pseudonym_context(ORIGIN)]


def strange_keys(identity: Identity) -> tuple[KEMKeyInterface, KEMKeyInterface]:
    recipient = identity.recipient
    private = {"kty": "OKP", "crv": "X25519", "x": url64(recipient.public)}
    return KEMKey.from_jwk({**private, "d": url64(identity.private)}), KEMKey.from_jwk(private)


def url64(data: bytes) -> str:
    return b64encode(data, b"-_").decode().rstrip("=")


@pytest.mark.parametrize("context", CONTEXTS)
def test_a_stranger_opens_the_keys_that_we_wrap(context: str):
    key = bytes(range(32))
    wrapped = wrap_key(key, [each.recipient for each in identities()], context)
    for line, identity in zip(wrapped, identities(), strict=True):
        id_hex, encoded = line.split(" ")
        private, _ = strange_keys(identity)
        raw, info = b64decode(encoded), f"{context}\n{id_hex}".encode()
        assert HPKE.create_recipient_context(raw[:32], private, info=info).open(raw[32:]) == key
        with pytest.raises(PyHPKEError):
            HPKE.create_recipient_context(raw[:32], private, info=info + b"x").open(raw[32:])


@pytest.mark.parametrize("context", CONTEXTS)
def test_we_open_the_keys_that_a_stranger_wraps(context: str):
    key, identity = bytes(range(32)), identities()[0]
    _, public = strange_keys(identity)
    id_hex = identity.recipient.id
    encapsulated, sender = HPKE.create_sender_context(public, info=f"{context}\n{id_hex}".encode())
    line = f"{id_hex} {b64encode(encapsulated + sender.seal(key)).decode()}"
    assert unwrap_key([line], identity, context) == key
    with pytest.raises(FormatError):
        unwrap_key([line], identity, context + "8")
