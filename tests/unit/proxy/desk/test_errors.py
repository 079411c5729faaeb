"""One sentence a code, in both languages, with nothing in it that came from outside."""

import ast
from pathlib import Path

import pytest

from proxy.desk import errors
from proxy.desk.errors import SENTENCES, Category, DeskError

SOURCES = Path(errors.__file__).parent


def raised():
    """Codes that the desk's sources raise."""
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="DeskError"), args=[ast.Constant(value=code), *_]):
                    yield code


def test_every_code_is_raised_and_every_one_raised_has_a_sentence():
    assert set(raised()) == SENTENCES.keys()


@pytest.mark.parametrize("code", SENTENCES)
def test_a_sentence_is_plain_in_both_languages(code):
    error = DeskError(code, "field")
    assert isinstance(error.category, Category)
    assert error.english.isascii()
    assert error.english.strip(".") == error.english
    error.chinese.encode("gb2312")
    assert str(error) == f"{error.english} / {error.chinese}"
