"""What the browser needs to check one entry by itself: receipts and public keys, nothing secret."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ledger.evidence.filters import EntryFilter
from ledger.evidence.history import may_change_keys
from ledger.evidence.proven import ProvenLog
from ledger.evidence.scan import scan
from ledger.fields import EntryKind

HISTORY_MAX: Final = 256
"""Changes of keys that are handed out; a log has a few in its life."""

_KEYS: Final = EntryFilter(kinds=frozenset({EntryKind.KEY}))


@dataclass(frozen=True, slots=True)
class Receipts:
    """`receipt` is a C2SP tlog-proof that holds the entry; `history` are those of entry 0 and of
    every entry that changed a key; `keys` are the registered public keys of the log."""

    receipt: bytes
    history: tuple[bytes, ...]
    keys: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "receipt": self.receipt.decode(),
            "history": [each.decode() for each in self.history],
            "keys": list(self.keys),
        }


def receipts_of(log: ProvenLog, index: int) -> Receipts:
    """Raises `FormatError` where the entry, or one that names keys, is not as it was signed."""
    receipt = log.proof(log.entry(index)).to_bytes()
    history = [log.proof(log.entry(each)).to_bytes() for each in _key_entries(log)]
    return Receipts(receipt, tuple(history), tuple(map(str, log.keys)))


def _key_entries(log: ProvenLog) -> Iterator[int]:
    yield 0
    count = 0
    for found in scan(log.reader, _KEYS, end=log.size):
        if may_change_keys(found.data):
            count += 1
            if count > HISTORY_MAX:
                return
            yield found.index
