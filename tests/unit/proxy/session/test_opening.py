"""Authentication passes, the key does not, and nobody enters before the session is understood."""

import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.session.commands import End, ToClient, ToServer
from proxy.session.login import RelayedLogin
from proxy.session.opening import QUESTION, Opening, Unsupported
from proxy.wire.postgres import frontend
from proxy.wire.postgres.backend import decode_fields, encode_fields
from proxy.wire.postgres.parameters import PINS
from tests.unit.proxy.session.playbook import DONE, PRINCIPAL, READY, answer, error

OK = answer("R", struct.pack(">i", 0))
KEY = answer("K", b"pid.key.")
UTF8 = answer("S", b"server_encoding\0UTF8\0") + answer("S", b"client_encoding\0UTF8\0")
SECRET = bytes(reversed(range(256)))


def row(*columns):
    body = struct.pack(">H", len(columns))
    for column in columns:
        body += struct.pack(">i", len(column)) + column
    return answer("D", body)


def learnt(path=("pg_catalog", "base"), user=b"app", **changed):
    pins = (PINS | changed).values()
    return row(json.dumps(path).encode(), user, *(pin.encode() for pin in pins))


def to(kind, commands):
    return b"".join(command.data for command in commands if type(command) is kind)


def opening_after(*messages):
    opening = Opening(SECRET, RelayedLogin())
    return opening, opening.from_server(b"".join(messages))


@pytest.mark.parametrize("secret", [b"key.", bytes(range(256))], ids=["3.0", "3.2"])
def test_the_client_gets_the_servers_process_id_and_a_secret_of_ours_as_long_as_the_servers(secret):
    opening, commands = opening_after(OK, answer("K", b"pid." + secret))
    issued = b"pid." + SECRET[: len(secret)]
    assert to(ToClient, commands) == OK + answer("K", issued)
    assert (opening.server_key, opening.issued_key) == (b"pid." + secret, issued)


@pytest.mark.parametrize("key", [b"", b"pid", b"pid.", b"pid.key"])
def test_a_key_that_is_too_short_to_hold_a_secret_is_not_passed_on(key):
    opening, commands = opening_after(OK, answer("K", key))
    assert to(ToClient, commands) == OK
    assert type(commands[-1]) is End
    assert not opening.open


def test_until_an_encoding_is_known_and_served_nothing_but_ascii_is_said():
    assert opening_after(OK)[0].codec == "ascii"
    assert opening_after(OK, answer("S", b"client_encoding\0EUC_KR\0"))[0].codec == "ascii"
    assert opening_after(OK, answer("S", b"client_encoding\0GBK\0"))[0].codec == "gbk"


def test_ready_is_kept_back_until_the_session_is_understood():
    opening, commands = opening_after(OK, UTF8, KEY, READY)
    assert READY not in to(ToClient, commands)
    assert to(ToServer, commands) == frontend.encode_query(QUESTION)
    assert not opening.open
    assert opening.from_server(answer("T", b"\0\0") + learnt() + DONE + READY) == []
    assert opening.open
    assert opening.ready == READY
    opened = opening.opened(PRINCIPAL)
    assert (opened.user, opened.path, opened.codec) == ("app", ("pg_catalog", "base"), "utf-8")


def test_passwords_pass_both_ways_as_they_are():
    opening, commands = opening_after(answer("R", struct.pack(">i", 5) + b"salt"))
    assert to(ToClient, commands) == answer("R", struct.pack(">i", 5) + b"salt")
    password = answer("p", b"md5...\0")
    assert to(ToServer, opening.from_client(password)) == password


def test_what_a_client_sends_too_early_is_kept_and_judged_later():
    opening, _ = opening_after(OK)
    assert opening.from_client(frontend.encode_query(b"SELECT 1")) == []
    opening.from_server(UTF8 + READY + learnt() + DONE + READY)
    assert opening.opened(PRINCIPAL).early == frontend.encode_query(b"SELECT 1")


def test_a_statement_instead_of_a_password_ends_it():
    opening, _ = opening_after(answer("R", struct.pack(">i", 3)))
    assert isinstance(opening.from_client(frontend.encode_query(b"SELECT 1"))[-1], End)


def test_too_much_too_early_ends_it():
    opening, _ = opening_after(OK)
    assert isinstance(opening.from_client(b"x" * 70_000)[-1], End)


def test_the_databases_own_error_reaches_the_client():
    wrong = encode_fields({"S": b"FATAL", "C": b"28P01", "M": b"password authentication failed"})
    _, commands = opening_after(wrong)
    assert to(ToClient, commands) == wrong


@pytest.mark.parametrize(
    "messages",
    [
        [READY],
        [OK, answer("Z", b"T")],
        [OK, UTF8, READY, error()],
        [OK, UTF8, READY, READY],
        [OK, UTF8, READY, row(b"[]")],
        [OK, UTF8, READY, learnt(), learnt()],
        [OK, answer("G", b"")],
        [OK, DONE],
        [OK, OK],
        [b"R\0\0\0\1"],
    ],
    ids=[
        "ready-before-ok",
        "ready-inside-a-transaction",
        "question-fails",
        "question-unanswered",
        "answer-too-short",
        "answered-twice",
        "copy",
        "out-of-step",
        "let-in-twice",
        "bad-length",
    ],
)
def test_a_server_out_of_step_lets_nobody_in(messages):
    opening, commands = opening_after(*messages)
    assert isinstance(commands[-1], End)
    assert decode_fields(commands[-1].farewell)["C"] == b"08006"
    assert not opening.open


@pytest.mark.parametrize(
    "messages",
    [
        [OK, UTF8, answer("S", b"client_encoding\0EUC_KR\0"), READY, learnt(), DONE, READY],
        [OK, UTF8, answer("S", b"server_encoding\0EUC_CN\0"), READY, learnt(), DONE, READY],
        [OK, answer("S", b"client_encoding\0UTF8\0"), READY, learnt(), DONE, READY],
        [OK, READY, learnt(), DONE, READY],
        [OK, UTF8, READY, learnt(row_security="off"), DONE, READY],
        [OK, UTF8, READY, learnt(standard_conforming_strings="off"), DONE, READY],
        [OK, UTF8, READY, learnt(user=b"\xff"), DONE, READY],
    ],
    ids=[
        "unmapped-encoding",
        "database-in-another-encoding",
        "database-in-who-knows-what",
        "no-encoding",
        "pin-off",
        "lexer-turned",
        "unreadable",
    ],
)
def test_a_session_that_cannot_be_judged_is_not_opened(messages):
    opening, _ = opening_after(*messages)
    with pytest.raises(Unsupported):
        opening.opened(PRINCIPAL)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=40)), max_size=8))
def test_hostile_bytes_from_either_side_raise_nothing(pieces):
    opening = Opening(SECRET, RelayedLogin())
    for from_client, data in pieces:
        (opening.from_client if from_client else opening.from_server)(data)


def test_where_nothing_is_sealed_any_session_is_opened():
    opening = Opening(SECRET, RelayedLogin(), unsealed=True)
    strange = answer("S", b"client_encoding\0MULE_INTERNAL\0")
    opening.from_server(OK + strange + KEY + READY)
    opening.from_server(learnt(standard_conforming_strings="off") + DONE + READY)
    opened = opening.opened(PRINCIPAL)
    assert opening.open
    assert (opened.unsealed, opened.codec) == (True, "ascii")
