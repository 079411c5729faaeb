import pytest

from ledger.portal.leads.model import Limits


@pytest.mark.parametrize(
    "wrong",
    [
        {"opens": 20, "closes": 8},
        {"opens": 8, "closes": 8},
        {"closes": 25},
        {"opens": -1},
        {"refused_count": 0},
        {"before_certificate_days": 0},
    ],
)
def test_limits_that_mean_nothing_are_refused(wrong):
    with pytest.raises(ValueError, match=r"office|at least"):
        Limits(**wrong)


def test_an_office_may_be_open_day_and_night():
    assert Limits(opens=0, closes=24).opens == 0
