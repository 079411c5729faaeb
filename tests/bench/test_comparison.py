"""The arithmetic behind the tables."""

import pytest

from tests.bench.comparison import DIRECT, FENGCUN, PGBOUNCER, Comparison, Goal, Latency, percentile


def compared(**rounds: list[float]) -> Comparison:
    return Comparison("look-up", "simple", 1, "statements/s", rounds)


def test_a_share_is_the_median_of_ratios_and_not_the_ratio_of_medians():
    # The machine was twice as slow in the second round, for both.
    one = compared(pgbouncer=[100, 50, 80], fengcun=[50, 25, 72])
    assert one.share(PGBOUNCER) == 0.5
    assert one.median(FENGCUN) / one.median(PGBOUNCER) != 0.5


def test_nothing_is_said_of_who_did_not_run():
    one = compared(direct=[100], fengcun=[50])
    assert one.share(PGBOUNCER) is None
    assert one.median(PGBOUNCER) is None


def test_a_round_that_is_missing_is_a_mistake():
    with pytest.raises(ValueError):
        compared(pgbouncer=[100, 50], fengcun=[50]).share(PGBOUNCER)


def test_added_latency_is_counted_from_the_database_alone():
    one = Latency("look-up", "simple", {DIRECT: [100, 200, 300], FENGCUN: [900, 1000, 1100]})
    assert one.added_us(50) == 800


@pytest.mark.parametrize(
    ("percent", "expected"), [(50, 50), (99, 99), (100, 100), (0, 1), (1, 1), (1.5, 2)]
)
def test_a_percentile_is_one_of_the_samples(percent, expected):
    assert percentile([*range(100, 0, -1)], percent) == expected


@pytest.mark.parametrize(
    ("measured", "at_least", "met"),
    [(0.8, True, True), (0.79, True, False), (0.8, False, True), (0.81, False, False),
     (None, True, None)],
)  # fmt: skip
def test_a_goal_is_met_at_its_bound(measured, at_least, met):
    assert Goal("goal", measured, 0.8, at_least).met is met
