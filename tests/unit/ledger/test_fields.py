from pathlib import Path

import pytest

import ledger
from ledger.errors import InvalidDraft
from ledger.fields import FIELDS, MEMO_MAX, EntryKind, Field, Shape

LEGAL = [
    (Shape.WORD, "background-check-platform"),
    (Shape.WORD, "未成年人"),
    (Shape.ARTICLE, "《刑事诉讼法》第286条"),
    (Shape.ARTICLE, "刑事诉讼法 286"),
    (Shape.PSEUDONYM, "0" * 32),
    (Shape.COUNT, 0),
    (Shape.COUNT, 10**15 - 1),
    (Shape.FLAG, True),
    (Shape.TIME, "2026-01-01T00:00:00Z"),
    (Shape.WORDS, []),
    (Shape.WORDS, ("base.case_person", "base.sentence")),
]
ILLEGAL = [
    (Shape.WORD, ""),
    (Shape.WORD, "two words"),
    (Shape.WORD, 'quote"'),
    (Shape.WORD, "back\\slash"),
    (Shape.WORD, "line\nbreak"),
    (Shape.WORD, "x" * 201),
    (Shape.WORD, "11010519491231002X"),
    (Shape.WORD, "a-110105491231002"),
    (Shape.ARTICLE, "张三 110105194912310021"),
    (Shape.PSEUDONYM, "0" * 31),
    (Shape.PSEUDONYM, "G" * 32),
    (Shape.COUNT, -1),
    (Shape.COUNT, 10**15),
    (Shape.COUNT, "1"),
    (Shape.COUNT, True),
    (Shape.FLAG, 1),
    (Shape.WORDS, "base.case_person"),
    (Shape.WORDS, ['a","b']),
    (Shape.WORDS, ["x"] * 257),
    (Shape.WORD, ["x"]),
    (Shape.TIME, "yesterday"),
]


@pytest.mark.parametrize(("shape", "value"), LEGAL)
def test_legal_values_are_spelled_as_json(shape: Shape, value):
    import json

    expected = json.dumps({"f": value}, ensure_ascii=False, separators=(",", ":"))
    assert "{" + Field("f", shape, required=True).spell(value)[1:] + "}" == expected


@pytest.mark.parametrize(("shape", "value"), ILLEGAL)
def test_illegal_values_are_refused_without_being_repeated(shape: Shape, value):
    with pytest.raises(InvalidDraft) as refused:
        Field("f", shape, required=True).spell(value)
    assert str(value) not in str(refused.value) or value in ("", 1, "1", True)


def test_the_memo_of_known_values_is_bounded():
    field = Field("f", Shape.WORD, required=True)
    for number in range(3 * MEMO_MAX):
        assert field.spell(f"w{number}") == f',"f":"w{number}"'
    assert len(field._known) <= MEMO_MAX


def test_the_readme_documents_exactly_these_fields():
    text = (Path(ledger.__file__).parent / "README.md").read_text()
    rows = [
        tuple(cell.strip().strip("`") for cell in line.strip("|").split("|")[:4])
        for line in text.splitlines()
        if line.startswith("| `") and line.count("|") == 6
    ]
    expected = [
        (kind.value, name, field.shape.label, "yes" if field.required else "no")
        for kind in EntryKind
        for name, field in FIELDS[kind].items()
    ]
    assert rows == expected


def test_every_kind_has_fields():
    assert set(FIELDS) == set(EntryKind)
    assert all(FIELDS.values())
