import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.names import Span
from proxy.rewrite.edit import Copied, Edit, apply_edits, compose
from proxy.rewrite.narrow import CannotNarrow

TEXTS = st.text("abc中", max_size=5)


@st.composite
def edits_of(draw, length):
    """Some edits of a text of so many bytes: in order, and no two at one place."""
    ends = draw(st.lists(st.integers(0, length), unique=True, max_size=8).map(sorted))
    spans = [Span(ends[i], ends[i + 1]) for i in range(0, len(ends) - 1, 2)]
    return [Edit(span, draw(TEXTS)) for span in spans]


@given(st.data())
def test_composed_edits_do_what_one_after_the_other_does(data):
    original = b"0123456789" * 2
    first = data.draw(edits_of(len(original)))
    between = apply_edits(original, first)
    second = data.draw(edits_of(len(between)))
    expected = apply_edits(between, second)
    try:
        composed = compose(first, second)
    except (CannotNarrow, UnicodeDecodeError):
        return  # it crosses a border, or cuts a character in two
    assert apply_edits(original, composed) == expected


def test_what_was_put_in_is_edited_where_it_was_put():
    first = [Edit(Span(2, 3), "(view)")]
    second = [Edit(Span(3, 7), "table"), Edit(Span(8, 8), " WHERE true")]
    assert compose(first, second) == (
        Edit(Span(2, 3), "(table)"),
        Edit(Span(3, 3), " WHERE true"),
    )


def test_where_a_copied_literal_came_from_is_known_as_long_as_nothing_moved():
    copy = Copied(3, 4, Span(8, 9))
    edit = Edit(Span(2, 3), "(a=5)", (copy,))
    assert compose([], [edit]) == (edit,)
    for first in ([Edit(Span(0, 1), "view")], [Edit(Span(2, 3), "view")]):
        moved = Edit(Span(5, 6), "(a=5)", (copy,)) if first[0].span.start == 0 else edit
        assert [c.literal for e in compose(first, [moved]) for c in e.copied] == [None]


@pytest.mark.parametrize("span", [Span(1, 3), Span(3, 9), Span(0, 10)])
def test_an_edit_across_the_border_of_another_is_refused(span):
    with pytest.raises(CannotNarrow):
        compose([Edit(Span(2, 3), "(view)")], [Edit(span, "x")])


def test_edits_that_overlap_are_refused():
    with pytest.raises(CannotNarrow):
        apply_edits(b"abcdef", [Edit(Span(0, 3), "x"), Edit(Span(2, 4), "y")])
