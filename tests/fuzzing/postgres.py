"""A model of PostgreSQL's side of the protocol, for the language of `texts`.

After postgres.c, pquery.c, portalmem.c and copyfromparse.c: what is read as what, what an error
skips, when a transaction and its portals end, and what is kept in the output buffer until a Flush,
a Sync or an error. It knows nothing of the proxy but its poison.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from proxy.wire.postgres import frontend
from proxy.wire.postgres.backend import encode_fields, encode_message
from tests.fuzzing.texts import MOVED, POISON, SHIFTY, Word, words

MARK: Final = b"s3cr3t"
"""In whatever the server says about sealed rows, but for the rows themselves."""
ROWS_TAGS: Final = frozenset(b"dcf")


class Mode(Enum):
    """What the next message is read as. SKIPPING: as nothing, up to a Sync."""

    STATEMENTS = auto()
    ROWS = auto()
    SKIPPING = auto()


class Failed(Exception):
    """An ereport(ERROR): SQLSTATE, and whether it is about sealed rows."""

    def __init__(self, sqlstate: bytes, *, marked: bool = False, message: bytes = b"") -> None:
        self.sqlstate = sqlstate
        self.marked = marked
        self.message = message


@dataclass(slots=True, eq=False)
class Sent:
    """A message as the server gets it, with what the proxy did before that: see `sequence`.

    `generations` are those of the plans since the client sent it; `unknown` is the name that it was
    refused for.
    """

    raw: bytes
    number: int = 0
    durable_number: int = 0
    generations: range = range(0)
    unknown: bytes | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """A message of the server, what it answers, and the record that must be durable before."""

    raw: bytes
    cause: Sent | None
    number: int = 0


@dataclass(slots=True, eq=False)
class Opened:
    """A portal or cursor: what is left to fetch, and the key of its records (see `sequence`)."""

    said: list[Word]
    key: bytes = b""
    left: int = -1
    done: bool = False
    held: bool = False
    kept: bool = False
    depth: int = 0


def message(tag: str, body: bytes = b"") -> bytes:
    return encode_message(ord(tag), body)


def error(
    sqlstate: bytes, text: bytes = b"", *, severity: bytes = b"ERROR", tag: str = "E"
) -> bytes:
    fields = {"S": severity, "V": severity, "C": sqlstate, "M": b"it failed " + text, "D": text}
    return encode_fields({k: v for k, v in fields.items() if v}, tag=ord(tag))


def key_of(text: bytes) -> bytes:
    """The number of a text, which the proxy does not change."""
    return text[text.rfind(b"#") :]


ROW: Final = message("D", b"\0\1\0\0\0\1x")
COPIED_ROW: Final = message("d", b"1\n")


@dataclass(slots=True)
class Backend:
    """`run` reads one message; what it says goes to `said`, and is on its way once flushed.

    `records_of` tells the numbers of the records that were made for a text or a Bind: each of its
    runs has to have one. `run_word` is what a statement does.
    """

    records_of: Callable[[bytes], list[int]]
    runs: Counter[bytes] = field(default_factory=Counter)
    run_key: bytes = b""

    mode: Mode = Mode.STATEMENTS
    block: str = "I"
    implicit: bool = False
    said: list[Said] = field(default_factory=list)
    unflushed: bytearray = field(default_factory=bytearray)
    flushed: bytearray = field(default_factory=bytearray)
    statements: dict[bytes, bytes] = field(default_factory=dict)
    portals: dict[bytes, Opened] = field(default_factory=dict)
    savepoints: list[str] = field(default_factory=list)
    modes_seen: set[Mode] = field(default_factory=lambda: {Mode.STATEMENTS})
    encoding: bytes = b"UTF8"
    kept_encoding: bytes = b"UTF8"
    told_encoding: bytes = b"UTF8"
    reverted: bool = False
    cancelled: bool = False
    doomed: bool = False
    simple: bool = False
    now: Sent | None = None
    number: int = 0
    copying: Word | None = None

    def run(self, sent: Sent) -> None:
        """Read one message and answer it."""
        tag, raw = sent.raw[0], sent.raw
        if self.mode is Mode.ROWS:
            self._row(tag, raw)
        elif tag not in ROWS_TAGS and (self.mode is not Mode.SKIPPING or tag == frontend.SYNC):
            self.now, self.number = sent, sent.number
            self.simple = tag == frontend.QUERY
            if sent.unknown is not None:
                self._is_unknown(sent.unknown)
            try:
                self._read(tag, raw)
            except Failed as failure:
                self._fail(failure)
            if self.simple and not self.takes_rows:
                self._ready()
        # A row that is ignored does not tell the proxy that the COPY has failed.
        unnoticed = tag in (frontend.FLUSH, frontend.COPY_DATA)
        self.modes_seen = {self.mode} | (self.modes_seen if unnoticed else set())

    @property
    def takes_rows(self) -> bool:
        return self.mode is Mode.ROWS

    def say(self, raw: bytes, *, loose: bool = False) -> None:
        """`loose`: an answer to nothing."""
        self.said.append(Said(raw, None if loose else self.now, 0 if loose else self.number))
        self.unflushed += raw

    def flush(self) -> None:
        self.flushed += self.unflushed
        self.unflushed.clear()

    def cancel(self) -> None:
        """A CancelRequest came: it ends a COPY that takes rows, or what is run next."""
        if self.mode is Mode.ROWS:
            self._fail(Failed(b"57014"))
            if self.simple:
                self._ready()
            self.modes_seen.add(self.mode)
        else:
            self.cancelled = True

    def _read(self, tag: int, raw: bytes) -> None:
        match tag:
            case frontend.QUERY:
                self._query(frontend.decode_query(raw))
            case frontend.SYNC:
                self._sync()
            case frontend.FLUSH:
                self.flush()
            case frontend.PARSE:
                parse = frontend.decode_parse(raw)
                if not parse.name:
                    self.statements.pop(b"", None)
                self._begin_implicit()
                if len(self._grammar(parse.text)) > 1:
                    raise Failed(b"42601")
                if parse.name in self.statements:
                    raise Failed(b"42P05")
                self.statements[parse.name] = parse.text
                self.say(message("1"))
            case frontend.BIND:
                self._bind(frontend.decode_bind(raw))
            case frontend.DESCRIBE:
                self._describe(frontend.decode_named(raw))
            case frontend.EXECUTE:
                self._execute(frontend.decode_execute(raw))
            case frontend.CLOSE:
                named = frontend.decode_named(raw)
                of_statement = named.target is frontend.Target.STATEMENT
                (self.statements if of_statement else self.portals).pop(named.name, None)
                self.say(message("3"))
            case _:
                raise AssertionError(f"{raw!r} must not be sent")

    def run_word(self, word: Word, portal: Opened, rows_max: int) -> None:
        raise NotImplementedError

    def _count_run(self, key: bytes) -> None:
        """Each run of what has this key has a record of its own, in order."""
        numbers = self.records_of(key)
        assert len(numbers) > self.runs[key], "a statement is run without a record"
        self.number = numbers[self.runs[key]]
        self.runs[key] += 1
        self.run_key = key

    def _begin_implicit(self) -> None:
        self.implicit = self.implicit or self.block == "I"

    def _grammar(self, text: bytes) -> list[Word]:
        if text == POISON:
            raise Failed(b"42601", message=b"syntax error at " + POISON)
        said = words(text.decode())
        for word in said:
            assert word.name != "bad", "what was refused reached the server"
        assert b"sealed-" not in text, "what has to be rewritten reached the server as it was"
        ends = said and said[0].name in ("commit", "rollback", "back")
        if self.block == "E" and said and not ends:
            raise Failed(b"25P02")
        return said

    def _query(self, text: bytes) -> None:
        self.statements.pop(b"", None)
        said = self._grammar(text)
        self.portals.pop(b"", None)
        self._count_run(key_of(text))
        if not said:
            self.say(message("I"))
        if len(said) > 1:
            self._begin_implicit()
        for word in said:
            if self.block == "E" and word.name not in ("commit", "rollback", "back"):
                raise Failed(b"25P02")
            self.run_word(word, Opened([word]), 0)
            if self.mode is Mode.ROWS:
                return
        self._end_implicit()

    def _bind(self, bind: frontend.Bind) -> None:
        self._begin_implicit()
        text = self.statements.get(bind.statement)
        if text is None:
            raise Failed(b"26000")
        said = self._grammar(text)
        for word in said:
            self._judged_again(word)
        if bind.portal and bind.portal in self.portals:
            raise Failed(b"42P03")
        portal = Opened(said, bind.values, depth=len(self.savepoints))
        self.portals[bind.portal] = portal
        self.say(message("2"))

    def _judged_again(self, word: Word) -> None:
        """What was prepared under other plans must be what these say, too."""
        assert self.now is not None
        generations = self.now.generations
        if word.name == SHIFTY:
            assert any(each % 2 == 0 for each in generations), "what is refused by now is run"
        if word.name == MOVED:
            assert int(word.arguments[0]) in generations, "a text of other plans is run"

    def _is_unknown(self, name: bytes) -> None:
        """A Bind was refused because there is no such statement, or because what it runs is not.

        One that PREPARE made (it has no number) may be forgotten: a Query may fail behind it.
        """
        text = self.statements.get(name, b"")
        assert b"#" not in text or text.startswith(b"run:"), "a name is refused that is known"

    def _describe(self, named: frontend.Named) -> None:
        self._begin_implicit()
        if named.target is frontend.Target.STATEMENT:
            text = self.statements.get(named.name)
            if text is None:
                raise Failed(b"26000")
            self.say(message("t", b"\0\0"))
            said = words(text.decode())
        else:
            portal = self.portals.get(named.name)
            if portal is None:
                raise Failed(b"34000")
            said = portal.said
        has_rows = bool(said) and said[0].name in ("rows", "fetch", "run", MOVED, SHIFTY)
        self.say(message("T", b"\0\0") if has_rows else message("n"))

    def _execute(self, execute: frontend.Execute) -> None:
        self._begin_implicit()
        portal = self.portals.get(execute.portal)
        if portal is None:
            raise Failed(b"34000")
        self._count_run(portal.key)
        if not portal.said:
            self.say(message("I"))
            return
        (word,) = portal.said
        if self.block == "E" and word.name not in ("commit", "rollback", "back"):
            raise Failed(b"25P02")
        if portal.done:
            raise Failed(b"55000")
        self.run_word(word, portal, max(execute.rows_max, 0))

    def _fail(self, failure: Failed) -> None:
        self.cancelled = False
        text = MARK if failure.marked else failure.message
        self.say(error(failure.sqlstate, text))
        self.flush()
        self.copying = None
        if self.block == "T":
            self.block = "E"
        elif self.block == "I":
            self.end_portals(committed=False)
        self.reverted = self.reverted or self.encoding != self.kept_encoding
        self.encoding = self.kept_encoding
        self.implicit = self.doomed = False
        self.mode = Mode.STATEMENTS if self.simple else Mode.SKIPPING

    def _sync(self) -> None:
        self.mode = Mode.STATEMENTS
        try:
            self._end_implicit()
        except Failed as failure:
            self._fail(failure)
            self.mode = Mode.STATEMENTS
        self._ready()

    def _end_implicit(self) -> None:
        if self.block == "I":
            self.commit()
        self.implicit = False

    def commit(self) -> None:
        self.block = "I"
        if self.doomed:
            raise Failed(b"23503", marked=True)
        self.end_portals(committed=True)
        self.kept_encoding = self.encoding

    def end_portals(self, *, committed: bool) -> None:
        self.savepoints.clear()
        self.portals = {
            name: portal
            for name, portal in self.portals.items()
            if portal.kept or (committed and portal.held)
        }
        for portal in self.portals.values():
            portal.kept, portal.depth = True, 0

    def _ready(self) -> None:
        self.implicit = False
        if self.told_encoding != self.encoding:
            self.told_encoding = self.encoding
            self.say(message("S", b"client_encoding\0" + self.encoding + b"\0"))
        self.say(message("Z", self.block.encode()))
        self.flush()

    def _row(self, tag: int, raw: bytes) -> None:
        assert tag in ROWS_TAGS, f"{raw!r} was read as rows"
        assert self.copying is not None
        if tag == frontend.COPY_FAIL or b"broken" in raw:
            self._fail(Failed(b"57014" if tag == frontend.COPY_FAIL else b"22P02"))
        elif tag == frontend.COPY_DONE:
            self.mode, self.copying = Mode.STATEMENTS, None
            self.say(message("C", b"COPY 1\0"))
            if self.simple:
                self._query_over()
        if self.simple and self.mode is Mode.STATEMENTS:
            self._ready()

    def _query_over(self) -> None:
        try:
            self._end_implicit()
        except Failed as failure:
            self._fail(failure)
