from proxy.policy.limits import DAY_SECONDS, NO_LIMITS, YEAR_SECONDS, Limits


def test_only_what_is_set_is_counted():
    limits = Limits(subjects_per_day=3, subjects_per_year=9)
    assert limits.windows == {DAY_SECONDS: 3, YEAR_SECONDS: 9}
    assert limits.any
    assert limits.counts
    assert not NO_LIMITS.any


def test_a_limit_of_one_statement_needs_no_counting():
    assert not Limits(rows_per_statement=5, subjects_per_statement=2).counts
    assert Limits(operators_per_day=5).counts
    assert Limits(subjects_per_case=2, cases_per_day=3).of_cases == {YEAR_SECONDS: 2}
