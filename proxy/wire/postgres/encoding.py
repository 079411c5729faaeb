"""Text in the session's ``client_encoding`` <-> ``str``, strictly and reversibly. Pure.

Deciding about text in another encoding than the server reads it in is how a quote hides in the
second byte of a character (GBK, trail byte 0x5C). So the map is closed, decoding is strict, and
what does not encode back to the same bytes was not understood.

Python's tables are not the server's. A test compares the two for every sequence of bytes that can
be a character; where they differ, the character is refused, or named in a table here. Servers of
later versions, and those with conversions of the site's own, are asked by
`proxy.upstream.readings`. Sources: PostgreSQL documentation, section 24.3; pg_enc2name_tbl.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

DATABASE_ENCODING: Final = "UTF8"
"""The one a database has to have: in others the server folds and cuts names otherwise, or, with
SQL_ASCII, looks for quotes and backslashes in the client's bytes as they are."""

CODECS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "UTF8": "utf-8",
        # The server converts nothing and checks that it is text in the encoding of the database.
        "SQL_ASCII": "utf-8",
        "GBK": "gbk",
        "GB18030": "gb18030",
        "EUC_CN": "gb2312",
        "BIG5": "big5",
        "SJIS": "cp932",
        "EUC_JP": "euc_jp",
        "UHC": "cp949",
        "LATIN1": "iso8859-1",
        "LATIN2": "iso8859-2",
        "LATIN5": "iso8859-9",
        "LATIN9": "iso8859-15",
        "WIN866": "cp866",
        "WIN874": "cp874",
        "WIN1250": "cp1250",
        "WIN1251": "cp1251",
        "WIN1252": "cp1252",
        "WIN1253": "cp1253",
        "WIN1254": "cp1254",
        "WIN1255": "cp1255",
        "WIN1256": "cp1256",
        "WIN1257": "cp1257",
        "WIN1258": "cp1258",
    }
)
"""What a client may choose, as the server spells it, and what Python calls it."""

# What the server knows them by besides, without case, blanks and punctuation.
_OTHER_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "iso88591": "LATIN1",
        "iso88592": "LATIN2",
        "iso88599": "LATIN5",
        "iso885915": "LATIN9",
        "mskanji": "SJIS",
        "shiftjis": "SJIS",
        "unicode": "UTF8",
        **{f"{prefix}932": "SJIS" for prefix in ("win", "windows")},
        **{f"{prefix}936": "GBK" for prefix in ("win", "windows")},
        **{f"{prefix}949": "UHC" for prefix in ("win", "windows")},
        **{f"{prefix}950": "BIG5" for prefix in ("win", "windows")},
        **{f"windows{number}": f"WIN{number}" for number in (866, 874, *range(1250, 1259))},
    }
)
_NAMES: Final[Mapping[str, str]] = MappingProxyType(
    {
        **{"".join(filter(str.isalnum, name)).lower(): name for name in CODECS},
        **_OTHER_NAMES,
    }
)

# Characters that Python reads where the server reads another, or none.
_DOUBTFUL: Final[Mapping[str, re.Pattern[str]]] = MappingProxyType(
    {
        # One byte that is no character, and user-defined ones, which the server does not have.
        "cp932": re.compile("[\x80\ue000-\ue757\uf8f0-\uf8f3]"),
        "big5": re.compile("[\u02cd\u2574\uffe3]"),
        # The server has their full-width and mathematical doubles there.
        "euc_jp": re.compile("[\u00a2\u00a3\u00a6\u00ac\u2016\u2212\u301c]"),
    }
)

# Characters that the server reads where Python reads none.
_ETEN: Final = MappingProxyType(
    {bytes((0xF9, trail)): character for trail, character in enumerate("碁銹裏墻恒粧嫺", 0xD6)}
)
_ETEN_BYTES: Final = MappingProxyType({c: pair for pair, c in _ETEN.items()})


def _complete_big5(error: UnicodeError) -> tuple[str | bytes, int]:
    """The error handler of `_ERRORS`: the character that the codec has missed, or the error."""
    match error:
        case UnicodeDecodeError(object=raw, start=start):
            character = _ETEN.get(bytes(raw[start : start + 2]))
            if character is not None:
                return character, start + 2
        case UnicodeEncodeError(object=text, start=start):
            pair = _ETEN_BYTES.get(text[start])
            if pair is not None:
                return pair, start + 1
        case _:
            pass
    raise error


codecs.register_error("fengcun-big5", _complete_big5)
_ERRORS: Final[Mapping[str, str]] = MappingProxyType({"big5": "fengcun-big5"})


def _many_bytes(codec: str) -> bool:
    return not codec.startswith(("utf", "iso", "cp125", "cp8"))


# UTF-8 and single-byte codecs are one-to-one when strict; the double-byte tables are not.
_NOT_ONE_TO_ONE: Final = frozenset(filter(_many_bytes, CODECS.values()))


def codec_of(client_encoding: str) -> str | None:
    """The codec for an encoding as the server names it in ParameterStatus, None if unmapped."""
    # UNICODE is the one other name that the server tells as it was given.
    return CODECS.get("UTF8" if client_encoding == "UNICODE" else client_encoding)


def encoding_named(name: str) -> str | None:
    """The encoding that the server takes for `name` in SET or in a startup packet, as it spells
    it itself; None where that is not served."""
    return _NAMES.get("".join(c for c in name.lower() if c.isascii() and c.isalnum()))


def decode_exactly(text: bytes, codec: str) -> str | None:
    """`text` as `str`, or None unless it decodes and encodes back to the very same bytes.

    SJIS alone has two pairs of bytes for some characters, such as the 髙 of many names: systems
    write one, Python the other, and the server reads both alike.
    """
    try:
        decoded = text.decode(codec, _ERRORS.get(codec, "strict"))
        if codec not in _NOT_ONE_TO_ONE or text.isascii():
            return decoded
        if codec != "cp932" and decoded.encode(codec, _ERRORS.get(codec, "strict")) != text:
            return None
    except UnicodeError:
        return None
    doubtful = _DOUBTFUL.get(codec)
    return None if doubtful is not None and doubtful.search(decoded) else decoded


def encode_exactly(text: str, codec: str) -> bytes | None:
    """`text` in the session's encoding, or None where that cannot express it."""
    try:
        encoded = text.encode(codec, _ERRORS.get(codec, "strict"))
    except UnicodeError:
        return None
    if codec not in _NOT_ONE_TO_ONE or text.isascii():
        return encoded
    # Python writes some characters as others that look alike: a minus as a full-width minus.
    return encoded if decode_exactly(encoded, codec) == text else None


def encode_roughly(text: str, codec: str) -> bytes:
    """`text` for a person to read: what the encoding cannot express is a question mark."""
    encoded = encode_exactly(text, codec)
    if encoded is not None:
        return encoded
    return b"".join(encode_exactly(character, codec) or b"?" for character in text)


@cache
def _characters(points: range) -> str:
    return "".join(map(chr, points)).translate(dict.fromkeys(range(0xD800, 0xE000)))


def repertoire(codec: str, points: range) -> str:
    """The characters with these code points that can be read in an encoding, in no order."""
    found = _characters(points).encode(codec, "ignore").decode(codec, "ignore")
    doubtful = _DOUBTFUL.get(codec)
    found = found if doubtful is None else doubtful.sub("", found)
    return found + "".join(_ETEN.values()) if codec == "big5" else found
