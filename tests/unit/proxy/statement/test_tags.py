"""A comment is text of whoever wrote the statement: it says something in one form or nothing."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.statement.tags import NO_TAGS, UNREADABLE, Tags, tags_around

TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
PIECES = st.sampled_from(
    ["/*", "*/", "--", "\n", "operator=", "case=", "'", "\\", "%", "%41", ",", ";", " ", "a", "张"]
)


def before(comment):
    """The tags of a text that begins with it."""
    encoded = comment.encode()
    return tags_around(encoded + b"X", len(encoded), len(encoded) + 1)


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("/* operator=u1 case=c1 */", Tags(("u1",), ("c1",))),
        ("/*operator='u1',case='c1'*/", Tags(("u1",), ("c1",))),
        ("/* x */ -- y\n/* operator=u1 */", Tags(("u1",))),
        ("/* operator=u1 operator=u2 */", Tags(("u1", "u2"))),
        ("/* app=desk, operator = u1 */", NO_TAGS),
        ("/* operator=u1 and more */", NO_TAGS),
        ("/* look: operator=u1 */", NO_TAGS),
        ("/*+ operator=u1 */", NO_TAGS),
        ("/* OPERATOR=u1 */", NO_TAGS),
        ("-- operator=u1\n", NO_TAGS),
        ("/* /* operator=u1 */ */", NO_TAGS),
        ("/* operator=u1 /* */ */", NO_TAGS),
        ("/* x /* y */ /* operator=u1 */ */", NO_TAGS),
        ("/* operator='u1 */", NO_TAGS),
        ("/* operator= */", NO_TAGS),
        ("/*operator=''*/", Tags(("",))),
        ("/*operator='a\\'b'*/", Tags(("a'b",))),
        ("/*operator='%ff'*/", Tags((UNREADABLE,))),
        ("/*operator='%E5%BC%A0'*/", Tags(("张",))),
        ("/* operator=%41 */", Tags(("%41",))),
        (f"/* operator={'x' * 3000} */", NO_TAGS),
        ("", NO_TAGS),
    ],
)
def test_a_comment_says_who_asks_in_one_form(comment, said):
    assert before(comment) == said


@given(TEXTS, TEXTS)
def test_what_sqlcommenter_writes_is_read(operator, case):
    written = f"/*case='{quote(case)}',operator='{quote(operator)}'*/"
    assert before(written) == Tags((operator,), (case,))


@given(st.lists(PIECES, max_size=40).map("".join), st.lists(PIECES, max_size=40).map("".join))
def test_any_bytes_around_a_statement_are_read_or_left(one, other):
    encoded = one.encode() + b"X" + other.encode()
    tags = tags_around(encoded, len(one.encode()), len(one.encode()) + 1)
    for value in (*tags.operators, *tags.cases):
        assert len(value) <= 2048
