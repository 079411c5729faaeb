"""Reports are read as pytest writes them, and nothing that differs is lost on the way."""

from __future__ import annotations

import pytest

from tests.drivers.suites import report
from tests.drivers.suites.outcomes import (
    Comparison,
    Difference,
    Explanation,
    Outcome,
    compare,
    differing,
    read_explanations,
    read_report,
)

PASSED, FAILED, SKIPPED, MISSING = (
    Outcome.PASSED,
    Outcome.FAILED,
    Outcome.SKIPPED,
    Outcome.MISSING,
)
REPORT = """\
<testsuites><testsuite>
<testcase classname="tests.test_a.TestB" name="test_c" file="tests/test_a.py"/>
<testcase classname="tests.test_a" name="test_d[a.b::c]" file="tests/test_a.py">
  <failure message="assert 1 == 2&#10;more">text</failure></testcase>
<testcase classname="tests.test_a" name="test_e" file="tests/test_a.py">
  <skipped message="not here"/></testcase>
<testcase classname="tests.test_a" name="test_f" file="tests/test_a.py"/>
<testcase classname="tests.test_a" name="test_f" file="tests/test_a.py">
  <error message="in its end"/></testcase>
</testsuite></testsuites>
"""


def test_a_report_becomes_outcomes_by_the_names_that_pytest_takes():
    outcomes, messages = read_report(REPORT)
    assert outcomes == {
        "tests/test_a.py::TestB::test_c": PASSED,
        "tests/test_a.py::test_d[a.b::c]": FAILED,
        "tests/test_a.py::test_e": SKIPPED,
        "tests/test_a.py::test_f": FAILED,
    }
    assert messages["tests/test_a.py::test_d[a.b::c]"] == "assert 1 == 2"


def test_a_test_that_one_side_lacks_differs():
    assert differing({"a": PASSED, "b": PASSED}, {"a": PASSED}) == ["b"]
    assert differing({"a": PASSED}, {"a": SKIPPED}) == ["a"]


@pytest.mark.parametrize(
    ("direct", "proxy", "again", "flaky", "lost"),
    [
        (PASSED, FAILED, [], False, True),
        (PASSED, FAILED, [(PASSED, FAILED)] * 2, False, True),
        (PASSED, FAILED, [(PASSED, PASSED)] * 2, True, False),
        (PASSED, FAILED, [(PASSED, PASSED), (PASSED, FAILED)], False, True),
        (PASSED, FAILED, [(FAILED, FAILED), (PASSED, FAILED)], True, False),
        (PASSED, MISSING, [(PASSED, MISSING)], False, True),
        (PASSED, SKIPPED, [(PASSED, SKIPPED)], False, True),
        (FAILED, PASSED, [(FAILED, PASSED)], False, False),
        (FAILED, PASSED, [(PASSED, PASSED)], True, False),
    ],
)
def test_what_is_unsteady_behind_the_proxy_alone_is_lost(direct, proxy, again, flaky, lost):
    difference = Difference("t", direct, proxy, again=again)
    assert (difference.flaky, difference.lost) == (flaky, lost)


def test_repeats_and_messages_are_kept_with_the_difference():
    (found,) = compare({"a": PASSED}, {"a": FAILED}, [({"a": PASSED}, {})], {"a": "why"})
    assert (found.message, found.again) == ("why", [(PASSED, MISSING)])


def test_an_explanation_covers_its_own_suite_and_names():
    text = '[[difference]]\nsuite = "a"\ntest = "tests/t.py::*"\nreason = "because"\n'
    (one,) = read_explanations(text)
    assert one.covers("a", "tests/t.py::test_b")
    assert not one.covers("b", "tests/t.py::test_b")
    assert not one.covers("a", "tests/u.py::test_b")
    assert not Explanation("a", "t", "because").covers("a", "t2")


def compared(*differences: Difference, direct_count: int = 1000) -> Comparison:
    return Comparison("a", "1", "15", 1000, direct_count, 0, differences)


@pytest.mark.parametrize(
    ("comparison", "passes"),
    [
        (compared(), True),
        (compared(direct_count=0), False),
        (compared(Difference("t", PASSED, FAILED)), False),
        (compared(Difference("t", FAILED, PASSED)), False),
        (compared(Difference("t", PASSED, FAILED, reason="known")), True),
        (compared(*[Difference("t", PASSED, FAILED, reason="known")] * 6), False),
        (compared(Difference("t", PASSED, FAILED, again=[(PASSED, PASSED)])), True),
    ],
)
def test_a_run_passes_when_all_is_explained_and_little_is_lost(comparison, passes):
    assert report.passes([comparison]) is passes
    assert report.as_json([comparison])["passes"] is passes


def test_a_run_of_nothing_does_not_pass():
    assert not report.passes([])
