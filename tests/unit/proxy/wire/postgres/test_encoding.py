"""Text is understood in the encoding the server reads it in, or not at all."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from proxy.wire.postgres.encoding import (
    CODECS,
    codec_of,
    decode_exactly,
    encode_exactly,
    encode_roughly,
    encoding_named,
    repertoire,
)
from tests.readings import READ, compare

# What ends literals and names, what escapes, and what begins or ends a character somewhere.
PIECES = [
    *(b"'", b'"', b"\\", b"E'", b"$a$", b"--", b"/*", b"*/", b"\xbf", b"\x5c", b"\x81", b"\x30"),
    *(b"\xf9\xd6", b"\xa4\xd4", b"\x8f\xa2\xb7", b"\x95\x5c", b"\xef\xbb\xbf", b"\xc0\xa7"),
]
texts = st.lists(st.binary(max_size=4) | st.sampled_from(PIECES), max_size=12).map(b"".join)


@pytest.mark.parametrize("name", CODECS)
@given(raw=texts)
def test_what_decodes_encodes_to_the_very_same_bytes(name, raw):
    codec = codec_of(name)
    assert codec is not None
    text = decode_exactly(raw, codec)
    if text is not None and name == "SJIS":
        encoded = encode_exactly(text, codec)
        assert encoded is not None
        assert decode_exactly(encoded, codec) == text
    elif text is not None:
        assert encode_exactly(text, codec) == raw


@pytest.mark.parametrize("name", CODECS)
@given(text=st.text(max_size=20))
@example("−〜‖¢£¬¥‾")
@example("碁銹裏墻恒粧嫺")
@example("ㅤ뢔")
def test_what_encodes_decodes_to_the_very_same_text(name, text):
    codec = codec_of(name)
    assert codec is not None
    raw = encode_exactly(text, codec)
    assert raw is None or decode_exactly(raw, codec) == text


@pytest.mark.parametrize(
    "name", ["MULE_INTERNAL", "JOHAB", "EUC_KR", "EUC_TW", "SHIFT_JIS_2004", "", "utf8"]
)
def test_the_map_is_closed(name):
    assert codec_of(name) is None


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("UTF8", b"SELECT '\xff'"),
        ("UTF8", b"\xc0\xa7"),
        ("UTF8", b"\xed\xa0\x80"),
        ("GBK", b"\xbf"),
        ("GBK", b"\x80"),
        ("GB18030", b"\x81"),
        ("GB18030", b"\x81\x30\x81"),
        ("SQL_ASCII", b"\xb7\xe2"),
        ("EUC_CN", b"\x81\x5c"),
        ("SJIS", b"\x95"),
        ("SJIS", b"\x80"),
        ("SJIS", b"\xf0\x40"),
        ("BIG5", b"\xa1\x5a"),
        ("BIG5", b"\xa1\xfe"),
        ("BIG5", b"\xf9"),
        ("EUC_JP", b"\xa1\xc1"),
        ("EUC_JP", b"\x8f\xa2\xb7"),
        ("WIN1252", b"\x81"),
    ],
)
def test_invalid_and_doubtful_text_is_not_understood(name, raw):
    codec = codec_of(name)
    assert codec is not None
    assert decode_exactly(raw, codec) is None


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("GBK", b"E'\xbf\x5c'", "E'縗'"),
        ("SJIS", b"E'\x95\x5c'", "E'表'"),
        ("SJIS", b"\x5c\x7e\xb1", "\\~ｱ"),
        ("SJIS", b"\xed\x40", "纊"),
        ("BIG5", b"E'\xa5\x5c'", "E'功'"),
        ("BIG5", b"\xae\x7c|", "徑|"),
        ("BIG5", b"\xf9\xd8 \xf9\xda", "裏 恒"),
        ("UHC", b"\x81\x41'", "갂'"),
        ("SQL_ASCII", "封存".encode(), "封存"),
        ("UTF8", b"\xef\xbb\xbfSELECT", "\ufeffSELECT"),
    ],
)
def test_a_byte_that_looks_like_another_character_is_part_of_its_own(name, raw, text):
    codec = codec_of(name)
    assert codec is not None
    assert decode_exactly(raw, codec) == text
    assert encode_exactly(text, codec) == raw


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("latin-1", "封存"),
        # Python would write the full-width minus, a backslash and a tilde.
        ("cp932", "−"),
        ("euc_jp", "¥"),
        ("euc_jp", "‾"),
        ("utf-8", "\udcb7"),
    ],
)
def test_what_the_encoding_cannot_express_is_not_encoded(codec, text):
    assert encode_exactly(text, codec) is None


@pytest.mark.parametrize("codec", sorted({*CODECS.values()}))
@given(text=st.text(max_size=20))
def test_what_is_for_people_is_always_encoded(codec, text):
    assert decode_exactly(encode_roughly(text, codec), codec) is not None


def test_what_cannot_be_said_is_a_question_mark_for_each_character():
    assert encode_roughly("a封−\\", "cp932") == b"a\x95\x95?\\"


@pytest.mark.parametrize("codec", ["gbk", "cp932", "big5", "cp1252"])
def test_the_repertoire_can_be_written_and_read(codec):
    text = repertoire(codec, range(1, 0x10000))
    raw = encode_exactly(text, codec)
    assert raw is not None
    assert decode_exactly(raw, codec) == text
    assert set("\\'~") <= set(text)


@pytest.fixture(scope="module")
def reading(postgres):
    with postgres.database().connect() as connection:
        connection.execute(READ)
        yield connection


@pytest.mark.database
@pytest.mark.parametrize("name", [name for name in CODECS if name != "SQL_ASCII"])
def test_every_character_is_the_servers_or_refused(reading, name):
    comparison = compare(reading, name, understood_only=True)
    assert comparison.wrong == []
    assert comparison.alike_count > 10_000


@pytest.mark.database
@pytest.mark.parametrize("name", CODECS)
@settings(deadline=None)
@given(raw=texts)
def test_a_text_is_what_the_server_reads_in_it_or_refused(reading, name, raw):
    raw = raw.replace(b"\0", b"")
    text = decode_exactly(raw, CODECS[name])
    if text is not None:
        read = "UTF8" if name == "SQL_ASCII" else name
        assert reading.execute("SELECT convert_from(%b, %s)", (raw, read)).fetchone() == (text,)


@pytest.mark.database
def test_the_names_that_are_taken_are_the_servers(reading):
    spelt = {name: [name, name.lower(), f" {name[:2]}-{name[2:]}_"] for name in CODECS}
    spelt["SJIS"] += ["Shift_JIS", "mskanji", "win932", "windows-932"]
    spelt["GBK"] += ["win936", "Windows936"]
    spelt["BIG5"] += ["win950", "windows950"]
    spelt["UHC"] += ["win949", "windows949"]
    spelt["LATIN1"] += ["iso-8859-1", "ISO88591"]
    spelt["LATIN9"] += ["iso_8859_15"]
    spelt["WIN1252"] += ["windows-1252"]
    spelt["UTF8"] += ["utf-8", "Unicode"]
    for name, ways in spelt.items():
        for way in ways:
            assert encoding_named(way) == name
            asked = "SELECT pg_encoding_to_char(pg_char_to_encoding(%s))"
            assert reading.execute(asked, (way,)).fetchone() == (name,)


@pytest.mark.parametrize("name", ["", "EUC_KR", "johab", "win", "ＵＴＦ８", "utf16"])
def test_other_names_are_not_taken(name):
    assert encoding_named(name) is None


def test_a_character_with_two_pairs_of_bytes_is_read_in_both():
    assert decode_exactly(b"\xfb\xfc", "cp932") == decode_exactly(b"\xee\xe0", "cp932") == "髙"
    assert encode_exactly("髙", "cp932") == b"\xee\xe0"
