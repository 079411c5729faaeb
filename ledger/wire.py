"""What worker and notary say to each other on the local socket. Pure: bytes in, values out.

    notary -> worker   HELLO, then one 20-byte receipt a submission, in order of submission:
                       u64 first index, u32 count, u64 tree size
    worker -> notary   submissions: u32 length of what follows, u32 draft count, then each draft:
                       u32 length, header line; u32 length or 0xFFFFFFFF for none, payload
    courier -> notary  u32 length of what follows, u32 0, a cosigned checkpoint; empty for none yet
    notary -> courier  from then on, whenever more is public: u64 0, u32 0, u64 size

All integers are big endian. There is no error message: whatever goes wrong, the socket closes.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.errors import FormatError, InvalidDraft
from ledger.header import EntryKind, HeaderValue, encode_header

HELLO: Final = b"fengcun-notary/1"
PAYLOAD_BYTES_MAX: Final = 1 << 20
DRAFTS_MAX: Final = 4096
SUBMISSION_BYTES_MAX: Final = 16 << 20

_NO_DRAFT: Final = bytes(4)
_NO_PAYLOAD: Final = 0xFFFFFFFF
_U32: Final = struct.Struct(">I")
_TWO_U32: Final = struct.Struct(">II")
_RECEIPT: Final = struct.Struct(">QIQ")


@dataclass(frozen=True, slots=True)
class Draft:
    """What a worker hands over; the notary adds number, time, link and signature."""

    kind: EntryKind
    header: Mapping[str, HeaderValue]
    payload: bytes | None = None  # plaintext; the notary encrypts it


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The batch is durable under a signed checkpoint of `tree_size` entries."""

    first_index: int
    count: int
    tree_size: int


@dataclass(frozen=True, slots=True)
class CosignedCheckpoint:
    """What a courier brought, not judged yet; empty where it has nothing."""

    note: bytes


def encode_cosigned(note: bytes) -> bytes:
    """A courier's message."""
    return b"%b%b%b" % (_U32.pack(len(_NO_DRAFT) + len(note)), _NO_DRAFT, note)


@dataclass(frozen=True, slots=True)
class RawDraft:
    """A draft as it travels: its header line and its plaintext payload, neither judged yet."""

    header_line: bytes
    payload: bytes | None


def encode_submission(drafts: Sequence[Draft | RawDraft]) -> bytes:
    """Raises `InvalidDraft` for an empty or oversized batch and for headers off the list.

    The header line of a `RawDraft` comes from `header.encode_header`.
    """
    if not 0 < len(drafts) <= DRAFTS_MAX:
        raise InvalidDraft(f"a submission holds 1 to {DRAFTS_MAX} drafts")
    parts: list[bytes] = []
    for draft in drafts:
        if isinstance(draft, Draft):
            line = encode_header(draft.kind, draft.header)
        else:
            line = draft.header_line
        if draft.payload is None:
            parts += (_U32.pack(len(line)), line, b"\xff\xff\xff\xff")
        elif len(draft.payload) > PAYLOAD_BYTES_MAX:
            raise InvalidDraft(f"a payload is over {PAYLOAD_BYTES_MAX} bytes")
        else:
            parts += (_U32.pack(len(line)), line, _U32.pack(len(draft.payload)), draft.payload)
    length_bytes = 4 + sum(map(len, parts))
    if length_bytes > SUBMISSION_BYTES_MAX:
        raise InvalidDraft(f"a submission is over {SUBMISSION_BYTES_MAX} bytes")
    return b"".join((_TWO_U32.pack(length_bytes, len(drafts)), *parts))


def decode_submission(body: bytes) -> list[RawDraft]:
    """`body` is what follows the length. Raises `FormatError`; reads every byte exactly once."""
    try:
        (count,) = _U32.unpack_from(body)
        if not 0 < count <= DRAFTS_MAX:
            raise FormatError("a submission with an impossible number of drafts")
        drafts: list[RawDraft] = []
        position = 4
        for _ in range(count):
            (length_bytes,) = _U32.unpack_from(body, position)
            line_end = position + 4 + length_bytes
            (payload_bytes,) = _U32.unpack_from(body, line_end)
            line = body[position + 4 : line_end]
            position = line_end + 4
            if payload_bytes == _NO_PAYLOAD:
                drafts.append(RawDraft(line, None))
                continue
            if payload_bytes > PAYLOAD_BYTES_MAX or position + payload_bytes > len(body):
                raise FormatError("a payload of impossible length")
            drafts.append(RawDraft(line, body[position : position + payload_bytes]))
            position += payload_bytes
    except struct.error as error:
        raise FormatError("a submission that ends too early") from error
    if position != len(body):
        raise FormatError("a submission with bytes after its last draft")
    return drafts


class SubmissionReader:
    """Feed bytes in any chunking; take whole messages out, in order."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def submissions(self) -> Iterator[list[RawDraft] | CosignedCheckpoint]:
        """Raises `FormatError`, after which the stream has no trustworthy next byte."""
        start = 0
        try:
            while len(self._buffer) - start >= 4:
                (length_bytes,) = _U32.unpack_from(self._buffer, start)
                if length_bytes > SUBMISSION_BYTES_MAX:
                    raise FormatError("a submission of impossible length")
                end = start + 4 + length_bytes
                if len(self._buffer) < end:
                    break
                body = bytes(memoryview(self._buffer)[start + 4 : end])
                start = end
                if body.startswith(_NO_DRAFT):
                    yield CosignedCheckpoint(body[len(_NO_DRAFT) :])
                else:
                    yield decode_submission(body)
        finally:
            del self._buffer[:start]


def encode_receipt(acknowledgement: Acknowledgement) -> bytes:
    return _RECEIPT.pack(
        acknowledgement.first_index, acknowledgement.count, acknowledgement.tree_size
    )


class ReceiptReader:
    """Feed bytes in any chunking; after the greeting, take whole receipts out, in order."""

    def __init__(self) -> None:
        self._buffer = b""
        self.greeted = False

    def feed(self, data: bytes) -> None:
        self._buffer += data

    def receipts(self) -> list[Acknowledgement]:
        """Raises `FormatError` when the other side is no notary, or another version of one."""
        if not self.greeted:
            head = self._buffer[: len(HELLO)]
            if head != HELLO[: len(head)]:
                raise FormatError("the other side is not a notary of this version")
            if len(head) < len(HELLO):
                return []
            self.greeted = True
            self._buffer = self._buffer[len(HELLO) :]
        whole_bytes = len(self._buffer) // _RECEIPT.size * _RECEIPT.size
        whole, self._buffer = self._buffer[:whole_bytes], self._buffer[whole_bytes:]
        return [Acknowledgement(*fields) for fields in _RECEIPT.iter_unpack(whole)]
