"""The keys of a log over its length, from entries that were proved to be in it. Pure.

Whoever calls this has proved each entry. One that was left out names no key: what its key signed
is then refused, never taken for another's.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from ledger.entry import parse_entry
from ledger.errors import FormatError
from ledger.fields import EntryKind
from ledger.note import VerifierKey, verify_note
from ledger.rotation import KeysInForce, retired

_OPENING: Final = b'{"kind":"key"'
_CHANGE: Final = re.compile(rb'\{"kind":"key","purpose":"(?!epoch")')


def may_change_keys(data: bytes) -> bool:
    """False where an entry, or each of a bundle's, changes no key; parses nothing.

    A header has one spelling. Most `key` entries begin an epoch, which changes none of these.
    """
    return _OPENING in data and _CHANGE.search(data) is not None


class KeyHistory:
    """Begins with the genesis entry, which signs itself and names the log."""

    def __init__(self, genesis: bytes, origin: str) -> None:
        """Raises `FormatError` for what is not the genesis entry of that log."""
        entry, note = parse_entry(genesis)
        if entry.kind is not EntryKind.GENESIS or (entry.origin, entry.sequence) != (origin, 0):
            raise FormatError("the first entry is not the genesis entry of this log")
        keys = KeysInForce.from_genesis(entry)
        verify_note(note, [keys.entry])
        self._held = [(0, keys)]  # from which index on

    @property
    def last(self) -> KeysInForce:
        return self._held[-1][1]

    def follow(self, index: int, data: bytes) -> None:
        """The next entry that changes keys. Raises `FormatError` where it may not do so."""
        try:
            entry, note = parse_entry(data)
            if entry.kind is not EntryKind.KEY:
                raise FormatError(f"a {entry.kind} entry changes no keys")
            if (entry.origin, entry.sequence) != (self.last.origin, index):
                raise FormatError(f"it calls itself {entry.sequence} of {entry.origin}")
            verify_note(note, [self.last.entry])
            self._held.append((index + 1, self.last.after(entry, note)))
        except FormatError as error:
            raise FormatError(f"entry {index}: {error}") from error

    def entry_key(self, index: int) -> VerifierKey:
        """Whose signature entry `index` must bear."""
        return next(keys.entry for since, keys in reversed(self._held) if since <= index)

    def require_given(self, given: Sequence[VerifierKey]) -> None:
        """One of the log keys in force at the end was given. Raises `FormatError`.

        What the log says of its other keys hangs on that one.
        """
        keys = self.last
        if set(keys.logs) & set(given):
            return
        if not {key for key, _ in keys.succeeded} & set(given):
            raise FormatError("the log was begun with another key than the one given")
        raise FormatError(retired(keys.succeeded[-1][1], keys.logs[-1]))
