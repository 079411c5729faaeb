"""Decoders read every byte once; what one reader could cut off differently is malformed."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ProtocolViolation
from proxy.wire.postgres import frontend
from proxy.wire.postgres.backend import encode_message
from proxy.wire.postgres.frontend import Parse, Target

texts = st.binary(max_size=40).map(lambda raw: raw.replace(b"\0", b"x"))
names = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=63).map(str.encode)
values = st.one_of(st.none(), st.binary(max_size=20))


def message(tag, body):
    return encode_message(ord(tag), body)


def bind_body(portal, statement, formats, parameters, results):
    parts = [portal, b"\0", statement, b"\0", struct.pack(">H", len(formats))]
    parts += [struct.pack(">H", code) for code in formats]
    parts.append(struct.pack(">H", len(parameters)))
    for value in parameters:
        parts.append(struct.pack(">i", -1 if value is None else len(value)) + (value or b""))
    parts.append(struct.pack(">H", len(results)))
    parts += [struct.pack(">H", code) for code in results]
    return b"".join(parts)


@given(texts)
def test_query_round_trip(text):
    assert frontend.decode_query(frontend.encode_query(text)) == text


@given(names, texts, st.lists(st.integers(0, 2**32 - 1), max_size=4))
def test_parse_round_trip(name, text, oids):
    types = struct.pack(f">H{len(oids)}I", len(oids), *oids)
    parse = Parse(name, text, types)
    assert frontend.decode_parse(frontend.encode_parse(parse)) == parse


@given(names, names, st.lists(values, max_size=4), st.lists(st.integers(0, 1), max_size=3))
def test_bind_gives_names_and_parameters(portal, statement, parameters, formats):
    raw = message("B", bind_body(portal, statement, formats, parameters, [1]))
    bind = frontend.decode_bind(raw)
    assert (bind.portal, bind.statement) == (portal, statement)
    decoded = frontend.decode_parameters(bind.values)
    assert decoded.values == tuple(parameters)
    assert (decoded.formats, decoded.result_formats) == (tuple(formats), (1,))


@given(names, st.integers(-(2**31), 2**31 - 1))
def test_execute_gives_portal_and_limit(portal, rows_max):
    raw = message("E", portal + b"\0" + struct.pack(">i", rows_max))
    assert frontend.decode_execute(raw) == frontend.Execute(portal, rows_max)


@given(names, st.sampled_from(Target))
def test_describe_and_close_give_target_and_name(name, target):
    raw = message("D", bytes((target.value,)) + name + b"\0")
    assert frontend.decode_named(raw) == frontend.Named(target, name)


MALFORMED = {
    "query-without-terminator": (frontend.decode_query, b"SELECT 1"),
    "query-with-nul": (frontend.decode_query, b"SELECT 1\0; DROP TABLE x\0"),
    "query-without-text": (frontend.decode_query, b""),
    "parse-without-types": (frontend.decode_parse, b"\0SELECT 1\0"),
    "parse-with-a-tail": (frontend.decode_parse, b"\0SELECT 1\0\0\0x"),
    "parse-with-nul-in-text": (frontend.decode_parse, b"\0SELECT 1\0 --\0\0\0"),
    "parse-with-too-few-types": (frontend.decode_parse, b"\0SELECT 1\0\0\2\0\0\0\x17"),
    "parse-empty": (frontend.decode_parse, b""),
    "bind-with-a-tail": (frontend.decode_bind, b"\0\0" + b"\0" * 7),
    "bind-cut-short": (frontend.decode_bind, b"\0\0" + b"\0" * 5),
    "bind-value-too-long": (frontend.decode_bind, b"\0\0\0\0\0\1\0\0\0\x09x\0\0"),
    "bind-negative-length": (frontend.decode_bind, b"\0\0\0\0\0\1\xff\xff\xff\xfe\0\0"),
    "bind-huge-length": (frontend.decode_bind, b"\0\0\0\0\0\1\x7f\xff\xff\xff\0\0"),
    "bind-many-without-values": (frontend.decode_bind, b"\0\0\0\0\xff\xff\0\0"),
    "describe-of-neither": (frontend.decode_named, b"Xname\0"),
    "describe-with-nul": (frontend.decode_named, b"Sna\0me\0"),
    "close-without-terminator": (frontend.decode_named, b"Sname"),
    "execute-cut-short": (frontend.decode_execute, b"\0\0\0\0"),
    "execute-with-a-tail": (frontend.decode_execute, b"\0\0\0\0\0\0"),
    "sync-with-a-body": (frontend.require_empty, b"x"),
    "copy-fail-without-terminator": (frontend.require_copy_fail, b"x"),
    "copy-fail-with-two": (frontend.require_copy_fail, b"x\0y\0"),
    "copy-fail-empty": (frontend.require_copy_fail, b""),
}


@pytest.mark.parametrize(("decode", "body"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_messages_are_violations(decode, body):
    with pytest.raises(ProtocolViolation):
        decode(message("Q", body))


@given(
    st.sampled_from(
        [
            frontend.decode_query,
            frontend.decode_parse,
            frontend.decode_bind,
            frontend.decode_named,
            frontend.decode_execute,
        ]
    ),
    st.binary(max_size=60),
)
def test_arbitrary_bodies_raise_nothing_but_violations(decode, body):
    try:
        decode(message("Q", body))
    except ProtocolViolation:
        return


@pytest.mark.parametrize("name", [b"x" * 64, "\u4e2d".encode("gbk"), b"\xa1"])
@pytest.mark.parametrize(
    ("decode", "body"),
    [
        (frontend.decode_parse, lambda name: name + b"\0SELECT 1\0\0\0"),
        (frontend.decode_bind, lambda name: name + b"\0" + b"\0" * 7),
        (frontend.decode_bind, lambda name: b"\0" + name + b"\0" + b"\0" * 6),
        (frontend.decode_execute, lambda name: name + b"\0" + b"\0" * 4),
        (frontend.decode_named, lambda name: b"S" + name + b"\0"),
        (frontend.decode_named, lambda name: b"P" + name + b"\0"),
    ],
    ids=["parse", "bind-portal", "bind-statement", "execute", "statement", "portal"],
)
def test_a_name_the_server_could_take_for_another_is_not_taken(decode, body, name):
    decode(message("?", body(b"x" * 63)))
    with pytest.raises(ProtocolViolation):
        decode(message("?", body(name)))


@given(st.binary(max_size=30).map(lambda name: name.replace(b"\0", b"")), st.binary(max_size=60))
def test_a_first_sasl_response_round_trips(mechanism, message):
    raw = frontend.encode_sasl_initial(mechanism, message)
    assert frontend.decode_sasl_initial(raw) == (mechanism, message)
    assert frontend.encode_sasl(message)[5:] == message


@pytest.mark.parametrize(
    "body",
    [b"", b"X", b"X\0", b"X\0\0\0\0", b"X\0\xff\xff\xff\xff", b"X\0\0\0\0\1", b"X\0\0\0\0\1yy"],
)
def test_a_first_sasl_response_that_is_not_whole_is_malformed(body):
    with pytest.raises(ProtocolViolation):
        frontend.decode_sasl_initial(b"p\0\0\0\0" + body)
