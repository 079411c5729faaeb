"""The spellings of one person."""

import pytest

from proxy.desk.certificate.spelling import name_spellings, number_spellings
from proxy.policy.identity import has_check_digit, normalise_identity


def test_fifteen_and_eighteen_digits_are_one_person():
    old = number_spellings("110105491231002")
    new = number_spellings("11010519491231002x")
    assert {"110105491231002", "11010519491231002X", "11010519491231002x"} <= set(old)
    assert set(old) == set(new)
    assert has_check_digit(old[1].upper())
    assert "１１０１０５４９１２３１００２" in old


def test_who_was_born_later_has_no_old_number():
    found = number_spellings("110105200405100018")
    assert {len(each.replace(" ", "").replace("\u3000", "")) for each in found} == {18}
    assert "１１０１０５２００４０５１０００１８" in found


@pytest.mark.requirement("E4")
def test_blanks_where_they_commonly_stand():
    found = number_spellings("11010519491231002X")
    for stored in (
        "110105 19491231 002X", "110105 1949 1231 002x", "110105\u300019491231\u3000002X",
        " 11010519491231002X", "11010519491231002X ", "11010519491231002X  ",
        "110105 491231 002", "110105491231002 ", "１１０１０５　１９４９１２３１　００２Ｘ",
    ):  # fmt: skip
        assert stored in found, stored
        assert normalise_identity(stored) in ("11010519491231002X", "110105491231002")
    # One person in all spellings: a look-up names nobody else, and stays a few dozen comparisons.
    assert {normalise_identity(each) for each in found} == {"11010519491231002X", "110105491231002"}
    assert len(found) < 64


def test_other_documents_are_spelt_in_few_ways():
    assert set(number_spellings("p1234567")) >= {"P1234567", "p1234567"}
    with pytest.raises(ValueError):
        number_spellings("P'; --")


def test_names_with_a_dot():
    assert set(name_spellings("甲•乙")) == {"甲•乙", "甲·乙", "甲・乙", "甲‧乙"}
    assert name_spellings("甲一") == ("甲一",)
