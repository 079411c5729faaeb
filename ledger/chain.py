"""The tip of the log in memory: drafts go in, sealed and signed entries come out.

Nothing here is durable; whoever calls `extend` writes the result or never uses the chain again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from nacl.bindings import crypto_sign, crypto_sign_BYTES

from ledger.checkpoint import Checkpoint
from ledger.entry import PayloadReference, entry_key_name, entry_text, format_time
from ledger.envelope import Epoch, Recipient, epoch_context, new_data_key, wrap_key
from ledger.errors import FormatError
from ledger.header import NOTARY_KINDS, EntryKind, Header, encode_header, judge_header
from ledger.keys import NotaryKeys
from ledger.merkle import Frontier, leaf_hash
from ledger.note import SigningKey, note_signer
from ledger.wal import Frame
from ledger.wire import RawDraft

EPOCH_ENTRIES_MAX: Final = 1_000_000
EPOCH_AGE_MAX_MS: Final = 24 * 3600 * 1000


@dataclass(frozen=True, slots=True)
class JudgedDraft:
    """A draft whose header line was checked against the field list."""

    kind: EntryKind
    header_line: bytes
    payload: bytes | None = None


def own_draft(kind: EntryKind, header: Header) -> JudgedDraft:
    """An entry of the notary about itself."""
    return JudgedDraft(kind, encode_header(kind, header))


def judge_draft(raw: RawDraft) -> JudgedDraft:
    """Raises `FormatError` for what a worker may not write."""
    kind = judge_header(raw.header_line)
    if kind in NOTARY_KINDS:
        raise FormatError(f"only the notary itself writes {kind} entries")
    return JudgedDraft(kind, raw.header_line, raw.payload)


class Chain:
    """Numbers, links, seals and signs. Owned by one thread."""

    def __init__(
        self, keys: NotaryKeys, proxy_id: str, frontier: Frontier, previous: bytes
    ) -> None:
        self._origin = keys.origin
        self._proxy_id = proxy_id
        self._origin_bytes = keys.origin.encode()
        self._proxy_id_bytes = proxy_id.encode()
        self._recipients: tuple[Recipient, ...] = keys.recipients
        assert keys.entry.name == entry_key_name(keys.origin, proxy_id)
        self._sign_entry = _fast_signer(keys.entry)
        self._sign_checkpoint = keys.log.signer()
        self._frontier = frontier
        self._previous = previous
        self._epoch: Epoch | None = None
        self._epoch_began_ms = 0

    @property
    def size(self) -> int:
        return self._frontier.size

    def root(self) -> bytes:
        return self._frontier.root()

    def needs_epoch(self, now_ms: int) -> bool:
        return (
            self._epoch is None
            or self.size - self._epoch.number >= EPOCH_ENTRIES_MAX
            or abs(now_ms - self._epoch_began_ms) >= EPOCH_AGE_MAX_MS
        )

    def extend(self, drafts: Iterable[JudgedDraft], now_ms: int) -> Frame:
        """One frame with an entry for each draft and the checkpoint of the tree they make."""
        first_index = self.size
        time = format_time(now_ms)
        entries: list[bytes] = []
        ciphertexts: list[bytes] = []
        for draft in drafts:
            entry, ciphertext = self._write(draft, time)
            entries.append(entry)
            ciphertexts.append(ciphertext)
        checkpoint = Checkpoint(self._origin, self.size, self._frontier.root())
        note = checkpoint.signed(self._sign_checkpoint)
        return Frame(first_index, tuple(entries), tuple(ciphertexts), note)

    def epoch_draft(self, now_ms: int) -> JudgedDraft:
        """A fresh data key for all that follows; the draft must be the very next entry."""
        key, number = new_data_key(), self.size
        context = epoch_context(self._origin, self._proxy_id, number)
        wrapped = wrap_key(key, self._recipients, context)
        self._epoch = Epoch(key, origin=self._origin, proxy_id=self._proxy_id, number=number)
        self._epoch_began_ms = now_ms
        return own_draft(EntryKind.KEY, {"purpose": "epoch", "wrapped": wrapped})

    def _write(self, draft: JudgedDraft, time: bytes) -> tuple[bytes, bytes]:
        sequence = self._frontier.size
        ciphertext, reference = b"", None
        if draft.payload is not None:
            ciphertext, reference = self._seal(sequence, draft.payload)
        text = entry_text(
            kind=draft.kind,
            origin=self._origin_bytes,
            proxy_id=self._proxy_id_bytes,
            sequence=sequence,
            previous=self._previous,
            time=time,
            header_line=draft.header_line,
            payload=reference,
        )
        entry = self._sign_entry(text)
        self._previous = sha256(entry).digest()
        self._frontier.append(leaf_hash(entry))
        return entry, ciphertext

    def _seal(self, sequence: int, payload: bytes) -> tuple[bytes, PayloadReference]:
        assert self._epoch is not None
        return self._epoch.seal(sequence, payload)


def _fast_signer(key: SigningKey) -> Callable[[bytes], bytes]:
    """libsodium signs half again as fast as OpenSSL, and it releases the interpreter lock."""
    verifier = key.verifier
    secret = key.seed + verifier.public

    def sign(text: bytes) -> bytes:
        return crypto_sign(text, secret)[:crypto_sign_BYTES]

    return note_signer(verifier, sign)
