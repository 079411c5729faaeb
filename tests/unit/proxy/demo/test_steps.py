"""Without Fengcun in between nothing is hidden: then each step must refuse to claim that it is."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest

from proxy.demo import steps
from proxy.demo.agency import Agency, Ports
from proxy.demo.scene import ClaimFailed, Entry
from proxy.demo.steps import (
    Stage,
    drip_meets_the_budget,
    platform_is_refused,
    police_open_a_file,
    statistics_leave_them_out,
    writes_miss_what_is_sealed,
)

STEPS = [
    police_open_a_file,
    statistics_leave_them_out,
    writes_miss_what_is_sealed,
    platform_is_refused,
    drip_meets_the_budget,
]


@pytest.fixture(scope="module")
def unprotected(demo, tmp_path_factory) -> Stage:
    port = demo.cluster.port
    agency = Agency(tmp_path_factory.mktemp("agency"))
    agency.configure(Ports(port, port, port, port))
    return Stage(agency, demo.register, demo.cast, port, port, port)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_step_claims_nothing_that_is_not_so(unprotected, step):
    with pytest.raises(ClaimFailed):
        step(unprotected)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.__name__)
def test_a_step_claims_nothing_about_an_empty_database(unprotected, demo, step):
    nobody = replace(demo.cast.minor, id_no="", judgment_no="", name="")
    cast = replace(demo.cast, case_no="", minor=nobody)
    empty = replace(unprotected, register=type(demo.register)(), cast=cast)
    with pytest.raises(ClaimFailed):
        step(empty)


class Log:
    """A ledger that publishes one entry more each time that somebody looks."""

    def __init__(self, *verdicts: str) -> None:
        self.looked_count = 0
        self._entries = [Entry(5 + n, "decision", {"verdict": v}) for n, v in enumerate(verdicts)]

    def entries(self, *kinds, start):
        assert kinds == ("decision",)
        self.looked_count += 1
        return tuple(each for each in self._entries[: self.looked_count] if each.index >= start)


def looking_at(log: Log, stage: Stage) -> Stage:
    return replace(stage, agency=cast(Agency, log), seen=5)


def test_entries_are_waited_for_and_looked_at_once(unprotected, monkeypatch):
    monkeypatch.setattr(steps, "_LOOK_AGAIN_SECONDS", 0.0)
    stage = looking_at(log := Log("pass", "strip", "refuse"), unprotected)
    assert stage.recorded("strip", count=2).index == 6
    assert (stage.seen, log.looked_count) == (7, 2)
    assert stage.recorded("refuse").index == 7


def test_an_entry_that_does_not_come_is_no_proof(unprotected, monkeypatch):
    monkeypatch.setattr(steps, "_PUBLISHED_SECONDS_MAX", 0.0)
    with pytest.raises(ClaimFailed, match="what was just done"):
        looking_at(Log(), unprotected).recorded("strip")


def test_an_entry_more_or_another_verdict_is_no_proof(unprotected):
    log = Log("strip", "refuse")
    log.looked_count = 1
    with pytest.raises(ClaimFailed, match="nothing else"):
        looking_at(log, unprotected).recorded("strip")
    with pytest.raises(ClaimFailed, match="says refuse"):
        looking_at(Log("strip"), unprotected).recorded("refuse")
