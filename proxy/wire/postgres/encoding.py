"""Text in the session's ``client_encoding`` <-> ``str``, strictly and reversibly. Pure.

Deciding about text in another encoding than the server reads it in is how a quote hides in the
second byte of a character (GBK, trail byte 0x5C). So the map is closed, decoding is strict, and
what does not encode back to the same bytes was not understood.
"""

from __future__ import annotations

from typing import Final

_CODECS: Final = {
    "UTF8": "utf-8",
    "UNICODE": "utf-8",
    "GBK": "gbk",
    "GB18030": "gb18030",
    "EUC_CN": "gb2312",
    "SQL_ASCII": "ascii",
    "LATIN1": "latin-1",
}


def codec_of(client_encoding: str) -> str | None:
    """The codec for an encoding as the server names it in ParameterStatus, None if unmapped."""
    return _CODECS.get(client_encoding)


def decode_exactly(text: bytes, codec: str) -> str | None:
    """`text` as `str`, or None unless it decodes and encodes back to the very same bytes."""
    try:
        decoded = text.decode(codec)
        # UTF-8 and single-byte codecs are one-to-one when strict; the double-byte tables are not.
        if codec.startswith("gb") and decoded.encode(codec) != text:
            return None
    except UnicodeError:
        return None
    return decoded


def encode_exactly(text: str, codec: str) -> bytes | None:
    """`text` in the session's encoding, or None where that cannot express it."""
    try:
        return text.encode(codec)
    except UnicodeError:
        return None
