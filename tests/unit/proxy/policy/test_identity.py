"""However a number was typed, it is compared in one spelling."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.identity import has_check_digit, is_old_form, normalise_identity

SAMPLE = "11010519491231002X"
"""The sample of GB 11643, which is nobody's."""


@pytest.mark.parametrize(
    "written",
    [
        SAMPLE,
        "11010519491231002x",
        "１１０１０５１９４９１２３１００２ｘ",
        "110105 19491231 002X　",
    ],
)
def test_every_spelling_is_one(written):
    assert normalise_identity(written) == SAMPLE


@pytest.mark.parametrize("written", ["", "123", "某", "1101'; --", "1" * 65, "1101051949\0"])
def test_what_is_no_number_is_refused(written):
    with pytest.raises(ValueError, match="identity number"):
        normalise_identity(written)


@given(st.text(max_size=80))
def test_any_text_is_refused_or_spelt_so_that_it_stays(written):
    try:
        plain = normalise_identity(written)
    except ValueError:
        return
    assert normalise_identity(plain) == plain
    assert plain.isascii()
    assert "'" not in plain


def test_the_check_digit_is_that_of_the_standard():
    assert has_check_digit(SAMPLE)
    assert not any(has_check_digit(SAMPLE[:-1] + digit) for digit in "0123456789")
    assert not has_check_digit(SAMPLE[:-1])


def test_fifteen_digits_are_the_old_form():
    assert is_old_form("110105491231002")
    assert not is_old_form(SAMPLE)
