"""Every parser of the package, on bytes that were valid before somebody edited them.

Random bytes seldom get past the first line of anything. These keep most of a valid text and hold
what parsers trip over: other digits, other spaces, huge lengths, lines twice. A parser refuses with
the package's own error, or takes what it would itself have written.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from ledger.cosignature import CosigningKey, cosignatures
from ledger.entry import parse_entry
from ledger.envelope import Identity, Recipient, unwrap_key, wrap_key
from ledger.errors import FormatError, LedgerError
from ledger.fetch import snapshot
from ledger.header import decode_header, encode_header
from ledger.keys import load_keys, load_pseudonyms, load_verifier_keys
from ledger.note import Note, SigningKey, VerifierKey, parse_note, parse_signatures
from ledger.proof import Proof, check_proof, parse_proof
from ledger.submission import Submission, parse_submission, with_cosignatures
from ledger.tile import (
    decode_bundle,
    decode_payload_bundle,
    decode_tile,
    encode_bundle,
    encode_payload_bundle,
)
from ledger.wal import (
    Frame,
    SegmentHeader,
    decode_frame,
    decode_segment_header,
    encode_frame,
    encode_segment_header,
    join_segments,
    segment_name,
)
from ledger.wire import HELLO, ReceiptReader, SubmissionReader, decode_submission, encode_submission
from ledger.witness.rules import Refused, judge
from tests.unit.ledger.small_log import (
    ORIGIN,
    PROXY_ID,
    decision,
    identities,
    key_directory,
    log_of,
    notary_keys,
)

T = TypeVar("T")
KEYS = notary_keys()
WITNESS = CosigningKey("procuratorate.example/w1", bytes(range(32)))
ROOT = bytes(range(32))
NOTE = Checkpoint(ORIGIN, 7, ROOT).signed(KEYS.log.signer())
COSIGNED = with_cosignatures(
    parse_note(NOTE), (WITNESS.cosign(parse_note(NOTE).text, 1_767_225_600),)
)
SUBMISSION = Submission(3, (ROOT, ROOT), NOTE).to_bytes()
PROOF = Proof(5, (ROOT, ROOT, ROOT), NOTE).to_bytes()
FRAME = Frame(0, (b"one", b"two"), (b"", b"sealed"), NOTE)
SEGMENT_HEADER = encode_segment_header(SegmentHeader(ORIGIN, 0, ROOT, 1))
WRAPPED = wrap_key(bytes(32), [each.recipient for each in identities()], "context")

TROUBLE = (
    *(b"\n", b"\n\n", b"\r\n", b" ", b"\t", b"\0", b"+", b"=", b"-", b"0", b"9" * 25, b"\xff" * 4),
    *(part.encode() for part in ("\u2014 ", "\u0663", "\uff11", "\u2028", "\x85", "\u00a0", "封")),
    *(b"\x80", b'"', b"\\", b"old 0", b"extra x\n", HELLO),
)


@st.composite
def edited(draw: st.DrawFn, valid: bytes) -> bytes:
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        until = min(len(data), at + draw(st.sampled_from((0, 0, 1, 2, 4, 33, 70))))
        match draw(st.sampled_from(("replace", "flip", "again", "cut", "random"))):
            case "replace":
                data[at:until] = draw(st.sampled_from(TROUBLE))
            case "flip" if at < len(data):
                data[at] ^= 1 << draw(st.integers(0, 7))
            case "again":
                data[at:at] = data[at:until]
            case "cut":
                del data[at:]
            case _:
                data[at:until] = draw(st.binary(max_size=8))
    return bytes(data)


def note_again(data: bytes) -> bytes:
    note = parse_note(data)
    return note.text + b"\n" + b"".join(each.to_line() for each in note.signatures)


def signatures_again(data: bytes) -> bytes:
    return b"".join(each.to_line() for each in parse_signatures(data))


def text_again(parse: Callable[[str], object]) -> Callable[[bytes], None]:
    """Of a key there are spellings with space around it; the value has one."""

    def again(data: bytes) -> None:
        key = parse(data.decode(errors="replace"))
        written = key.to_text() if hasattr(key, "to_text") else str(key)
        assert written == data.decode(errors="replace").strip()

    return again


def header_again(data: bytes) -> bytes:
    return encode_header(*decode_header(data))


def frame_again(data: bytes) -> bytes:
    frame, end = decode_frame(data)
    return encode_frame(frame) + data[end:]


def entry_again(data: bytes) -> bytes:
    entry, note = parse_entry(data)
    assert entry.origin.encode() == note.text.split(b"\n")[1]
    return note_again(data)


def proof_again(data: bytes) -> bytes | None:
    proof = parse_proof(data)
    with pytest.raises(FormatError):
        check_proof(b"entry", proof, [KEYS.log.verifier])
    return None if b"\nextra " in data else proof.to_bytes()


def read_wire(reader: SubmissionReader | ReceiptReader, data: bytes) -> None:
    reader.feed(data)
    list(reader.submissions() if isinstance(reader, SubmissionReader) else reader.receipts())


class Files:
    """A log of a checkpoint and one segment."""

    def __init__(self, note: bytes, segment: bytes) -> None:
        self._note, self._segment = note, segment

    def read(self, path: str) -> bytes:
        return self._note

    def segments(self) -> list[tuple[str, bytes]]:
        return [(segment_name(0), self._segment)]


ENTRY = KEYS.entry.signer()(
    b"ledger-entry/v1\n%b\np1 4 %b\n2026-01-01T00:00:00.000Z\n"
    b'{"kind":"heartbeat","state":"alive","free_bytes":12}\n'
    b"payload chacha20poly1305-epoch 1 272 %b\n"
    % (ORIGIN.encode(), b64encode(ROOT), b64encode(ROOT))
)
SEGMENT = SEGMENT_HEADER + encode_frame(FRAME) + bytes(16)

PARSERS: dict[str, tuple[bytes, Callable[[bytes], object]]] = {
    "note": (COSIGNED, note_again),
    "signature lines": (COSIGNED.partition(b"\n\n")[2], signatures_again),
    "public key": (str(KEYS.log.verifier).encode(), text_again(VerifierKey.parse)),
    "private key": (KEYS.log.to_text().encode(), text_again(SigningKey.parse)),
    "witness key": (WITNESS.to_text().encode(), text_again(CosigningKey.parse)),
    "recipient": (str(identities()[0].recipient).encode(), text_again(Recipient.parse)),
    "identity": (identities()[0].to_text().encode(), text_again(Identity.parse)),
    "checkpoint text": (
        Checkpoint(ORIGIN, 7, ROOT).to_text(),
        lambda data: b"\n".join(
            [*parse_checkpoint_text(data).to_text().split(b"\n")[:3], *data.split(b"\n")[3:]]
        ),
    ),
    "checkpoint": (COSIGNED, lambda data: open_checkpoint(data, [KEYS.log.verifier])),
    "cosignature": (COSIGNED, lambda data: cosignatures(parse_note(data), [WITNESS.verifier])),
    "entry": (ENTRY, entry_again),
    "header": (
        b'{"kind":"permit","permit":"n1","event":"granted","subjects":[],"uses_max":3}',
        header_again,
    ),
    "bundle": (encode_bundle([b"one", b"two"]), lambda data: encode_bundle(decode_bundle(data))),
    "payload bundle": (
        encode_payload_bundle([b"", b"x" * 40]),
        lambda data: encode_payload_bundle(decode_payload_bundle(data)),
    ),
    "tile": (ROOT * 3, lambda data: b"".join(decode_tile(data, 3))),
    "proof": (PROOF, proof_again),
    "submission": (SUBMISSION, lambda data: parse_submission(data).to_bytes()),
    "frame": (encode_frame(FRAME), frame_again),
    "segment header": (
        SEGMENT_HEADER,
        lambda data: encode_segment_header(decode_segment_header(data, ORIGIN)) + data[128:],
    ),
    "segments": (SEGMENT, lambda data: join_segments([(segment_name(0), data)], ORIGIN)),
    "snapshot": (SEGMENT, lambda data: snapshot(Files(NOTE, data))),
    "snapshot's checkpoint": (NOTE, lambda data: snapshot(Files(data, SEGMENT))),
    "submitted drafts": (
        encode_submission([decision(), decision(1, None)])[4:],
        lambda data: encode_submission(decode_submission(data))[4:],
    ),
    "stream to the notary": (
        encode_submission([decision(), decision(1, None)]) * 2,
        lambda data: read_wire(SubmissionReader(), data),
    ),
    "stream from the notary": (HELLO + bytes(40), lambda data: read_wire(ReceiptReader(), data)),
    "wrapped key": (
        WRAPPED[0].encode(),
        lambda data: [unwrap_key([data.decode(errors="replace")], identities()[0], "context")],
    ),
}


@pytest.mark.parametrize("name", PARSERS)
def test_the_untouched_is_taken(name: str):
    valid, again = PARSERS[name]
    written = again(valid)
    assert not isinstance(written, bytes) or written == valid


@pytest.mark.parametrize("name", PARSERS)
def test_the_edited_is_refused_or_is_another_valid_one(name: str):
    valid, again = PARSERS[name]

    @given(edited(valid))
    @settings(deadline=None)
    def check(data: bytes) -> None:
        try:
            written = again(data)
        except FormatError:
            return
        assert not isinstance(written, bytes) or written == data

    check()


def seen_by_witness(data: bytes) -> None:
    """A witness that remembers size 3: no edit may be cosigned, as the proof leads nowhere."""
    with pytest.raises(Refused):
        judge(data, [KEYS.log.verifier], lambda origin: Checkpoint(origin, 3, ROOT))


@given(edited(SUBMISSION))
@settings(deadline=None)
def test_a_witness_answers_an_edited_submission_with_a_status(data: bytes):
    seen_by_witness(data)


def loaded(load: Callable[[], T]) -> T | str:
    """What was loaded, or the error that was shown instead."""
    try:
        return load()
    except LedgerError as error:
        return str(error)


@pytest.mark.parametrize("name", ["log.key", "entry.key", "pseudonym.key", "recipients"])
def test_an_edited_key_file_is_refused_in_one_line(tmp_path: Path, name: str):
    directory, _ = key_directory(tmp_path)
    made = load_keys(directory, PROXY_ID)
    path = directory / name
    path = next(path.iterdir()) if path.is_dir() else path
    valid = path.read_bytes()

    @given(edited(valid))
    @settings(deadline=None)
    def check(data: bytes) -> None:
        path.write_bytes(data)
        found = loaded(lambda: load_keys(directory, PROXY_ID))
        if isinstance(found, str):
            assert "\n" not in found
            return
        # Space around it, or a pseudonym key, which has no checksum, with other bits.
        assert name == "pseudonym.key" or found == made
        assert len(load_pseudonyms(directory).key) == 32

    check()


def test_an_edited_list_of_trusted_keys_trusts_no_other_key(tmp_path: Path):
    path = tmp_path / "trusted"
    trusted = [KEYS.log.verifier, WITNESS.verifier]

    @given(edited("".join(f"# whose\n{key}\n" for key in trusted).encode()))
    @settings(deadline=None)
    def check(data: bytes) -> None:
        path.write_bytes(data)
        found = loaded(lambda: load_verifier_keys([path]))
        if isinstance(found, str):
            assert "\n" not in found
            return
        assert set(found) <= set(trusted)

    check()


def test_the_helpers_see_a_parser_that_is_too_kind(tmp_path: Path):
    log = log_of(tmp_path / "log", 1)
    entry = decode_bundle((log.root / "tile/entries/000.p/5").read_bytes())[3]
    assert entry_again(entry) == entry

    def kind(data: bytes) -> bytes:
        note: Note = parse_note(data.replace(b"\r", b""))
        return note.text + b"\n" + b"".join(each.to_line() for each in note.signatures)

    assert kind(NOTE.replace(b"\n", b"\r\n", 1)) != NOTE.replace(b"\n", b"\r\n", 1)
