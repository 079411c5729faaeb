"""Logs that follow each other, a year each say: one is frozen, the next names its last checkpoint.

A log that nobody may sign any more needs no key that could be stolen. What ties the next one to it
is in the next one's genesis entry, so an entry added to the frozen log leaves the chain broken.
"""

from __future__ import annotations

from collections.abc import Sequence

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.entry import parse_entry
from ledger.errors import ConfigurationError, FormatError
from ledger.fetch import CHECKPOINT_PATH, LogReader, entry_at
from ledger.note import VerifierKey
from ledger.proof import check_proof, prove
from ledger.rotation import frozen, successor_of


def require_frozen(reader: LogReader, keys: Sequence[VerifierKey], successor: str) -> Checkpoint:
    """The last checkpoint of a log that `successor` may continue. Raises `ConfigurationError`.

    Looks at the last entry, and that the signed tree ends with it; `verify` looks at the others.
    """
    try:
        size = open_checkpoint(reader.read(CHECKPOINT_PATH), keys).size
        data = entry_at(reader, size - 1, size)
        checkpoint = check_proof(data, prove(reader, size - 1), keys)
        last = parse_entry(data)[0]
    except FormatError as error:
        raise ConfigurationError(f"the earlier log cannot be read: {error}") from error
    if checkpoint.size != size or not frozen(last):
        raise ConfigurationError("the earlier log is not frozen: run `fengcun ledger freeze` first")
    named = successor_of(last)
    if named not in (None, successor):
        raise ConfigurationError(f"the earlier log is continued by {named}, not by {successor}")
    return checkpoint
