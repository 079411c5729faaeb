"""What the client sent beside what the server was sent: each message is itself, what its plan says,
the poison, or left out because the server would not have looked at it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from proxy.names import SearchPath
from proxy.policy.decision import Verdict
from proxy.session.commands import Record
from proxy.session.plan import Scene
from proxy.wire.postgres import frontend
from proxy.wire.postgres.frontend import Parse
from tests.fuzzing.postgres import ROWS_TAGS, Mode, Sent, key_of
from tests.fuzzing.texts import POISON, POISON_NAME, PRINCIPAL, RULE, make_plan

_POISON_QUERY: Final = frontend.encode_query(POISON)
_POISON_PARSE: Final = frontend.encode_parse(Parse(POISON_NAME, POISON, b"\0\0"))
_ANY_PATH: Final[SearchPath] = ()
_REFUSED_BY_NAME: Final = frozenset(
    {
        "unknown-statement",
        "unknown-portal",
        "stale-statement",
        "stale-cursor",
        "other-kind-of-name",
        "schema-change-alone",
        "session-change",
        "function-call",
    }
)


@dataclass(slots=True, eq=False)
class Asked:
    """A message of the client, with the generation of the plans when it was sent. `sound` is False
    for what must end the session, if it is looked at."""

    raw: bytes
    generation: int
    sound: bool = True

    @property
    def tag(self) -> int:
        return self.raw[0] if self.raw else 0


@dataclass(slots=True)
class Sequence:
    """`asked` and `sent` grow; `sent` takes of `asked` in order."""

    asked: list[Asked] = field(default_factory=list)
    kept: list[Asked] = field(default_factory=list)
    dropped: dict[Sent, list[Asked]] = field(default_factory=dict)
    refusals: list[Record] = field(default_factory=list)
    numbers: dict[bytes, list[int]] = field(default_factory=dict)
    _position: int = 0
    _poisons_count: int = 0
    _rows_taken_bytes: int = 0
    _modes_before: set[Mode] = field(default_factory=set)

    def record(self, record: Record) -> None:
        """The proxy has a decision recorded."""
        if record.decision.verdict is Verdict.REFUSE:
            if record.decision.rule != "protocol-violation":
                self.refusals.append(record)
            return
        key = key_of(record.text) if record.values is None else record.values
        self.numbers.setdefault(key, []).append(record.unit.number)

    def records_of(self, key: bytes) -> list[int]:
        """The records of a text, or of a Bind by its values: each has a number in it."""
        return self.numbers.get(key, [])

    def send(self, raw: bytes, generation: int, durable_number: int) -> Sent:
        """The proxy sends one message. A Flush may be added: it changes nothing."""
        if raw[0] == frontend.FLUSH:
            return Sent(raw)
        dropped: list[Asked] = []
        for position in range(self._position, len(self.asked)):
            asked = self.asked[position]
            if asked.sound and self._may_become(asked, raw, generation):
                self._position = position + (0 if self._rows_taken_bytes else 1)
                number = self._number(asked, raw)
                generations = range(asked.generation, generation + 1)
                unknown = self._unknown(asked, raw)
                sent = Sent(raw, number, durable_number, generations, unknown)
                self.dropped[sent] = dropped
                if not self._rows_taken_bytes:
                    self.kept.append(asked)
                return sent
            dropped.append(asked)
            self._rows_taken_bytes = 0
        raise AssertionError(f"{raw!r} was made of nothing that the client sent")

    def ignored(self, sent: Sent, modes: set[Mode]) -> None:
        """Before it reads `sent`: whatever was left out before it would not have been read.

        Of two Syncs either may be the one that was sent.
        """
        if sent.raw[0] == frontend.FLUSH:
            return
        before = self._modes_before
        self._modes_before = set(modes) if sent.raw[0] == frontend.SYNC else set()
        for asked in self.dropped.pop(sent):
            assert any(_is_ignored(asked, mode) for mode in modes | before), (
                f"{asked.raw!r} was left out"
            )

    def _number(self, asked: Asked, raw: bytes) -> int:
        if _is_poison(raw):
            self._poisons_count += 1
            record = self.refusals[self._poisons_count - 1]
            rule = record.decision.rule
            assert rule == RULE or rule in _REFUSED_BY_NAME, rule
            if rule == RULE and asked.tag in (frontend.QUERY, frontend.PARSE):
                assert record.text == _text(asked)
            return record.unit.number
        if asked.tag == frontend.QUERY:
            numbers = self.records_of(key_of(_text(asked)))
            assert numbers, "a text is sent without a record"
            return numbers[0]
        return 0

    def _unknown(self, asked: Asked, raw: bytes) -> bytes | None:
        if asked.tag != frontend.BIND or not _is_poison(raw):
            return None
        record = self.refusals[self._poisons_count - 1]
        known = record.decision.rule != "unknown-statement"
        return None if known else frontend.decode_bind(asked.raw).statement

    def _may_become(self, asked: Asked, raw: bytes, generation: int) -> bool:
        if asked.tag == frontend.COPY_DATA == raw[0]:
            return self._is_next_piece(asked, raw)
        if self._rows_taken_bytes:
            return False
        if _is_poison(raw):
            return self._may_be_poison(asked, raw)
        if asked.tag != raw[0]:
            return False
        if asked.tag not in (frontend.QUERY, frontend.PARSE):
            return asked.raw == raw
        texts = {
            plan.text
            for inside in (False, True)
            for each in range(asked.generation, generation + 1)
            for plan in (make_plan(_text(asked).decode(), _scene(inside), each),)
        }
        return any(_with_text(asked, text.encode()) == raw for text in texts if text is not None)

    def _may_be_poison(self, asked: Asked, raw: bytes) -> bool:
        match asked.tag:
            case frontend.QUERY | frontend.FUNCTION_CALL:
                return raw == _POISON_QUERY
            case frontend.PARSE:
                return raw == _with_text(asked, POISON)
            case frontend.BIND | frontend.EXECUTE:
                return raw == _POISON_PARSE
            case _:
                return False

    def _is_next_piece(self, asked: Asked, raw: bytes) -> bool:
        rest = asked.raw[5 + self._rows_taken_bytes :]
        body = raw[5:]
        if not rest.startswith(body) or (not body and rest):
            return False
        self._rows_taken_bytes = 0 if body == rest else self._rows_taken_bytes + len(body)
        return True


def _scene(inside: bool) -> Scene:
    return Scene(PRINCIPAL, _ANY_PATH, inside)


def _text(asked: Asked) -> bytes:
    if asked.tag == frontend.QUERY:
        return frontend.decode_query(asked.raw)
    return frontend.decode_parse(asked.raw).text


def _with_text(asked: Asked, text: bytes) -> bytes:
    if asked.tag == frontend.QUERY:
        return frontend.encode_query(text)
    parse = frontend.decode_parse(asked.raw)
    types = b"\0\0" if text == POISON else parse.types
    return frontend.encode_parse(Parse(parse.name, text, types))


def _is_poison(raw: bytes) -> bool:
    return raw[0] in (frontend.QUERY, frontend.PARSE) and POISON in raw


def _is_ignored(asked: Asked, mode: Mode) -> bool:
    if mode is Mode.SKIPPING:
        return asked.tag != frontend.SYNC
    if mode is Mode.ROWS:
        return asked.tag in (frontend.SYNC, frontend.FLUSH)
    return asked.tag in ROWS_TAGS or asked.tag == frontend.FLUSH
