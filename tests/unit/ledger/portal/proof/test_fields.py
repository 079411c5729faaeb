"""Every field has its name, and what code words mean is said in both languages."""

from ledger.fields import FIELDS, EntryKind
from ledger.portal.proof.fields import (
    LABELS,
    MEANINGS,
    SERVING_RULES,
    label_of,
    meaning_of,
)

NAMES = {name for fields in FIELDS.values() for name in fields}


def test_every_field_of_every_kind_has_its_name():
    assert not NAMES - LABELS.keys()


def test_nothing_is_named_twice_alike_in_one_kind():
    for kind in EntryKind:
        told = [label_of(name).chinese for name in FIELDS[kind] if name != "permits"]
        assert len(set(told)) == len(told), kind


def test_meanings_are_of_fields_that_there_are():
    assert {field for field, _ in MEANINGS} <= NAMES


def test_both_languages_are_there():
    for words in (*LABELS.values(), *MEANINGS.values(), *SERVING_RULES.values()):
        assert words.chinese
        assert words.english


def test_what_is_not_known_keeps_its_own_name():
    assert label_of("new").chinese == "new"
    assert meaning_of("verdict", "new") is None
