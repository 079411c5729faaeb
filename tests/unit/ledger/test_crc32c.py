import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.crc32c import crc32c, crc32c_python

VECTORS = {  # RFC 3720 appendix B.4
    bytes(32): 0x8A9136AA,
    b"\xff" * 32: 0x62A8AB43,
    bytes(range(32)): 0x46DD794E,
    b"123456789": 0xE3069283,
}


@pytest.mark.parametrize(("data", "expected"), VECTORS.items())
def test_the_published_vectors_hold(data: bytes, expected: int):
    assert crc32c_python(data) == expected


@given(st.binary(max_size=500))
def test_the_fast_and_the_slow_road_agree(data: bytes):
    assert crc32c(data) == crc32c_python(data)
