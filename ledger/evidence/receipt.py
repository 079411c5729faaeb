"""Check a receipt without any log: a tlog-proof with its entry, and what it does not say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint
from ledger.cosignature import Cosigned, cosignatures
from ledger.entry import Entry, entry_key_name, parse_entry
from ledger.errors import FormatError
from ledger.fields import EntryKind
from ledger.note import VerifierKey, parse_note, verify_note
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
    genesis: bytes | None = None,
    witnesses: Sequence[VerifierKey] = (),
) -> Receipt:
    """Raises `FormatError` for anything that is not as it was signed.

    `entry` is for proofs that do not hold it. `genesis` is the receipt of entry 0 of the same log:
    only that entry says which key signs the others. Every one of `witnesses` must have cosigned.
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
    if genesis is not None or parsed.kind is EntryKind.GENESIS:
        signer = _entry_key(data if genesis is None else genesis, keys, parsed, held)
        verify_note(note, [signer])
    return Receipt(proof.index, parsed, checkpoint, _cosigned(proof, witnesses), signer)


def _entry_key(
    genesis: bytes, keys: Sequence[VerifierKey], entry: Entry, held: bytes
) -> VerifierKey:
    proof = parse_proof(genesis)
    if proof.index != 0:
        raise FormatError("that is not the receipt of the genesis entry, which is entry 0")
    first = held if proof.entry is None and entry.kind is EntryKind.GENESIS else proof.entry
    if first is None:
        raise FormatError("the receipt of the genesis entry does not hold the entry")
    checkpoint = check_proof(first, proof, keys)
    parsed, note = parse_entry(first)
    same_log = parsed.origin == checkpoint.origin == entry.origin
    if parsed.kind is not EntryKind.GENESIS or not same_log:
        raise FormatError("that is not the genesis entry of the same log")
    if str(parsed.header["log_key"]) not in map(str, keys):
        raise FormatError("the log was begun with another key than the one given")
    key = VerifierKey.parse(str(parsed.header["entry_key"]))
    if key.name != entry_key_name(parsed.origin, entry.proxy_id):
        raise FormatError("the genesis entry names a key that is not this proxy's")
    verify_note(note, [key])
    return key


def _cosigned(proof: Proof, witnesses: Sequence[VerifierKey]) -> tuple[Cosigned, ...]:
    found = cosignatures(parse_note(proof.checkpoint_note), witnesses)
    silent = set(witnesses) - {each.witness for each in found}
    if silent:
        raise FormatError(f"{min(key.name for key in silent)} did not cosign this checkpoint")
    return found
