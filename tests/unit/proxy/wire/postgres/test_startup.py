"""Startup packets in any chunking; their lengths and codes are a closed list."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ProtocolViolation
from proxy.wire.postgres import startup
from proxy.wire.postgres.startup import (
    CancelRequest,
    GssRequest,
    SslRequest,
    StartupMessage,
    StartupReader,
)

names = st.text(st.characters(exclude_characters="\0", codec="utf-8"), min_size=1, max_size=10)
parameters = st.lists(st.tuples(names, names | st.just("")), max_size=5).map(tuple)


def packet(code, body=b""):
    return struct.pack(">II", len(body) + 8, code) + body


def read(data):
    reader = StartupReader()
    reader.feed(data)
    return reader.take()


@given(parameters, st.integers(0, 3), st.data())
def test_a_startup_message_round_trips_in_any_chunking(given_parameters, minor, data):
    message = StartupMessage(minor, given_parameters)
    raw = startup.encode_startup(message)
    cut = data.draw(st.integers(0, len(raw)))
    reader = StartupReader()
    reader.feed(raw[:cut])
    early = reader.take()
    reader.feed(raw[cut:])
    assert (early or reader.take()) == message
    assert reader.rest() == b""


def test_requests_are_told_apart():
    assert read(startup.SSL_REQUEST) == SslRequest()
    assert read(packet(80877104)) == GssRequest()
    assert read(startup.encode_cancel(b"12345678")) == CancelRequest(b"12345678")


@given(st.binary(min_size=8, max_size=260))
def test_cancel_keys_of_every_length_pass(key):
    assert read(startup.encode_cancel(key)) == CancelRequest(key)


def test_what_follows_a_packet_is_kept():
    reader = StartupReader()
    reader.feed(startup.SSL_REQUEST + b"\x16\x03\x01")
    assert reader.take() == SslRequest()
    assert reader.buffered_bytes == 3


MALFORMED = {
    "too-short": struct.pack(">II", 7, 196608),
    "too-long": struct.pack(">II", 10_001, 196608),
    "negative": struct.pack(">II", 0xFFFFFFFF, 196608),
    "protocol-2": packet(2 << 16),
    "ssl-with-a-body": packet(80877103, b"x"),
    "cancel-key-too-short": packet(80877102, b"1234567"),
    "cancel-key-too-long": packet(80877102, b"x" * 261),
    "name-not-utf-8": packet(196608, b"us\xffer\0me\0\0"),
    "no-terminator": packet(196608, b"user\0me\0"),
    "name-without-value": packet(196608, b"user\0\0"),
    "empty-name": packet(196608, b"\0me\0\0"),
    "bytes-behind-the-end": packet(196608, b"user\0me\0\0x"),
    "nothing": packet(196608),
}


@pytest.mark.parametrize("data", MALFORMED.values(), ids=MALFORMED)
def test_malformed_packets_are_violations(data):
    with pytest.raises(ProtocolViolation):
        read(data)


@given(st.lists(st.binary(max_size=12), max_size=4))
def test_values_go_on_byte_for_byte(values):
    clean = [value.replace(b"\0", b"") for value in values]
    body = b"".join(b"user\0" + value + b"\0" for value in clean) + b"\0"
    message = read(packet(196608, body))
    assert isinstance(message, StartupMessage)
    assert startup.encode_startup(message) == packet(196608, body)
    assert [startup.as_sent(value) for _, value in message.parameters] == clean


@given(st.binary(min_size=1, max_size=12))
def test_what_is_not_utf_8_is_equal_to_no_text(raw):
    raw = raw.replace(b"\0", b"")
    message = read(packet(196608, b"user\0" + raw + b"\0\0"))
    assert isinstance(message, StartupMessage)
    ((_, value),) = message.parameters
    try:
        assert value == raw.decode()
    except UnicodeDecodeError:
        with pytest.raises(UnicodeEncodeError):
            value.encode()


@given(st.binary(max_size=60))
def test_arbitrary_bytes_raise_nothing_but_violations(data):
    try:
        read(data)
    except ProtocolViolation:
        return
