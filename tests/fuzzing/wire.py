"""A session between a client and the model of a server: whatever happens, checked as it does."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Final

from proxy.session.commands import Analyse, Command, End, Record, Report, ToClient, ToServer, Unit
from proxy.session.limits import MessageLimits
from proxy.session.session import Session
from proxy.wire.postgres import backend, frontend
from proxy.wire.postgres.backend import decode_fields
from tests.fuzzing.answers import Stream
from tests.fuzzing.postgres import Mode, Sent, error, message
from tests.fuzzing.sequence import Asked, Sequence
from tests.fuzzing.server import Server
from tests.fuzzing.texts import NONCE, OPENED, PRINCIPAL, SEALED, Plans, make_plan

LIMITS: Final = MessageLimits(text_bytes_max=4_096, bind_bytes_max=4_096)
BUFFERED_BYTES_MAX: Final = 256 * 1024 + 65_536
_TURNS_MAX: Final = 10_000


class Wire:
    """Each method is an event; after each of them everything that must hold is asserted.

    `send` only puts bytes into the client's hand; they, the server's answers, plans and
    acknowledgements each arrive when they are told to.
    """

    def __init__(self, slow_every: int = 3) -> None:
        self.plans = Plans(2, slow_every)
        self.session = Session(OPENED, self.plans, NONCE, LIMITS)
        self.sequence = Sequence()
        self.server = Server(self.sequence.records_of)
        self.stream = Stream(self.server.said)
        self.numbers_count = 0
        self.durable_number = 0
        self.over = False
        self.broken = False
        self._unfed = bytearray()
        self._unread: deque[Sent] = deque()
        self._questions: deque[tuple[Analyse, int]] = deque()
        self._plans_count = self._sent_count = 0
        self._units: dict[int, Unit] = {}
        self._outcomes: dict[int, int] = {}
        self._server_closed = self._server_lost = False

    # The client.

    def send(self, raws: Iterable[bytes], *, sound: bool = True) -> None:
        """The client means to send these messages; not `sound`: they are none."""
        for raw in raws:
            self.sequence.asked.append(Asked(raw, self.plans.generation, sound))
            self._unfed += raw
            self.stream.guarded = self.stream.guarded or _is_guarded(raw)

    def feed(self, size_bytes: int) -> None:
        """The next bytes of the client arrive, if it is read from."""
        if self._unfed and size_bytes and self.session.wants_client_bytes:
            data = bytes(self._unfed[:size_bytes])
            del self._unfed[:size_bytes]
            self._do(self.session.from_client(data))

    # The driver.

    def plan(self) -> None:
        """The plan that was asked for first is there."""
        if self._questions:
            question, generation = self._questions.popleft()
            plan = make_plan(question.text, question.scene, generation)
            self._plans_count += 1
            self._do(self.session.planned(plan))

    def acknowledge(self, count: int) -> None:
        """The ledger has `count` more records for good."""
        self.durable_number = min(self.durable_number + count, self.numbers_count)
        self._do(self.session.durable(self.durable_number))

    def use(self) -> None:
        """The policy changes."""
        self.plans = Plans(self.plans.generation + 1, self.plans.slow_every)
        self.session.use(self.plans, PRINCIPAL)

    # The server.

    def step(self) -> None:
        """The server reads a message and answers it."""
        if self._unread and not self._server_closed:
            sent = self._unread.popleft()
            self.sequence.ignored(sent, self.server.modes_seen)
            if sent.raw[0] == frontend.TERMINATE:
                self._server_closed = True
            else:
                self.server.run(sent)

    def interject(self, kind: str) -> None:
        """What may come at any time."""
        if self._server_closed:
            return
        match kind:
            case "notice":
                self.server.say(error(b"00000", severity=b"NOTICE", tag="N"), loose=True)
            case "notification":
                self.server.say(message("A", b"\0\0\0\1channel\0payload\0"), loose=True)
            case "parameter":
                self.server.say(message("S", b"application_name\0x\0"), loose=True)
            case "cancel":
                self.server.cancel()
            case "flush":
                self.server.flush()
            case _:
                raise AssertionError(kind)

    def deliver(self, size_bytes: int) -> None:
        """Bytes of the server arrive, if it is read from."""
        flushed = self.server.flushed
        if flushed and size_bytes and self.session.wants_server_bytes:
            data = bytes(flushed[:size_bytes])
            del flushed[:size_bytes]
            self._do(self.session.from_server(data))
        elif self._server_closed and not flushed and not self._server_lost:
            self._server_lost = True
            self._do(self.session.server_lost())

    def close(self, *, fatal: bool) -> None:
        """The server goes, with or without a word."""
        if not self._server_closed:
            self._server_closed = True
            if fatal and self.server.mode is not Mode.ROWS:
                self.server.flush()
            else:
                self._forget_unflushed()

    def garble(self, raw: bytes) -> None:
        """The server says what its protocol does not have."""
        if not self._server_closed:
            self.server.flush()
            self.server.flushed += raw
            self.broken = self._server_closed = True

    def _forget_unflushed(self) -> None:
        size_bytes = len(self.server.unflushed)
        self.server.unflushed.clear()
        while size_bytes > 0:
            size_bytes -= len(self.server.said.pop().raw)

    # What must hold.

    def _do(self, commands: list[Command]) -> None:
        assert not (self.over and commands), "after its end a session does something"
        for command in commands:
            assert not self.over, "something stands behind the end"
            match command:
                case ToServer(data):
                    self._to_server(data)
                case ToClient(data):
                    self.stream.released(data, self.durable_number)
                case Record(unit=unit):
                    self.numbers_count += 1
                    assert unit.number == self.numbers_count
                    self._units[unit.number] = unit
                    self.sequence.record(command)
                case Report(unit):
                    self._outcome(unit)
                case Analyse():
                    self._questions.append((command, self.plans.generation))
                case End(farewell):
                    self._end(farewell)
        assert self.session._intake.buffered_bytes < BUFFERED_BYTES_MAX
        assert self.session.whole is self.stream.whole

    def _to_server(self, data: bytes) -> None:
        while data:
            end = 1 + int.from_bytes(data[1:5], "big")
            raw, data = data[:end], data[end:]
            assert len(raw) == end, "half a message is sent"
            kept = len(self.sequence.kept)
            sent = self.sequence.send(raw, self.plans.generation, self.durable_number)
            self._unread.append(sent)
            self._sent_count += 1
            for asked in self.sequence.kept[kept:]:
                self.stream.reader.asked(asked)

    def _outcome(self, unit: Unit) -> None:
        assert unit is self._units[unit.number]
        assert unit.number <= self.durable_number, "an outcome before its decision"
        self._outcomes[unit.number] = self._outcomes.get(unit.number, 0) + 1
        assert self._outcomes[unit.number] == 1, "two outcomes of one decision"
        rows = [said for said in self.server.said if said.number == unit.number]
        counted = sum(said.raw[:1] in (b"D", b"d") for said in rows)
        assert unit.rows_count == counted, "rows were miscounted"
        errors = [decode_fields(s.raw)["C"].decode() for s in rows if s.raw[0] == backend.ERROR]
        if errors:
            assert unit.error in (*errors, "skipped")

    def _end(self, farewell: bytes | None) -> None:
        self.over = True
        if farewell is not None:
            assert self.stream.whole, "a farewell in the middle of a message"
            fields = decode_fields(farewell)
            assert fields["S"] == b"FATAL"
            assert fields["C"] in (b"08P01", b"54000", b"08006"), fields
            sound = all(asked.sound for asked in self.sequence.asked)
            copies = any(b"copyin" in asked.raw for asked in self.sequence.asked)
            if b"client_encoding changed" in fields["M"]:
                assert self.server.reverted, fields
            else:
                assert not sound or self.broken or copies, fields

    def settle(self) -> None:
        """All that is under way arrives: then nothing may be stuck, and nothing may be missing."""
        for _ in range(_TURNS_MAX):
            before = self._progress()
            self.plan()
            self.acknowledge(self.numbers_count)
            self.feed(1 << 20)
            self.step()
            self.deliver(1 << 20)
            if self._progress() == before:
                break
        else:
            raise AssertionError("it never comes to rest")
        if self.over:
            return
        assert not self.broken, "a broken server is believed"
        assert not self._server_closed or self.session.holding, "a session outlives its server"
        assert not self._unfed, "the client is not read from any more"
        assert not self.session._intake.waiting, "the session waits for what will never come"
        assert not self.session.holding
        flushed = sum(len(said.raw) for said in self.server.said) - len(self.server.unflushed)
        told = sum(len(said.raw) for said in self.server.said) - sum(
            len(said.raw) for said in self.stream.missing
        )
        assert told >= flushed, "answers are kept from the client"

    def finish(self) -> None:
        """A Sync (and the end of a COPY), and everything has its answer and outcome."""
        self._finish()
        for unit in self.session.cut():
            self._outcomes[unit.number] = self._outcomes.get(unit.number, 0) + 1
        admitted = {number for numbers in self.sequence.numbers.values() for number in numbers}
        once = {number for number, count in self._outcomes.items() if count == 1}
        assert admitted == once == set(self._outcomes), "a decision without its one outcome"
        assert not self.session.cut()

    def _finish(self) -> None:
        self.settle()
        if self.over or not all(asked.sound for asked in self.sequence.asked):
            return
        if self.server.mode is Mode.ROWS and not self.over:
            self.send([message("c")])
            self.settle()
        if not self.over:
            self.send([frontend.SYNC_MESSAGE])
            self.settle()
        if not self.over:
            assert self.session.idle
            assert not self.stream.missing
            assert not self.stream.reader.waiting, "a message has no answer"

    def _progress(self) -> tuple[int, ...]:
        return (
            len(self._unfed), len(self._unread), len(self._questions), self.numbers_count,
            self._plans_count, self._sent_count, self.durable_number,
            len(self.server.said), len(self.server.flushed),
            self._server_lost, self.over,
        )  # fmt: skip


def _is_guarded(raw: bytes) -> bool:
    """From when it is judged, some of what the server says is kept back. What a Describe is about
    may not be known."""
    return SEALED.encode() in raw or b"ddl" in raw or raw[0] == frontend.DESCRIBE
