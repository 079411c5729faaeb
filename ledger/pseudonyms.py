"""Stand-ins for what could be guessed: names, identity numbers, statements, addresses.

A plain hash of an 18-digit identity number is found by trying all of them, so every such value is
keyed. The key is made with the log, lies in `pseudonym.key` beside the signing keys (the workers
need it), and is wrapped to the recipients in the genesis entry, so that the procuratorate can
recompute a pseudonym and nobody without a key can.
"""

from __future__ import annotations

import hmac
import unicodedata
from dataclasses import dataclass
from typing import Final

PSEUDONYM_BYTES: Final = 16
PERSON_DOMAIN: Final = "person"


def plain_identity(typed: str) -> str:
    """An identity number as writers spell it before they make its pseudonym."""
    return "".join(unicodedata.normalize("NFKC", typed).split()).upper()


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """HMAC-SHA256 under the log's own key, the first 16 bytes in hexadecimal."""

    key: bytes  # 32 bytes, secret

    def __repr__(self) -> str:
        return "Pseudonyms(...)"

    def of(self, domain: str, value: str | bytes) -> str:
        """32 hexadecimal digits. `domain` ("person", "statement", ...) keeps uses apart.

        A domain holds no zero byte; one domain is used for one sort of value, everywhere.
        """
        raw = value.encode() if isinstance(value, str) else value
        digest = hmac.digest(self.key, domain.encode() + b"\0" + raw, "sha256")
        return digest[:PSEUDONYM_BYTES].hex()
