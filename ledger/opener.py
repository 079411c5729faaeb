"""Opening payloads with a recipient's private key, on the recipient's own machine."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ledger.entry import Entry, parse_entry
from ledger.envelope import Epoch, Identity, epoch_context, pseudonym_context, unwrap_key
from ledger.errors import FormatError
from ledger.fetch import LogReader, entries
from ledger.fields import EntryKind
from ledger.pseudonyms import Pseudonyms
from ledger.rotation import RECIPIENTS_BYTES, Purpose

_EPOCHS_MAX: Final = 64


class PayloadOpener:
    """Unwraps the data key of each epoch once, from the key entry that the payload names."""

    def __init__(
        self,
        reader: LogReader,
        identity: Identity,
        entry_of: Callable[[int], Entry] | None = None,
        key_changes: Callable[[], Iterable[int]] | None = None,
    ) -> None:
        """`entry_of` is where key entries come from; without it the log's files, unverified.
        `key_changes` are those that change keys or recipients, once entry 0 was got; without it
        they are looked for in all of the log."""
        self._reader = reader
        self._identity = identity
        self._entry = entry_of or self._unverified
        self._key_changes = key_changes or self._searched
        self._epochs: dict[int, Epoch] = {}

    def open(self, entry: Entry, ciphertext: bytes) -> bytes:
        """The plaintext. Raises `FormatError` when it is not this entry's, or not for us."""
        if entry.payload is None or not entry.payload.matches(ciphertext):
            raise FormatError("this is not the payload that was signed with the entry")
        return self._epoch(entry.payload.epoch).open(entry.sequence, ciphertext)

    def pseudonyms(self) -> Pseudonyms:
        """What recomputes the pseudonyms of this log, from the first entry that hands it to us."""
        entry = self._entry(0)
        if not self._is_for_us(entry):
            entry = self._first_recipients_entry()
        wrapped = _lines(entry, "pseudonym_key")
        return Pseudonyms(unwrap_key(wrapped, self._identity, pseudonym_context(entry.origin)))

    def _first_recipients_entry(self) -> Entry:
        for index in self._key_changes():
            entry = self._entry(index)
            if entry.header.get("purpose") == Purpose.RECIPIENTS and self._is_for_us(entry):
                return entry
        raise FormatError("this identity is not among the recipients of the log")

    def _searched(self) -> Iterator[int]:
        for index, data, _ in entries(self._reader):
            if RECIPIENTS_BYTES in data and parse_entry(data)[0].kind is EntryKind.KEY:
                yield index

    def _is_for_us(self, entry: Entry) -> bool:
        lines = _lines(entry, "pseudonym_key")
        return any(line.startswith(f"{self._identity.recipient.id} ") for line in lines)

    def _epoch(self, number: int) -> Epoch:
        if number not in self._epochs:
            entry = self._entry(number)
            if entry.kind is not EntryKind.KEY:
                raise FormatError(f"entry {number} announces no data key")
            context = epoch_context(entry.origin, entry.proxy_id, number)
            key = unwrap_key(_lines(entry, "wrapped"), self._identity, context)
            if len(self._epochs) >= _EPOCHS_MAX:
                self._epochs.clear()
            self._epochs[number] = Epoch(
                key, origin=entry.origin, proxy_id=entry.proxy_id, number=number
            )
        return self._epochs[number]

    def _unverified(self, index: int) -> Entry:
        for found, data, _ in entries(self._reader, index):
            if found == index:
                return parse_entry(data)[0]
        raise FormatError(f"there is no entry {index}")


def _lines(entry: Entry, name: str) -> list[str]:
    value = entry.header.get(name)
    if not isinstance(value, list):
        raise FormatError(f"entry {entry.sequence} has no field {name}")
    return value
