"""What a client may send, and what it may not, as messages with numbers that no other has."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from proxy.wire.postgres import frontend
from proxy.wire.postgres.backend import encode_message
from proxy.wire.postgres.frontend import Parse
from tests.fuzzing.postgres import message

WORDS: Final = (
    "rows:3",
    "sealed-rows:2",
    "sealed-rows:2:notice",
    "write",
    "sealed-write",
    "sealed-late",
    "bad",
    "fail",
    "sealed-fail",
    "shifty",
    "moved",
    "begin",
    "commit",
    "rollback",
    "save:a",
    "save:b",
    "back:a",
    "release:a",
    "copyin",
    "sealed-copyin",
    "copyout:2",
    "sealed-copyout:2",
    "declare:c:5",
    "held:c:5",
    "declare:p:5",
    "sealed-held:c:5",
    "fetch:c:2",
    "fetch:p:2",
    "close:c",
    "prepare:s:2",
    "run:s",
    "deallocate:s",
    "path:x",
    "encoding:GBK",
    "encoding:LATIN1",
    "discard",
    "ddl",
    "",
    "rows:1; fail; rows:1",
    "begin; write; commit",
    "rows:1; sealed-late; rows:1",
    "begin; bad; commit",
    "begin; sealed-fail",
)
NAMES: Final = (b"", b"", b"s", b"c", b"p")
ROWS_MAX: Final = (0, 1, 2)

# Each ends the session where it is looked at.
UNSOUND: Final = (
    b"Q\0\0\0\3",
    b"Q\xff\xff\xff\xff",
    b"Q\x7f\xff\xff\xff",
    b"Q\0\0\0\5x",
    b"Q\0\0\0\7a\0b",
    b"P\0\0\0\5\0",
    b"P\0\0\0\10\0\0\0\1",
    b"B\0\0\0\10\0\0\0\0",
    b"B\0\0\0\16\0\0\0\0\0\1\xff\xff\xff\xf0",
    b"D\0\0\0\6X\0",
    b"D\0\0\0\7Sab",
    b"E\0\0\0\6\0\0",
    b"C\0\0\0\5S",
    b"S\0\0\0\5x",
    b"H\0\0\0\5x",
    b"X\0\0\0\5x",
    b"p\0\0\0\4",
    b"Y\0\0\0\4",
    b"\0\0\0\0\4",
    b"V\0\0\0\4",
    b"P" + struct.pack(">I", 74) + b"n" * 65 + b"\0x\0\0\0",
    b"E" + struct.pack(">I", 11) + b"\xd5\xd5\0\0\0\0\0",
)
# What the protocol of the server does not have, or not here.
GARBLED: Final = (
    message("R", b"\0\0\0\0"),
    message("W", b"\0\0\0"),
    message("V", b"\0\0\0\0"),
    message("Z", b"?"),
    message("Z", b"II"),
    message("E", b"C"),
    message("E", b"Sx\0C"),
    message("S", b"one"),
    b"D\0\0\0\3",
    b"\0\0\0\0\4",
    b"C\xff\xff\xff\xff",
)


class Numbered:
    """Makes messages; no two have the same number."""

    def __init__(self) -> None:
        self._number = 0

    def _next(self) -> int:
        self._number += 1
        return self._number

    def text(self, said: str) -> bytes:
        return f"{said} #{self._next()}".encode()

    def query(self, said: str) -> bytes:
        return frontend.encode_query(self.text(said))

    def parse(self, said: str, name: bytes = b"") -> bytes:
        return frontend.encode_parse(Parse(name, self.text(said), b"\0\1\0\0\0\0"))

    def bind(self, statement: bytes = b"", portal: bytes = b"") -> bytes:
        values = b"\0\0\0\1" + struct.pack(">iI", 4, self._next()) + b"\0\0"
        return encode_message(frontend.BIND, portal + b"\0" + statement + b"\0" + values)

    def row(self, said: bytes = b"row") -> bytes:
        return message("d", b"%b %d\n" % (said, self._next()))

    def call(self) -> bytes:
        return message("F", struct.pack(">IHHH", self._next(), 0, 0, 0))


def execute(portal: bytes = b"", rows_max: int = 0) -> bytes:
    return message("E", portal + b"\0" + struct.pack(">i", rows_max))


def describe(kind: bytes, name: bytes) -> bytes:
    return message("D", kind + name + b"\0")


def close(kind: bytes, name: bytes) -> bytes:
    return message("C", kind + name + b"\0")


SYNC, FLUSH, TERMINATE = frontend.SYNC_MESSAGE, frontend.FLUSH_MESSAGE, frontend.TERMINATE_MESSAGE
COPY_DONE, COPY_FAIL = message("c"), message("f", b"no more\0")

Choose = Callable[[int], int]
"""Any number below the one given."""


def flow(make: Numbered, choose: Choose) -> list[bytes]:
    """A few messages that go together, or nearly so."""
    word = WORDS[choose(len(WORDS))]
    name, portal = NAMES[choose(len(NAMES))], NAMES[choose(len(NAMES))]
    rows_max = ROWS_MAX[choose(len(ROWS_MAX))]
    match choose(18):
        case 17:
            named = make.parse(("shifty", "moved", word)[choose(3)], b"s")
            return [close(b"S", b"s"), named, SYNC] if choose(2) else [named, SYNC]
        case 16:
            late = make.parse(("sealed-late", word)[choose(2)])
            return [late, make.bind(), execute(), make.query(word)]
        case 15:
            both = [make.parse(word, name), make.bind(name, portal)]
            return [*both, execute(portal, 1), execute(portal, rows_max), SYNC]
        case 14:
            return [make.query("begin"), make.parse(word, name), make.bind(name, portal), SYNC]
        case 0 | 1 | 2:
            return [make.query(word)]
        case 3 | 4:
            unnamed = [make.parse(word), make.bind(), describe(b"P", b"")]
            return [*unnamed, execute(rows_max=rows_max), SYNC]
        case 5:
            return [make.parse(word, name), describe(b"S", name), SYNC]
        case 6:
            name = (b"s", name)[choose(2)]
            return [make.bind(name, portal), execute(portal, rows_max), execute(portal), SYNC]
        case 7:
            return [make.parse(word, name), make.bind(name, portal), execute(portal, rows_max)]
        case 8:
            return [make.row(), make.row(b"broken" if choose(4) == 0 else b"row")]
        case 9:
            return [make.row(), COPY_FAIL if choose(3) == 0 else COPY_DONE]
        case 10:
            singles = (SYNC, FLUSH, COPY_DONE, COPY_FAIL, make.call(), execute(portal, rows_max))
            return [singles[choose(len(singles))]]
        case 11:
            kind = (b"S", b"P")[choose(2)]
            return [close(kind, name) if choose(2) else describe(kind, name)]
        case 12:
            return [make.query("begin"), make.query(word), make.query("commit")]
        case _:
            return [make.bind(name, portal), SYNC]
