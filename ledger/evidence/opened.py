"""Payloads in plain text, of proven entries alone: opening unverified evidence is worth nothing."""

from __future__ import annotations

from ledger.envelope import Identity
from ledger.errors import FormatError
from ledger.evidence.proven import ProvenEntry, ProvenLog
from ledger.opener import PayloadOpener


def proven_opener(log: ProvenLog, identity: Identity) -> PayloadOpener:
    """An opener whose data keys come from proven `key` entries.

    Opening raises `FormatError` where the identity is not a recipient.
    """
    return PayloadOpener(
        log.reader, identity, lambda index: log.entry(index).entry, lambda: log.key_changes
    )


def open_proven(opener: PayloadOpener, proven: ProvenEntry) -> bytes:
    """The plaintext. Raises `FormatError`, which says why there is none."""
    if proven.entry.payload is None:
        raise FormatError(f"entry {proven.index} was signed without a payload")
    if not proven.ciphertext:
        raise FormatError(
            f"the payload of entry {proven.index} is not in this copy of the log: "
            "it was erased by order, or never copied here"
        )
    try:
        return opener.open(proven.entry, proven.ciphertext)
    except FormatError as error:
        raise FormatError(f"entry {proven.index}: {error}") from error
