"""What the server sends is decoded whole or not at all; what we send reads back the same."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import UpstreamUnavailable
from proxy.wire.postgres import backend
from proxy.wire.postgres.backend import Severity, TransactionStatus

field_values = st.binary(max_size=20).map(lambda raw: raw.replace(b"\0", b""))
fields = st.dictionaries(st.sampled_from("SVCMDHW"), field_values, max_size=6)


@given(fields)
def test_fields_round_trip(given_fields):
    assert backend.decode_fields(backend.encode_fields(given_fields)) == given_fields


def test_an_error_of_ours_has_what_a_driver_reads():
    raw = backend.encode_error(
        Severity.FATAL, "57P03", "try later", detail="why", hint="really", routine="Exec"
    )
    assert backend.decode_fields(raw) == {
        "S": b"FATAL", "V": b"FATAL", "C": b"57P03", "M": b"try later", "D": b"why",
        "H": b"really", "R": b"Exec",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("gbk", "封存".encode("gbk")), ("latin-1", b"??"), ("utf-8", "封存".encode())],
)
def test_an_error_is_in_the_clients_encoding(encoding, shown):
    raw = backend.encode_error(Severity.ERROR, "42501", "封存", encoding=encoding)
    assert backend.decode_fields(raw)["M"] == shown


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("gb2312", "封存".encode("gb2312")), ("latin-1", None), ("ascii", None)],
)
def test_a_detail_is_whole_or_left_out(encoding, shown):
    raw = backend.encode_error(Severity.ERROR, "42501", "no", detail="封存", encoding=encoding)
    assert backend.decode_fields(raw).get("D") == shown


def test_a_nul_in_a_message_cannot_end_the_field():
    raw = backend.encode_error(Severity.ERROR, "42501", "a\0Dsecret")
    assert backend.decode_fields(raw)["M"] == b"aDsecret"


@given(st.sampled_from(TransactionStatus))
def test_ready_gives_the_status(status):
    assert backend.decode_ready(backend.encode_message(backend.READY, bytes((status.value,)))) is (
        status
    )


def test_parameter_status_and_data_row_are_taken_apart():
    raw = backend.encode_message(backend.PARAMETER_STATUS, b"client_encoding\0UTF8\0")
    assert backend.decode_parameter_status(raw) == (b"client_encoding", b"UTF8")
    row = backend.encode_message(backend.DATA_ROW, b"\0\2\0\0\0\1x\xff\xff\xff\xff")
    assert backend.decode_data_row(row) == (b"x", None)


def test_mechanisms_round_trip():
    raw = backend.encode_mechanisms([b"SCRAM-SHA-256"])
    kind, body = backend.decode_authentication(raw)
    assert kind == backend.AUTHENTICATION_SASL
    assert backend.decode_mechanisms(body) == (b"SCRAM-SHA-256",)


@given(
    st.sampled_from(
        [
            backend.decode_fields,
            backend.decode_ready,
            backend.decode_parameter_status,
            backend.decode_data_row,
            backend.decode_authentication,
        ]
    ),
    st.binary(max_size=40),
)
def test_arbitrary_bodies_raise_nothing_but_upstream_errors(decode, body):
    try:
        decode(backend.encode_message(backend.ERROR, body))
    except UpstreamUnavailable:
        return


MALFORMED = {
    "fields-without-end": (backend.decode_fields, b"SERROR\0"),
    "fields-empty": (backend.decode_fields, b""),
    "ready-with-another-letter": (backend.decode_ready, b"X"),
    "ready-with-two": (backend.decode_ready, b"II"),
    "status-with-three-parts": (backend.decode_parameter_status, b"a\0b\0c\0"),
    "row-with-a-tail": (backend.decode_data_row, b"\0\0x"),
    "row-cut-short": (backend.decode_data_row, b"\0\1\0\0"),
    "row-longer-than-itself": (backend.decode_data_row, b"\0\1\0\0\0\x09x"),
    "authentication-without-kind": (backend.decode_authentication, b"\0\0"),
}


@pytest.mark.parametrize(("decode", "body"), MALFORMED.values(), ids=MALFORMED)
def test_malformed_messages_are_the_databases_fault(decode, body):
    with pytest.raises(UpstreamUnavailable):
        decode(backend.encode_message(backend.ERROR, body))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0",
        b"\0\0",
        b"SCRAM-SHA-256\0",
        b"SCRAM-SHA-256\0\0\0",
        b"SCRAM SHA 256\0\0",
        b"\0\0\0\2" + b"0f" * 32 + b"1a" * 4 + b"\0\0\x27\x10",
        b"\0\0\0\2" + b"0f" * 32 + b"1a" * 4 + b"\0\0\0\0",
    ],
)
def test_what_is_no_list_of_mechanisms_is_none(body):
    assert backend.decode_mechanisms(body) is None


@given(st.binary(max_size=60))
def test_a_list_of_mechanisms_is_read_as_it_was_written(body):
    found = backend.decode_mechanisms(body)
    assert found is None or backend.encode_mechanisms(found)[9:] == body
