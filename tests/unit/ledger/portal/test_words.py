"""Every text is there in both languages."""

import pytest

from ledger.fields import EntryKind
from ledger.portal import words
from ledger.portal.words import KINDS, Language, Words


def test_words_are_said_in_their_language():
    said = Words("查", "look")
    assert [said.to(each) for each in Language] == ["查", "look"]


def test_each_kind_of_entry_has_a_name():
    assert set(KINDS) == set(EntryKind)


@pytest.mark.parametrize("name", ["VERDICTS", "KINDS", "EVENTS", "OF_STATUS", "ROLES"])
def test_no_text_is_left_out(name):
    for said in getattr(words, name).values():
        assert said.chinese
        assert said.english.isascii()
