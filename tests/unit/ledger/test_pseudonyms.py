import hashlib
import hmac

from hypothesis import given
from hypothesis import strategies as st

from ledger.pseudonyms import Pseudonyms

ONE, OTHER = Pseudonyms(b"1" * 32), Pseudonyms(b"2" * 32)


@given(st.text(max_size=50))
def test_a_pseudonym_is_a_keyed_digest_and_says_nothing_without_the_key(value: str):
    expected = hmac.new(b"1" * 32, b"person\0" + value.encode(), hashlib.sha256).hexdigest()[:32]
    assert ONE.of("person", value) == ONE.of("person", value.encode()) == expected
    assert ONE.of("person", value) != OTHER.of("person", value)
    assert ONE.of("person", value) != ONE.of("statement", value)


def test_the_key_hides_from_repr():
    assert repr(ONE) == "Pseudonyms(...)"
