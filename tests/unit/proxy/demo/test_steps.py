"""Without Fengcun in between nothing is hidden: then each step must refuse to claim that it is."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from proxy.demo.agency import Agency
from proxy.demo.scene import ClaimFailed
from proxy.demo.steps import (
    Stage,
    desk_opens_a_file,
    platform_is_refused,
    sealed_means_absent,
    statistics_leave_them_out,
    writes_miss_what_is_sealed,
)

STEPS = [
    desk_opens_a_file,
    platform_is_refused,
    sealed_means_absent,
    statistics_leave_them_out,
    writes_miss_what_is_sealed,
]


@pytest.fixture
def unprotected(demo) -> Stage:
    port = demo.cluster.port
    return Stage(Agency(Path("/nowhere")), demo.register, demo.cast, port, port)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_step_claims_nothing_that_is_not_so(unprotected, step):
    with pytest.raises(ClaimFailed):
        step(unprotected)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_step_claims_nothing_about_an_empty_database(unprotected, demo, step):
    nobody = replace(demo.cast.minor, id_no="", judgment_no="", name="")
    cast = replace(demo.cast, case_no="", minor=nobody)
    empty = Stage(unprotected.agency, type(demo.register)(), cast, *[demo.cluster.port] * 2)
    with pytest.raises(ClaimFailed):
        step(empty)
