"""Text is understood in the encoding the server reads it in, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.wire.postgres.encoding import codec_of, decode_exactly, encode_exactly

ENCODINGS = ["UTF8", "GBK", "GB18030", "EUC_CN", "SQL_ASCII", "LATIN1"]


@pytest.mark.parametrize("name", ENCODINGS)
@given(raw=st.binary(max_size=30))
def test_what_decodes_encodes_to_the_very_same_bytes(name, raw):
    codec = codec_of(name)
    assert codec is not None
    text = decode_exactly(raw, codec)
    assert text is None or encode_exactly(text, codec) == raw


@pytest.mark.parametrize("name", ["SJIS", "BIG5", "UHC", "MULE_INTERNAL", "", "utf8"])
def test_the_map_is_closed(name):
    assert codec_of(name) is None


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("UTF8", b"SELECT '\xff'"),
        ("UTF8", b"\xc0\xa7"),
        ("UTF8", b"\xed\xa0\x80"),
        ("GBK", b"\xbf"),
        ("GB18030", b"\x81"),
        ("SQL_ASCII", b"\xe5\xb0\x81"),
        ("EUC_CN", b"\x81\x5c"),
    ],
)
def test_invalid_text_is_not_understood(name, raw):
    codec = codec_of(name)
    assert codec is not None
    assert decode_exactly(raw, codec) is None


def test_a_trail_byte_that_looks_like_a_backslash_is_part_of_its_character():
    assert decode_exactly(b"E'\xbf\x5c'", "gbk") == "E'縗'"


def test_what_the_encoding_cannot_express_is_not_encoded():
    assert encode_exactly("封存", "latin-1") is None
