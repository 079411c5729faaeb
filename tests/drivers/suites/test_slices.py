"""Some hundred of each driver's own tests, through the service: they come out as without it.

All of them: `make drivers`.
"""

from __future__ import annotations

import pytest

from tests.drivers.suites import report
from tests.drivers.suites.__main__ import EXPLANATIONS
from tests.drivers.suites.catalogue import SUITES, Suite
from tests.drivers.suites.outcomes import Outcome, read_explanations
from tests.drivers.suites.play import play
from tests.drivers.suites.sources import NotToBeHad

pytestmark = [pytest.mark.database, pytest.mark.slow]
REPEATS_COUNT = 2


@pytest.mark.parametrize("suite", SUITES, ids=[suite.name for suite in SUITES])
def test_a_driver_cannot_tell(suite: Suite) -> None:
    explanations = read_explanations(EXPLANATIONS.read_text(encoding="utf-8"))
    try:
        found = play(
            suite, None, explanations, arguments=suite.slice, repeats_count=REPEATS_COUNT,
            server="the tests' own", tell=print,
        )  # fmt: skip
    except NotToBeHad as reason:
        pytest.skip(f"the tests of {suite.name} {suite.version} cannot be had here: {reason}")
    told = [f"{d.test}: {d.direct}, {d.proxy}: {report.told(d)}" for d in found.differences]
    # What fails without the proxy, too, is this machine's affair; `make drivers` asks why.
    assert all(d.direct is Outcome.FAILED for d in found.unexplained), "\n".join(told)
    assert found.direct_count >= suite.slice_count_min
