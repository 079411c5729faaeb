"""The tip of the log in memory: drafts go in, sealed and signed entries come out.

Nothing here is durable; whoever calls `extend` writes the result or never uses the chain again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final, TypeAlias, assert_never

from nacl.bindings import crypto_sign, crypto_sign_BYTES

from ledger.checkpoint import Checkpoint
from ledger.entry import PayloadReference, entry_key_name, entry_text, format_time
from ledger.envelope import (
    Epoch,
    Recipient,
    epoch_context,
    new_data_key,
    pseudonym_context,
    wrap_key,
)
from ledger.errors import FormatError
from ledger.header import NOTARY_KINDS, EntryKind, Header, encode_header, judge_header
from ledger.keys import NotaryKeys
from ledger.merkle import Frontier, leaf_hash
from ledger.note import SigningKey, joint_signer, note_signer
from ledger.rotation import Purpose, signing_key_header
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


@dataclass(frozen=True, slots=True)
class NewEntryKey:
    """Entries after the one that says so are signed by this key alone."""

    key: SigningKey


@dataclass(frozen=True, slots=True)
class NewLogKey:
    """Checkpoints bear this key's signature beside the older one's."""

    key: SigningKey


@dataclass(frozen=True, slots=True)
class LogKeyRetired:
    """The older of two log keys signs no more."""


@dataclass(frozen=True, slots=True)
class NewRecipients:
    """Later epochs are for these alone."""

    recipients: tuple[Recipient, ...]


Change: TypeAlias = NewEntryKey | NewLogKey | LogKeyRetired | NewRecipients


class Chain:
    """Numbers, links, seals and signs. Owned by one thread."""

    def __init__(
        self, keys: NotaryKeys, proxy_id: str, frontier: Frontier, previous: bytes
    ) -> None:
        self._origin = keys.origin
        self._proxy_id = proxy_id
        self._origin_bytes = keys.origin.encode()
        self._proxy_id_bytes = proxy_id.encode()
        self._pseudonym_key = keys.pseudonyms.key
        self._recipients: tuple[Recipient, ...] = keys.recipients
        assert keys.entry.name == entry_key_name(keys.origin, proxy_id)
        self._sign_entry = _fast_signer(keys.entry)
        self._log_keys = keys.signing_checkpoints
        self._sign_checkpoint = joint_signer([key.signer() for key in self._log_keys])
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
        return Frame(first_index, tuple(entries), tuple(ciphertexts), self._checkpoint())

    def announce(self, change: Change, now_ms: int) -> Frame:
        """A frame with the `key` entry for the change; what follows is written under it.

        The keys that have to agree sign the entry too: see `rotation`.
        """
        first_index = self.size
        header, witnesses = self._announcement(change)
        draft = own_draft(EntryKind.KEY, header)
        entry, _ = self._write(draft, format_time(now_ms), [key.signer() for key in witnesses])
        match change:
            case NewEntryKey(key):
                self._sign_entry = _fast_signer(key)
            case NewLogKey(key):
                self._log_keys = (*self._log_keys, key)
            case LogKeyRetired():
                self._log_keys = self._log_keys[1:]
            case NewRecipients(recipients):
                self._recipients, self._epoch = recipients, None
            case _:
                assert_never(change)
        self._sign_checkpoint = joint_signer([key.signer() for key in self._log_keys])
        return Frame(first_index, (entry,), (b"",), self._checkpoint())

    def _announcement(self, change: Change) -> tuple[Header, tuple[SigningKey, ...]]:
        """What the entry says, and who signs it beside the entry key in force."""
        match change:
            case NewEntryKey(key):
                return signing_key_header(Purpose.ENTRY, key.verifier), (key,)
            case NewLogKey(key):
                return signing_key_header(Purpose.LOG, key.verifier), (*self._log_keys, key)
            case LogKeyRetired():
                retired = str(self._log_keys[0].verifier)
                return {"purpose": Purpose.LOG_RETIRED.value, "key": retired}, ()
            case NewRecipients(recipients):
                context = pseudonym_context(self._origin)
                header: Header = {
                    "purpose": Purpose.RECIPIENTS.value,
                    "recipients": [str(recipient) for recipient in recipients],
                    "pseudonym_key": wrap_key(self._pseudonym_key, recipients, context),
                }
                return header, ()
            case _:
                assert_never(change)

    def _checkpoint(self) -> bytes:
        checkpoint = Checkpoint(self._origin, self.size, self._frontier.root())
        return checkpoint.signed(self._sign_checkpoint)

    def epoch_draft(self, now_ms: int) -> JudgedDraft:
        """A fresh data key for all that follows; the draft must be the very next entry."""
        key, number = new_data_key(), self.size
        context = epoch_context(self._origin, self._proxy_id, number)
        wrapped = wrap_key(key, self._recipients, context)
        self._epoch = Epoch(key, origin=self._origin, proxy_id=self._proxy_id, number=number)
        self._epoch_began_ms = now_ms
        header: Header = {"purpose": Purpose.EPOCH.value, "wrapped": wrapped}
        return own_draft(EntryKind.KEY, header)

    def _write(
        self,
        draft: JudgedDraft,
        time: bytes,
        witnesses: Sequence[Callable[[bytes], bytes]] = (),
    ) -> tuple[bytes, bytes]:
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
        sign = joint_signer([self._sign_entry, *witnesses]) if witnesses else self._sign_entry
        entry = sign(text)
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
