"""Does a database turn a client's bytes into the characters that we read in them?

The tables of a server are its own: later versions may have others, and conversions can be
replaced. So every database is asked once a connection, for all characters of an encoding at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Final

import asyncpg

from proxy.wire.postgres.encoding import CODECS, encode_exactly, repertoire

_QUESTION: Final = (
    "SELECT pg_catalog.sha256(pg_catalog.convert_to(pg_catalog.convert_from($1, $2), 'UTF8'))"
)
_READS_OTHERWISE: Final = (
    asyncpg.CharacterNotInRepertoireError,
    asyncpg.UntranslatableCharacterError,
    asyncpg.InvalidParameterValueError,  # no such encoding
    asyncpg.UndefinedFunctionError,  # no conversion between the two
)
_BASIC: Final = range(1, 0x10000)
# GB18030 counts the characters beyond on its fingers; the rarer Han are enough to see that it does.
_MORE: Final = {"gb18030": range(0x20000, 0x32400)}


async def misread(connection: asyncpg.Connection) -> frozenset[str]:
    """The codecs of the encodings that this database reads otherwise, or does not have.

    Raises what the connection raises.
    """
    found = set()
    for encoding, codec in CODECS.items():
        if codec != "utf-8" and not await reads_alike(connection, encoding, codec):
            found.add(codec)
    return frozenset(found)


async def reads_alike(connection: asyncpg.Connection, encoding: str, codec: str) -> bool:
    """Whether a database reads in an encoding what the codec does."""
    for raw, text in samples(codec):
        try:
            digest = await connection.fetchval(_QUESTION, raw, encoding)
        except _READS_OTHERWISE:
            return False
        if digest != hashlib.sha256(text.encode()).digest():
            return False
    return True


def samples(codec: str) -> Iterator[tuple[bytes, str]]:
    """Every character that is read in this encoding, as bytes and as text, in pieces."""
    for points in filter(None, (_BASIC, _MORE.get(codec))):
        text = repertoire(codec, points)
        raw = encode_exactly(text, codec)
        assert raw is not None
        yield raw, text
