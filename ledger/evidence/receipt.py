"""Check a receipt without any log: a tlog-proof with its entry, and what it does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint
from ledger.cosignature import Cosigned, cosignatures
from ledger.entry import Entry, entry_key_name, parse_entry
from ledger.errors import FormatError
from ledger.evidence.history import KeyHistory
from ledger.fields import EntryKind
from ledger.note import Note, VerifierKey, parse_note, verify_note
from ledger.proof import Proof, check_proof, parse_proof


@dataclass(frozen=True, slots=True)
class Receipt:
    """An entry that is proved to be in a log of `checkpoint.size` entries."""

    index: int
    entry: Entry
    checkpoint: Checkpoint
    cosigned: tuple[Cosigned, ...]
    signer: VerifierKey | None
    """Whose signature on the entry was checked. None: nobody said which key it must be."""


def check_receipt(
    data: bytes,
    keys: Sequence[VerifierKey],
    *,
    entry: bytes | None = None,
    history: Sequence[bytes] = (),
    witnesses: Sequence[VerifierKey] = (),
) -> Receipt:
    """Raises `FormatError` for anything that is not as it was signed.

    `entry` is for proofs that do not hold it. `history` are receipts of entry 0 of the same log,
    which says which key signs the others, and of each `key` entry that changed a key since, in any
    order. Every one of `witnesses` must have cosigned.
    """
    proof = parse_proof(data)
    if entry is not None and proof.entry is not None and entry != proof.entry:
        raise FormatError("the entry given is not the one in the proof")
    held = entry if proof.entry is None else proof.entry
    if held is None:
        raise FormatError("the proof does not hold its entry: give the entry's file as well")
    checkpoint = check_proof(held, proof, keys)
    parsed, note = parse_entry(held)
    if (parsed.origin, parsed.sequence) != (checkpoint.origin, proof.index):
        raise FormatError(f"the entry calls itself {parsed.sequence} of {parsed.origin}")
    if (parsed.kind is EntryKind.GENESIS) != (proof.index == 0):
        raise FormatError("only the first entry is a genesis entry")
    signer = None
    if history:
        receipts = [_held(each, keys) for each in history]
        signer = _entry_key(receipts, keys, parsed, note)
    elif parsed.kind is EntryKind.GENESIS:
        signer = KeyHistory(held, parsed.origin).entry_key(0)
    return Receipt(proof.index, parsed, checkpoint, _cosigned(proof, witnesses), signer)


def _held(receipt: bytes, keys: Sequence[VerifierKey]) -> tuple[int, bytes]:
    """Index and entry of a receipt that says which keys there are."""
    proof = parse_proof(receipt)
    if proof.entry is None:
        raise FormatError(f"the receipt of entry {proof.index} does not hold the entry")
    check_proof(proof.entry, proof, keys)
    return proof.index, proof.entry


def _entry_key(
    receipts: Sequence[tuple[int, bytes]], keys: Sequence[VerifierKey], entry: Entry, note: Note
) -> VerifierKey:
    """Who signed the entry, by what the receipts tell. Raises `FormatError`."""
    (first, genesis), *changes = sorted(set(receipts))
    if first != 0:
        raise FormatError("the receipt of the genesis entry is missing, which is entry 0")
    history = KeyHistory(genesis, entry.origin)
    for index, data in changes:
        history.follow(index, data)
    key = history.entry_key(entry.sequence)
    if key.name != entry_key_name(entry.origin, entry.proxy_id):
        raise FormatError("the genesis entry names a key that is not this proxy's")
    try:
        history.require_given(keys)
        verify_note(note, [key])
    except FormatError as error:
        raise FormatError(
            f"{error}, as far as the receipts given with --genesis tell; where keys were changed,"
            " add the receipt of each entry that changed one"
        ) from error
    return key


def _cosigned(proof: Proof, witnesses: Sequence[VerifierKey]) -> tuple[Cosigned, ...]:
    found = cosignatures(parse_note(proof.checkpoint_note), witnesses)
    silent = set(witnesses) - {each.witness for each in found}
    if silent:
        raise FormatError(f"{min(key.name for key in silent)} did not cosign this checkpoint")
    return found
