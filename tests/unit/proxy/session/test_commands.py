import pytest

from proxy.session.commands import Unit
from proxy.session.plan import Grant


@pytest.mark.parametrize(
    ("grant", "rows_count", "spent_count"),
    [
        (None, 5, 0),
        (Grant(), 5, 0),
        (Grant(rows_max=9, reserved=18, weight=2), 5, 10),
        (Grant(rows_max=9, reserved=18, weight=2), 0, 0),
        (Grant(rows_max=9, reserved=19, weight=2), 10, 19),
    ],
)
def test_a_unit_spends_what_its_rows_are_about_and_no_more_than_was_set_aside(
    grant, rows_count, spent_count
):
    assert Unit(1, rows_count=rows_count, grant=grant).spent_count == spent_count
