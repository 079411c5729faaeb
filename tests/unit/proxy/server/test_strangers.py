"""Everybody who is kept out is counted, and the disk is not theirs to fill."""

import ast
import json
from pathlib import Path

import pytest

from proxy.errors import FengcunError, ProtocolViolation, UpstreamUnavailable
from proxy.server import strangers as module
from proxy.server.strangers import _BY_LABEL, Strangers
from proxy.telemetry.labels import NotLetIn
from proxy.telemetry.metrics import Metrics

PROXY = Path(__file__).parents[4] / "proxy"
# Those of errors that no opening can meet.
NEVER_THERE = {
    *("configuration", "demo", "internal", "ledger", "no-answer", "shutting-down", "witness"),
    *("certificate", "desk"),
}


class Recorder:
    def __init__(self):
        self.findings = []

    def finding(self, finding):
        self.findings.append(finding)


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def recorder():
    return Recorder()


@pytest.fixture
async def strangers(recorder, metrics):
    made = Strangers(recorder, metrics)
    yield made
    made.close()


def counted(metrics, reason):
    name = "fengcun_connections_not_let_in_total"
    return metrics.registry.get_sample_value(name, {"reason": reason.value})


def labels():
    """Every label that an error of this program has."""
    for path in PROXY.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Assign(
                    targets=[ast.Name(id="label")], value=ast.Constant(value=str() as label)
                ):
                    yield label


def test_every_error_that_keeps_somebody_out_has_a_reason():
    assert set(labels()) - NEVER_THERE == set(_BY_LABEL)


async def test_a_flood_is_a_few_entries_with_a_bounded_payload(strangers, recorder, metrics):
    for number in range(1_000):
        strangers.refused("28P01", f"10.0.{number % 250}.1", f"user{number}")
    strangers.sum_up()
    (finding,) = recorder.findings
    assert (finding.rule, finding.observed_count) == ("not-let-in-password", 1_000)
    assert sum(finding.content["sources"].values()) == 1_000
    assert len(json.dumps(finding.content)) < 4_000
    assert finding.content["users"]["..."] == 1_000 - 32
    assert counted(metrics, NotLetIn.PASSWORD) == 1_000


async def test_each_reason_is_an_entry_of_its_own_and_said_once(strangers, recorder):
    strangers.failed(ProtocolViolation("x"), "10.0.0.1")
    strangers.turned_away(NotLetIn.CROWDED, "10.0.0.1")
    strangers.refused("53300", "10.0.0.1", "user")
    strangers.sum_up()
    strangers.sum_up()
    assert [finding.rule for finding in recorder.findings] == [
        "not-let-in-protocol", "not-let-in-crowded", "not-let-in-database"
    ]  # fmt: skip


@pytest.mark.parametrize("reason", [NotLetIn.LEFT, NotLetIn.UPSTREAM, NotLetIn.PRINCIPAL])
async def test_what_says_nothing_of_a_client_is_counted_only(strangers, recorder, metrics, reason):
    strangers.turned_away(reason, "10.0.0.1")
    strangers.sum_up()
    assert (recorder.findings, counted(metrics, reason)) == ([], 1)


async def test_an_error_nobody_thought_of_is_counted_too(strangers, metrics):
    class New(FengcunError):
        label = "new"

    strangers.failed(New("x"), "10.0.0.1")
    strangers.failed(UpstreamUnavailable("x"), "10.0.0.1")
    assert counted(metrics, NotLetIn.INTERNAL) == counted(metrics, NotLetIn.UPSTREAM) == 1
    name = "fengcun_upstream_errors_total"
    assert metrics.registry.get_sample_value(name, {"kind": "upstream"}) == 1


async def test_while_it_goes_on_it_is_said_less_and_less_often(strangers, monkeypatch, recorder):
    asked = []

    class Loop:
        def call_later(self, seconds, _):
            asked.append(seconds)

    monkeypatch.setattr(module.asyncio, "get_running_loop", Loop)
    for _ in range(9):
        strangers.turned_away(NotLetIn.TIMEOUT, "10.0.0.1")
        strangers._due()
    assert len(recorder.findings) == 9
    assert asked[0] == 1.0
    assert max(asked) == 60.0
    strangers._due()
    strangers.turned_away(NotLetIn.TIMEOUT, "10.0.0.1")
    assert asked[-1] == 1.0
