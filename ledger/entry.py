"""One entry of the ledger: a signed note whose bytes are stored as they were signed. Pure.

    ledger-entry/v1                                   (ledger-genesis/v1 for the first)
    <origin>
    <proxy id> <sequence number> <base64 SHA-256 of the previous entry's bytes>
    <UTC, RFC 3339, milliseconds>
    <one line of JSON: the public header>
    payload chacha20poly1305-epoch <epoch> <bytes> <base64 SHA-256 of the ciphertext>
                                                      (or: payload none)
    <blank>
    — <origin>/proxy/<proxy id> <base64 of key id and signature>

One log has one proxy, so the sequence number is the index of the entry in the log.
"""

from __future__ import annotations

import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Final

from ledger.errors import FormatError
from ledger.header import EntryKind, HeaderValue, decode_header
from ledger.note import Note, check_name, decode_base64, parse_note
from ledger.tile import ENTRY_BYTES_MAX

ENTRY_LINE: Final = b"ledger-entry/v1"
GENESIS_LINE: Final = b"ledger-genesis/v1"
NO_PREVIOUS: Final = b"\0" * 32
"""What the genesis entry links back to."""

NUMBER: Final = rb"(?:0|[1-9][0-9]{0,17})"
_CHAIN: Final = re.compile(rb"([a-z0-9-]{1,64}) (" + NUMBER + rb") ([A-Za-z0-9+/=]{44})")
_TIME: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
_PAYLOAD: Final = re.compile(
    rb"payload chacha20poly1305-epoch (" + NUMBER + rb") (" + NUMBER + rb") ([A-Za-z0-9+/=]{44})"
)
_PROXY_ID: Final = re.compile(r"[a-z0-9-]{1,64}")


@dataclass(frozen=True, slots=True)
class PayloadReference:
    """What the signed entry says about its ciphertext, which lies in another file."""

    epoch: int  # index of the key entry that holds the wrapped data key
    ciphertext_bytes: int
    digest: bytes  # SHA-256 of the ciphertext

    def matches(self, ciphertext: bytes) -> bool:
        return (
            len(ciphertext) == self.ciphertext_bytes and sha256(ciphertext).digest() == self.digest
        )


@dataclass(frozen=True, slots=True)
class Entry:
    kind: EntryKind
    origin: str
    proxy_id: str
    sequence: int
    previous: bytes  # SHA-256 of the previous entry's bytes
    time: str
    header: dict[str, HeaderValue]
    payload: PayloadReference | None


def check_proxy_id(proxy_id: str) -> str:
    if not _PROXY_ID.fullmatch(proxy_id):
        raise FormatError("a proxy id is 1 to 64 of a-z, 0-9 and -")
    return proxy_id


def entry_key_name(origin: str, proxy_id: str) -> str:
    """Entries and checkpoints are signed under different names, so neither passes for the other."""
    return f"{origin}/proxy/{proxy_id}"


def format_time(unix_ms: int) -> bytes:
    seconds, milliseconds = divmod(unix_ms, 1000)
    moment = datetime.fromtimestamp(seconds, UTC)
    return b"%b.%03dZ" % (moment.strftime("%Y-%m-%dT%H:%M:%S").encode(), milliseconds)


def entry_text(
    *,
    kind: EntryKind,
    origin: bytes,
    proxy_id: bytes,
    sequence: int,
    previous: bytes,
    time: bytes,
    header_line: bytes,
    payload: PayloadReference | None,
) -> bytes:
    """The text to sign. `header_line` comes from `header.encode_header`."""
    return b"%b\n%b\n%b %d %b\n%b\n%b\n%b\n" % (
        GENESIS_LINE if kind is EntryKind.GENESIS else ENTRY_LINE,
        origin,
        proxy_id,
        sequence,
        b64encode(previous),
        time,
        header_line,
        b"payload none"
        if payload is None
        else b"payload chacha20poly1305-epoch %d %d %b"
        % (payload.epoch, payload.ciphertext_bytes, b64encode(payload.digest)),
    )


def parse_entry(data: bytes) -> tuple[Entry, Note]:
    """Raises `FormatError`. The signature is not checked: see `note.verify_note`."""
    note = parse_note(data, note_bytes_max=ENTRY_BYTES_MAX)
    lines = note.text.split(b"\n")
    if len(lines) != 7:
        raise FormatError("an entry has six lines of text")
    first, origin, chain, time, header_line, payload, _ = lines
    chain_match = _CHAIN.fullmatch(chain)
    if chain_match is None or not _TIME.fullmatch(time):
        raise FormatError("the third or fourth line of the entry is malformed")
    kind, header = decode_header(header_line)
    if first != (GENESIS_LINE if kind is EntryKind.GENESIS else ENTRY_LINE):
        raise FormatError("the first line of the entry does not suit its kind")
    entry = Entry(
        kind=kind,
        origin=check_name(origin.decode()),
        proxy_id=chain_match[1].decode(),
        sequence=int(chain_match[2]),
        previous=decode_base64(chain_match[3]),
        time=time.decode(),
        header=header,
        payload=_parse_payload(payload),
    )
    return entry, note


def _parse_payload(line: bytes) -> PayloadReference | None:
    if line == b"payload none":
        return None
    match = _PAYLOAD.fullmatch(line)
    if match is None:
        raise FormatError("the payload line of the entry is malformed")
    return PayloadReference(int(match[1]), int(match[2]), decode_base64(match[3]))
