"""Targets of raw bytes: each is served or ends as its protocol says, however it is cut."""

from __future__ import annotations

import struct
from contextlib import suppress
from typing import Final

from proxy.errors import FengcunError, ProtocolViolation
from proxy.session.commands import Command, End, Record, Report, ToClient, ToServer
from proxy.session.limits import DIVISIBLE, client_tags
from proxy.session.session import Session
from proxy.wire.postgres import backend, frontend
from proxy.wire.postgres.framer import Framer
from proxy.wire.postgres.parameters import PINS, ParameterRefused, admit, parse_options
from proxy.wire.postgres.scram import (
    SCRAM,
    SCRAM_PLUS,
    Proven,
    ScramClient,
    ScramServer,
    Verifier,
    parse_verifier,
)
from proxy.wire.postgres.startup import (
    StartupMessage,
    StartupPacket,
    StartupReader,
    encode_startup,
)
from tests.fuzzing.messages import (
    FLUSH,
    SYNC,
    Numbered,
    describe,
    execute,
)
from tests.fuzzing.playing import event
from tests.fuzzing.postgres import ROW, error, message
from tests.fuzzing.sources import Bytes, pieces, split
from tests.fuzzing.texts import NONCE, OPENED, Plans
from tests.fuzzing.wire import LIMITS, Wire

_EVENTS_MAX: Final = 300


def session(data: bytes) -> None:
    """A whole session with the model of a server, as the bytes choose: see `playing`."""
    source = Bytes(data)
    wire, make = Wire(slow_every=source.choose(4)), Numbered()
    for _ in range(_EVENTS_MAX):
        if source.empty:
            break
        event(wire, make, source.choose)
    wire.finish()


class _Client:
    """A session whose records are durable at once, and what came out of it."""

    def __init__(self) -> None:
        self.session = Session(OPENED, Plans(2, 0), NONCE, LIMITS)
        self.to_server, self.to_client = bytearray(), bytearray()
        self.records_count = self.reports_count = 0
        self.over = False

    def feed(self, data: bytes) -> None:
        self._take(self.session.from_client(data))

    def hear(self, data: bytes) -> None:
        self._take(self.session.from_server(data))

    def _take(self, commands: list[Command]) -> None:
        assert not (self.over and commands)
        number = 0
        for command in commands:
            match command:
                case ToServer(data):
                    self.to_server += data
                case ToClient(data):
                    self.to_client += data
                case Record(unit=unit):
                    number = unit.number
                    self.records_count += 1
                case Report():
                    self.reports_count += 1
                case End():
                    self.over = True
        if number and not self.over:
            self._take(self.session.durable(number))


def _client_of(parts: list[bytes]) -> _Client:
    client = _Client()
    for part in parts:
        client.feed(part)
    return client


def client(data: bytes) -> None:
    """The client's bytes: what is sent is whole messages, and the same in any chunking."""
    sent, cuts = split(data)
    whole, cut = _client_of([sent]), _client_of(list(pieces(sent, cuts)))
    assert (whole.over, whole.records_count) == (cut.over, cut.records_count)
    assert whole.to_server == cut.to_server
    framer = Framer(client_tags(LIMITS))
    framer.feed(bytes(whole.to_server))
    while framer.take() is not None:
        pass
    assert not framer.buffered_bytes, "half a message is sent"
    _decoded(sent)


def _decoded(sent: bytes) -> None:
    framer = Framer(client_tags(LIMITS), DIVISIBLE)
    framer.feed(sent)
    with suppress(ProtocolViolation):
        while (frame := framer.take()) is not None:
            _decode(frame.tag, frame.raw)


def _decode(tag: int, raw: bytes) -> None:
    """What a decoder accepts is encoded to the same bytes again: nothing was overlooked."""
    match tag:
        case frontend.QUERY:
            assert frontend.encode_query(frontend.decode_query(raw)) == raw
        case frontend.PARSE:
            assert frontend.encode_parse(frontend.decode_parse(raw)) == raw
        case frontend.BIND:
            bind = frontend.decode_bind(raw)
            frontend.decode_parameters(bind.values)
            body = b"%b\0%b\0%b" % (bind.portal, bind.statement, bind.values)
            assert backend.encode_message(tag, body) == raw
        case frontend.DESCRIBE | frontend.CLOSE:
            named = frontend.decode_named(raw)
            assert raw[5:] == bytes((named.target.value,)) + named.name + b"\0"
        case frontend.EXECUTE:
            decoded = frontend.decode_execute(raw)
            assert raw[5:] == decoded.portal + b"\0" + struct.pack(">i", decoded.rows_max)
        case _:
            pass


