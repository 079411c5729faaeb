"""Every way in which a verification can end has its words, and none of them is technical."""

import re

from ledger.portal.proof.words import FAULTS, NOTES, NUMBERLESS, QUIET_NOTES, VERDICTS
from ledger.verify import Fault

ALL = [*FAULTS.values(), *VERDICTS.values(), *NOTES.values(), NUMBERLESS]
TECHNICAL = re.compile(
    r"哈希|散列|瓦片|检查点|默克尔|\bhash|\bmerkle|\btile|\bcheckpoint|append-only", re.IGNORECASE
)


def test_every_fault_that_the_verifier_knows_has_its_words():
    assert set(FAULTS) == set(Fault)


def test_no_two_ends_are_told_alike():
    for language in ("chinese", "english"):
        told = [getattr(words, language) for words in ALL]
        assert len(set(told)) == len(told)
        assert all(told)


def test_the_first_screen_has_no_technical_word():
    for words in ALL:
        for text in (words.chinese, words.english, words.advice_chinese, words.advice_english):
            assert not TECHNICAL.search(text), text


def test_whoever_is_told_of_a_fault_is_told_what_to_do():
    assert all(words.advice_chinese and words.advice_english for words in FAULTS.values())


def test_both_languages_name_the_same_numbers():
    for words in ALL:
        assert ("{index}" in words.chinese) == ("{index}" in words.english)


def test_what_is_said_quietly_is_among_the_notes():
    assert set(NOTES) >= QUIET_NOTES


def test_what_is_not_known_is_said_first():
    for code, words in VERDICTS.items():
        assert words.chinese.startswith("不能确认") == (code != "intact")
        assert words.english.startswith("Cannot confirm") == (code != "intact")
