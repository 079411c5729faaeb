"""Everything that is chosen has its Chinese word."""

from datetime import UTC, datetime

import pytest

from proxy.desk.front import words
from proxy.desk.model import (
    Application,
    Purpose,
    RefusalGround,
    RevocationReason,
    Standing,
    State,
)  # fmt: skip
from proxy.policy.permit import Scope


@pytest.mark.parametrize(
    ("name", "kind"),
    [("states", State), ("standings", Standing), ("purposes", Purpose), ("scopes", Scope),
     ("grounds", RefusalGround), ("reasons", RevocationReason)],
)  # fmt: skip
def test_every_choice_has_its_word_and_no_two_the_same(name, kind):
    options = words.options(name)
    assert {value for value, _ in options} == {each.value for each in kind}
    assert [words.called(kind(value)) for value, _ in options] == [text for _, text in options]
    assert len({text for _, text in options}) == len(kind)


def test_every_field_is_called_something():
    assert words.FIELDS.keys() == Application.__dataclass_fields__.keys()
    assert words.short("查询对象证件号码（每行一个）") == "查询对象证件号码"


def test_a_time_is_the_one_in_china():
    assert words.moment(datetime(2026, 3, 1, 16, 30, tzinfo=UTC)) == "2026-03-02 00:30"
    assert words.moment(None) == ""
