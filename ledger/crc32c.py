"""CRC-32C (Castagnoli): in C where google-crc32c is installed, in Python otherwise.

The slow road exists so that a verifier needs nothing beyond the standard library for this.
"""

from __future__ import annotations

from typing import Final

__all__ = ["crc32c"]


def _table() -> list[int]:
    table = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return table


_TABLE: Final = _table()


def crc32c_python(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


try:
    from google_crc32c import value as crc32c
except ImportError:
    crc32c = crc32c_python
