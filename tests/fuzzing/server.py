"""What the statements of `texts` do on the model of PostgreSQL, after portalcmds.c and xact.c."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tests.fuzzing.postgres import (
    COPIED_ROW,
    MARK,
    ROW,
    Backend,
    Failed,
    Mode,
    Opened,
    error,
    message,
)
from tests.fuzzing.texts import CONTROL, Word, is_first, words

_NO_TRANSACTION: Final = error(b"25P01", severity=b"WARNING", tag="N")


class Server(Backend):
    """The whole model."""

    def run_word(self, word: Word, portal: Opened, rows_max: int) -> None:
        if self.cancelled:
            raise Failed(b"57014")
        if is_first(word) and self.now is not None:
            assert self.number <= self.now.durable_number, "it was sent before it was recorded"
        if word.guarded and "notice" in word.arguments:
            self.say(error(b"01000", MARK, severity=b"WARNING", tag="N"))
        if word.name in CONTROL:
            self._control(CONTROL[word.name], *word.arguments)
            self._done(portal, word.name.upper())
        else:
            self._statements.get(word.name, Server._rows)(self, word, portal, rows_max)

    def _done(self, portal: Opened, tag: str) -> None:
        portal.done = True
        self.say(message("C", tag.encode() + b"\0"))

    def _control(self, kind: str, savepoint: str = "") -> None:
        match kind:
            case "BEGIN":
                self.block = "T" if self.block == "I" else self.block
                return
            case "COMMIT" | "ROLLBACK":
                if self.block == "I":
                    self.say(_NO_TRANSACTION)
                if kind == "COMMIT" and self.block != "E":
                    self.commit()
                else:
                    self.block, self.doomed = "I", False
                    self.end_portals(committed=False)
                return
            case _ if self.block == "I":
                raise Failed(b"25P01")
            case "SAVEPOINT":
                self.savepoints.append(savepoint)
                return
        if savepoint not in self.savepoints:
            raise Failed(b"3B001")
        found = len(self.savepoints) - 1 - self.savepoints[::-1].index(savepoint)
        if kind == "RELEASE":
            del self.savepoints[found:]
            for portal in self.portals.values():
                portal.depth = min(portal.depth, found)
            return
        del self.savepoints[found + 1 :]
        self.block = "T"
        for name, portal in list(self.portals.items()):
            if portal.depth > found and not portal.kept:
                del self.portals[name]

    def _rows(self, word: Word, portal: Opened, rows_max: int) -> None:
        if portal.left < 0:
            portal.left = int(word.arguments[0]) if word.name == "rows" else 2
            if self.simple:
                self.say(message("T", b"\0\0"))
        count = min(portal.left, rows_max) if rows_max else portal.left
        portal.left -= count
        for _ in range(count):
            self.say(ROW)
        if rows_max and count == rows_max:
            self.say(message("s"))
        else:
            self.say(message("C", b"SELECT 1\0"))

    def _fail_in_it(self, word: Word, portal: Opened, rows_max: int) -> None:
        if self.simple:
            self.say(message("T", b"\0\0"))
        self.say(ROW)
        raise Failed(b"22012", marked=word.guarded)

    def _write(self, word: Word, portal: Opened, rows_max: int) -> None:
        self._done(portal, "INSERT 0 1")

    def _late(self, word: Word, portal: Opened, rows_max: int) -> None:
        self.doomed = True
        self._done(portal, "INSERT 0 1")

    def _copy_in(self, word: Word, portal: Opened, rows_max: int) -> None:
        portal.done = True
        self.say(message("G", b"\0\0\0"))
        self.flush()
        self.mode, self.copying = Mode.ROWS, word

    def _copy_out(self, word: Word, portal: Opened, rows_max: int) -> None:
        self.say(message("H", b"\0\0\0"))
        for _ in range(int(word.arguments[0])):
            self.say(COPIED_ROW)
        self.say(message("c"))
        self._done(portal, "COPY 1")

    def _declare(self, word: Word, portal: Opened, rows_max: int) -> None:
        name, count = word.arguments[0].encode(), int(word.arguments[1])
        held = word.name == "held"
        if self.block == "I" and not held:
            raise Failed(b"25P01")
        if name in self.portals:
            raise Failed(b"42P03")
        cursor = Opened(
            [Word("rows", (word.arguments[1],), word.guarded)],
            self.run_key,
            left=count,
            held=held,
            depth=len(self.savepoints),
        )
        self.portals[name] = cursor
        self._done(portal, "DECLARE CURSOR")

    def _fetch(self, word: Word, portal: Opened, rows_max: int) -> None:
        cursor = self.portals.get(word.arguments[0].encode())
        if cursor is None:
            raise Failed(b"34000")
        if self.simple:
            self.say(message("T", b"\0\0"))
        count = min(int(word.arguments[1]), max(cursor.left, 0))
        cursor.left -= count
        for _ in range(count):
            self.say(ROW)
        self._done(portal, f"FETCH {count}")

    def _close(self, word: Word, portal: Opened, rows_max: int) -> None:
        if self.portals.pop(word.arguments[0].encode(), None) is None:
            raise Failed(b"34000")
        self._done(portal, "CLOSE CURSOR")

    def _prepare(self, word: Word, portal: Opened, rows_max: int) -> None:
        name = word.arguments[0].encode()
        if name in self.statements:
            raise Failed(b"42P05")
        prefix = b"visible-" if word.guarded else b""
        self.statements[name] = prefix + b"rows:" + word.arguments[1].encode()
        self._done(portal, "PREPARE")

    def _run(self, word: Word, portal: Opened, rows_max: int) -> None:
        text = self.statements.get(word.arguments[0].encode())
        if text is None:
            raise Failed(b"26000")
        for inner in words(text.decode()):
            self.run_word(inner, portal, rows_max)

    def _deallocate(self, word: Word, portal: Opened, rows_max: int) -> None:
        if self.statements.pop(word.arguments[0].encode(), None) is None:
            raise Failed(b"26000")
        self._done(portal, "DEALLOCATE")

    def _encoding(self, word: Word, portal: Opened, rows_max: int) -> None:
        self.encoding = word.arguments[0].encode()
        self._done(portal, "SET")

    def _discard(self, word: Word, portal: Opened, rows_max: int) -> None:
        if self.block != "I":
            raise Failed(b"25001")
        self.statements.clear()
        self.portals = {name: held for name, held in self.portals.items() if held is portal}
        self.encoding = b"UTF8"
        self._done(portal, "DISCARD ALL")

    def _nothing(self, word: Word, portal: Opened, rows_max: int) -> None:
        self._done(portal, "SET")

    _statements: Final[dict[str, Callable[[Server, Word, Opened, int], None]]] = {
        "fail": _fail_in_it,
        "write": _write,
        "late": _late,
        "copyin": _copy_in,
        "copyout": _copy_out,
        "declare": _declare,
        "held": _declare,
        "fetch": _fetch,
        "close": _close,
        "prepare": _prepare,
        "run": _run,
        "deallocate": _deallocate,
        "encoding": _encoding,
        "discard": _discard,
        "path": _nothing,
        "ddl": _nothing,
    }
