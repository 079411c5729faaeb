import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.portal.index.model import Counted, Named, Position, Query, Role, Tally, total

NAMES = st.text(st.characters(codec="utf-8", exclude_characters=":,"), min_size=1, max_size=40)


@given(st.dictionaries(NAMES, st.integers(0, 10**15), max_size=5))
def test_a_position_is_the_same_again(numbers: dict[str, int]):
    position = Position.of(numbers)
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    "text",
    [
        ",",
        "a",
        "a:",
        "a:-1",
        "a:01",
        "a:1,",
        "a:1,a:2",
        "a:1:2",
        ":1",
        f"a:{'9' * 17}",
        "a:1" * 2000,
    ],
)
def test_what_is_no_position_is_refused(text: str):
    with pytest.raises(FormatError):
        Position.parse(text)


@given(st.text(max_size=60))
def test_any_text_is_a_position_or_refused(text: str):
    try:
        position = Position.parse(text)
    except FormatError:
        return
    assert Position.parse(str(position)) == position


@pytest.mark.parametrize(
    "text", ["", "2026-01-01", "2026-01-01T00:00:00Z", "2026-01-01 00:00:00.000Z"]
)
def test_a_query_takes_times_as_entries_have_them(text: str):
    with pytest.raises(FormatError):
        Query(until=text)
    assert Query(since="2026-01-01T00:00:00.000Z").since


@pytest.mark.parametrize("text", ["", "0" * 31, "A" * 32, "0" * 33, "zhang san"])
def test_a_pseudonym_is_32_digits(text: str):
    with pytest.raises(FormatError):
        Named(Role.PERSON, ("0" * 32, text))


def test_a_tally_begins_and_ends_on_the_hour():
    assert Tally(since="2026-01-01T05:00:00.000Z").since
    for text in ("2026-01-01T05:30:00.000Z", "2026-01-01T05:00:00.001Z", "05:00:00.000Z"):
        with pytest.raises(FormatError):
            Tally(until=text)


def test_a_total_is_of_entries():
    assert total([Counted("", "a", 2, 9), Counted("", "b", 3, 0)]) == 5
