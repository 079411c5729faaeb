"""What an entry's encrypted part says of a text, however long and in whatever encoding."""

import base64
import hashlib
import json
import struct

import pytest

from proxy.payload import bound_values, payload_opening, text_in_utf8
from proxy.session import refusals
from proxy.session.commands import Record, Unit
from proxy.session.plan import Timing


def record(text, codec="utf-8", sent=None):
    return Record(Unit(1), refusals.FUNCTION_CALL, Timing.WITH, text, codec, sent)


def said(made, cut_bytes=1_000):
    return json.loads(payload_opening(made, cut_bytes) + "}")


@pytest.mark.parametrize("codec", ["utf-8", "gbk"])
def test_a_text_is_read_in_its_encoding(codec):
    made = record("SELECT '封存'".encode(codec), codec, "SELECT 1")
    assert said(made) == {"text": "SELECT '封存'", "sent": "SELECT 1"}
    assert text_in_utf8(made) == "SELECT '封存'".encode()


def test_what_is_no_text_in_its_encoding_is_kept_byte_for_byte():
    assert said(record(b"\xff\x00")) == {"text_base64": base64.b64encode(b"\xff\x00").decode()}


def test_of_what_is_too_long_the_start_the_length_and_the_digest_are_kept():
    text = b"x" * 1_001
    digest = hashlib.sha256(text).hexdigest()
    assert said(record(text)) == {
        "text_start": "x" * 1_000, "text_bytes": 1_001, "text_sha256": digest
    }  # fmt: skip


def test_values_are_kept_as_sent_or_as_a_digest():
    values = struct.pack(">HHi", 0, 2, 1) + b"v" + struct.pack(">iH", -1, 0)
    assert bound_values(values, 1_000) == {"formats": (), "values": ["dg==", None]}
    digest = hashlib.sha256(values).hexdigest()
    assert bound_values(values, 1) == {"bind_bytes": len(values), "bind_sha256": digest}
