"""Nothing of the server's own words survives, and what a driver acts upon does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import UpstreamUnavailable
from proxy.result.scrub import scrub_error, sqlstate_of
from proxy.wire.postgres.backend import decode_fields, encode_fields

SECRET = b"sealed value"
LETTERS = "SVCMDHPpqWstcdnFLR"
classes = st.text("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", min_size=5, max_size=5)


@given(st.sets(st.sampled_from(LETTERS)), classes)
@pytest.mark.requirement("Q46")
def test_no_field_but_severity_and_sqlstate_survives(letters, sqlstate):
    fields = dict.fromkeys(letters, SECRET) | {
        "S": b"ERROR",
        "V": b"ERROR",
        "C": sqlstate.encode(),
    }
    scrubbed = scrub_error(encode_fields(fields))
    assert SECRET not in scrubbed
    assert set(decode_fields(scrubbed)) == {"S", "V", "C", "M"}
    assert sqlstate_of(scrubbed) == sqlstate


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_the_text_depends_on_the_sqlstate_alone(one, other):
    def scrubbed(message):
        return scrub_error(
            encode_fields({"S": b"ERROR", "C": b"23505", "M": message.replace(b"\0", b"")})
        )

    assert scrubbed(one) == scrubbed(other)


@pytest.mark.parametrize(
    ("sqlstate", "message"),
    [("23505", b"an integrity constraint was violated"), ("P0001", b"the statement failed")],
)
def test_the_text_says_what_kind_of_error_it_was(sqlstate, message):
    raw = encode_fields({"S": b"ERROR", "C": sqlstate.encode(), "M": SECRET})
    assert decode_fields(scrub_error(raw))["M"] == message


def test_an_error_without_a_sqlstate_is_an_internal_one():
    assert sqlstate_of(encode_fields({"S": b"ERROR"})) == "XX000"


def test_a_malformed_error_is_the_databases_fault():
    with pytest.raises(UpstreamUnavailable):
        scrub_error(b"E\0\0\0\x05x")
