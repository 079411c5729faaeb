"""Permits go to a worker as they are, and nothing else does."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.errors import ProtocolViolation
from proxy.names import PrincipalName
from proxy.policy.permit import Permit, Scope
from proxy.server.permit_order import decode_permits, encode_permits

PERMIT = Permit("q-1", PrincipalName("court"), Scope.FULL, ("P0001", "P0002"), 1.5, 2.5)
BOUND = Permit("q-2", PrincipalName("desk"), Scope.BATCH, ("P0003",), 1, 2, "张三", "案7", 3)


def changed(place: int, value: object) -> str:
    reached, (permit,) = json.loads(encode_permits([PERMIT], 7.0))
    permit[place] = value
    return json.dumps([reached, [permit]])


def test_what_is_written_is_read():
    assert decode_permits(encode_permits([PERMIT, BOUND], 7.5)) == ((PERMIT, BOUND), 7.5)
    assert decode_permits(encode_permits([], 0)) == ((), 0.0)


@pytest.mark.parametrize(
    "text",
    [
        "", "{}", "[]", "[1]", "[1, 2]", "[1, [1]]", '[1, [["q"]]]', "[null, []]", "[NaN, []]",
        '["1", []]', "[true, []]", "[1, [], 2]", "[" * 100_000,
        changed(0, 1), changed(1, None), changed(2, "whole"), changed(2, None), changed(3, "P0001"),
        changed(3, [1]), changed(4, "1"), changed(4, None), changed(5, float("nan")),
        changed(5, True), changed(6, 1), changed(7, []), changed(8, "1"), changed(8, 1.5),
        changed(8, True), changed(8, False), changed(4, 10**400),
    ],
)  # fmt: skip
def test_what_is_none_is_nonsense(text):
    with pytest.raises(ProtocolViolation) as caught:
        decode_permits(text)
    assert "P0001" not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.text() | st.recursive(st.none() | st.booleans() | st.floats() | st.text(), st.lists).map(
    json.dumps))  # fmt: skip
def test_whatever_comes_is_permits_or_nonsense(text):
    try:
        permits, reached_seconds = decode_permits(text)
    except ProtocolViolation:
        return
    assert decode_permits(encode_permits(permits, reached_seconds)) == (permits, reached_seconds)