def _asked() -> bytes:
    make = Numbered()
    extended = [make.parse("rows:3"), make.bind(), describe(b"P", b""), execute(rows_max=2), SYNC]
    return b"".join(
        (make.query("rows:1"), make.query("sealed-rows:1"), *extended, make.query("copyout:1"),
         make.query("bad"), make.parse("sealed-fail", b"s"), make.bind(b"s"), execute(), FLUSH,
         SYNC)
    )  # fmt: skip


_ASKED: Final = _asked()
# How many of the messages above are answered before the bytes of the fuzzer come.
_ANSWERS: Final = (
    (message("T", b"\0\0"), ROW, message("C", b"SELECT 1\0"), message("Z", b"I")),
    (message("T", b"\0\0"), ROW, message("C", b"SELECT 1\0"), message("Z", b"I")),
    (message("1"), message("2"), message("n"), ROW, ROW, message("s"), message("Z", b"I")),
    (message("H", b"\0\0\0"), message("d", b"1\n"), message("c"), message("C", b"COPY 1\0"),
     message("Z", b"I")),
    (error(b"42601", b'"fengcun_refused_' + NONCE + b'"'), message("Z", b"I")),
)  # fmt: skip


def server(data: bytes) -> None:
    """The server's bytes: what the client gets is the same in any chunking, and never the nonce."""
    choice, came = (data[0] if data else 0), data[1:]
    said, cuts = split(came)
    front = b"".join(b"".join(answer) for answer in _ANSWERS[: choice % (len(_ANSWERS) + 1)])
    heard = []
    for parts in ([said], list(pieces(said, cuts))):
        client = _client_of([_ASKED])
        client.hear(front)
        assert not client.over
        for part in parts:
            client.hear(part)
        assert NONCE in said or NONCE not in client.to_client
        heard.append(client)
    whole, cut = heard
    assert whole.over == cut.over
    if not whole.over:
        assert (whole.to_client, whole.reports_count) == (cut.to_client, cut.reports_count)


def startup(data: bytes) -> None:
    """Startup packets: read in any chunking, and only what is on the list gets into the new one."""
    sent, cuts = split(data)
    whole, cut = _packets([sent]), _packets(list(pieces(sent, cuts)))
    assert whole == cut
    for packet in whole[0]:
        if isinstance(packet, StartupMessage):
            _admitted(packet)
    with suppress(ParameterRefused):
        assert all(name for name, _ in parse_options(data.decode("latin-1")))


def _packets(parts: list[bytes]) -> tuple[list[StartupPacket], str | None]:
    reader = StartupReader()
    packets: list[StartupPacket] = []
    try:
        for part in parts:
            reader.feed(part)
            while (packet := reader.take()) is not None:
                packets.append(packet)
    except ProtocolViolation as violation:
        return packets, str(violation)
    return packets, None


def _admitted(packet: StartupMessage) -> None:
    reader = StartupReader()
    reader.feed(encode_startup(packet))
    if len(encode_startup(packet)) <= 10_000:
        assert reader.take() == packet
    try:
        admission = admit(packet)
    except ParameterRefused:
        return
    names = [name.lower() for name, _ in admission.message.parameters]
    assert len(names) == len(set(names)), "a parameter twice"
    assert {"options", "replication"}.isdisjoint(names)
    assert dict(PINS).items() <= dict(admission.message.parameters).items()
    assert admission.user


_KEYS: Final = (b"k" * 32, b"s" * 32)
_VERIFIER: Final = Verifier(4096, b"salt" * 4, *_KEYS)


def scram(data: bytes) -> None:
    """The messages of a login, to either side of it: a refusal or an answer, never a proof."""
    kind, said = (data[0] if data else 0), data[1:]
    first, _, second = said.partition(b"\n")
    binding = b"b" * 32 if kind & 1 else None
    with suppress(FengcunError):
        match kind >> 1 & 3:
            case 0:
                login = ScramServer(_VERIFIER, b"nonce", binding)
                login.first(SCRAM_PLUS if kind & 8 else SCRAM, first)
                login.final(second)
                raise AssertionError("a proof that nobody can make")
            case 1:
                asked = ScramClient(Proven(_VERIFIER, b"c" * 32, b""), b"nonce", binding)
                asked.first((SCRAM_PLUS, SCRAM) if kind & 8 else (SCRAM,))
                asked.final(first)
                asked.verify(second)
                raise AssertionError("a verifier that nobody knows")
            case 2:
                mechanism, text = frontend.decode_sasl_initial(said)
                assert frontend.encode_sasl_initial(mechanism, text)[5:] == said[5:]
                mechanisms = backend.decode_mechanisms(said)
                if mechanisms is not None:
                    assert backend.encode_mechanisms(mechanisms)[9:] == said
            case _:
                with suppress(ValueError):
                    parse_verifier(said.decode("latin-1"))
