import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from enum import Enum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from proxy.names import RuleName
from proxy.policy.decision import StatementClass, Verdict
from proxy.telemetry import labels
from proxy.telemetry.labels import (
    ConnectionState,
    DeskLogin,
    Direction,
    NotLetIn,
    PermitStep,
    ReloadResult,
    ScanResult,
    WitnessFailure,
)
from proxy.telemetry.metrics import BYTES_STEP, ROWS_STEP, Metrics, exposition, forget_process
from tests.unit.proxy.policy.test_wording import every_name

ROOT = Path(__file__).parents[4]
DIGEST_OLD = "0" * 64
DIGEST_NEW = "1" * 64


def _families(metrics: Metrics) -> dict[str, object]:
    text = exposition(metrics).decode()
    return {family.name: family for family in text_string_to_metric_families(text)}


def _value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


def _exercise(metrics: Metrics) -> None:
    """Call every method once."""
    metrics.decided(Verdict.STRIP, RuleName("sealed-rows"), StatementClass.SELECT)
    metrics.unattributed("case-application")
    metrics.over_budget("query-desk")
    metrics.held(0.001)
    metrics.added_latency(0.001)
    metrics.planned(0.001)
    metrics.ledger_committed(0.001)
    metrics.ledger_lag(3)
    metrics.ledger_failed()
    metrics.connection_moved(None, ConnectionState.STARTING)
    metrics.rows_released(ROWS_STEP)
    metrics.bytes_released(Direction.TO_CLIENT, BYTES_STEP)
    metrics.protocol_violated("protocol")
    metrics.upstream_failed("upstream")
    metrics.not_let_in(NotLetIn.TIMEOUT)
    metrics.witness_cosigned(7, 1_700_000_000.0)
    metrics.witness_failed(WitnessFailure.UNPROVEN)
    metrics.policy_read(ReloadResult.APPLIED)
    metrics.scanned(ScanResult.DONE, 1_700_000_000.0)
    metrics.policy_in_force(DIGEST_OLD)
    metrics.catalogue_loaded("archive", 1_700_000_000.0)
    metrics.policy_fits(fits=False)
    metrics.policy_seals(nothing=True)
    metrics.permit_moved(PermitStep.GRANTED)
    metrics.permits_in_force(1)
    metrics.permits_unusable(1)
    metrics.desk_login(DeskLogin.REFUSED)


def _public() -> set[str]:
    return {name for name in vars(Metrics) if not name.startswith("_")}


def test_the_exercise_reaches_every_method():
    assert _public() <= set(_exercise.__code__.co_names)


def _called(module: ast.Module) -> Iterator[str]:
    """What a source calls of metrics. Others have methods of these names, so it counts whose."""
    for node in ast.walk(module):
        match node:
            case ast.Call(func=ast.Attribute(
                value=ast.Name(id=owner) | ast.Attribute(attr=owner), attr=name
            )) if owner.lstrip("_") == "metrics":  # fmt: skip
                yield name


def _labels_used(module: ast.Module) -> Iterator[tuple[str, str]]:
    for node in ast.walk(module):
        match node:
            case ast.Attribute(value=ast.Name(id=label), attr=member):
                yield label, member


def _sources() -> list[ast.Module]:
    """What the service is made of, without what defines the metrics."""
    paths = (path for path in (ROOT / "proxy").rglob("*.py") if path.parent.name != "telemetry")
    return [ast.parse(path.read_text(encoding="utf-8")) for path in paths]


def test_the_service_moves_every_metric():
    called = {name for module in _sources() for name in _called(module)}
    assert _public() - called == set(), "nothing in proxy/ counts this"


def test_the_service_uses_every_label_of_a_closed_set():
    closed = {
        (kind.__name__, member.name)
        for kind in vars(labels).values()
        if isinstance(kind, type) and issubclass(kind, Enum)
        for member in kind
    }
    used = {each for module in _sources() for each in _labels_used(module)}
    assert len(closed) > 5
    assert closed - used == set(), "nothing in proxy/ counts under this"


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("self._metrics.held(1.0)", {"held"}),
        ("self._recorder.metrics.held(1.0)", {"held"}),
        ("metrics.held(1.0)", {"held"}),
        ("self._session.held(1.0)", set()),
        ("self._metrics.held", set()),
        ("def held(self): ...", set()),
    ],
)
def test_only_a_call_of_metrics_moves_one(text, names):
    assert set(_called(ast.parse(text))) == names


def test_every_family_moves_when_it_is_used():
    metrics = Metrics()
    _exercise(metrics)
    still = [
        family.name
        for family in metrics.registry.collect()
        if not any(sample.value for sample in family.samples if "_created" not in sample.name)
    ]
    assert still == []


def test_a_decision_is_counted_under_its_verdict_rule_and_class():
    metrics = Metrics()
    metrics.decided(Verdict.REFUSE, RuleName("bulk"), StatementClass.SELECT)
    labels = {"verdict": "refuse", "rule": "bulk", "statement_class": "select"}
    assert _value(metrics, "fengcun_decisions_total", **labels) == 1


def test_every_rule_of_the_code_is_a_label_of_its_own():
    metrics = Metrics()
    for name in every_name():
        metrics.decided(Verdict.REFUSE, RuleName(name), StatementClass.OTHER)
    (family,) = (f for f in metrics.registry.collect() if f.name == "fengcun_decisions")
    assert {sample.labels["rule"] for sample in family.samples} == every_name()


@pytest.mark.parametrize("result", ReloadResult)
def test_a_policy_that_was_read_is_an_increase_the_first_time_too(result):
    metrics = Metrics()
    labels = {"result": result.value}
    assert _value(metrics, "fengcun_policy_reloads_total", **labels) == 0
    metrics.policy_read(result)
    assert _value(metrics, "fengcun_policy_reloads_total", **labels) == 1


@pytest.mark.parametrize("text", ["张三", "SELECT 1", "11010119900101123X", "a" * 41, "x'y"])
def test_no_text_of_a_statement_becomes_a_label(text):
    metrics = Metrics()
    metrics.decided(Verdict.REFUSE, RuleName(text), StatementClass.OTHER)
    metrics.protocol_violated(text)
    metrics.upstream_failed(text)
    metrics.catalogue_loaded(text, 1.0)
    assert text not in exposition(metrics).decode()


@pytest.mark.parametrize("digest", ["", "张三", "A" * 64, "0" * 15, "0" * 64 + "\n"])
def test_a_policy_is_labelled_by_its_digest_only(digest):
    with pytest.raises(ValueError):
        Metrics().policy_in_force(digest)


def test_one_policy_is_in_force():
    metrics = Metrics()
    metrics.policy_in_force(DIGEST_OLD)
    metrics.policy_in_force(DIGEST_NEW, previous=DIGEST_OLD)
    assert _value(metrics, "fengcun_policy_info", digest=DIGEST_OLD[:16]) == 0
    assert _value(metrics, "fengcun_policy_info", digest=DIGEST_NEW[:16]) == 1


def test_the_labels_are_a_closed_list_and_name_no_client():
    labels = {
        label
        for family in _exercised().registry.collect()
        for sample in family.samples
        for label in sample.labels
    }
    assert labels == {
        *("verdict", "rule", "statement_class", "state", "direction"),
        *("kind", "reason", "result", "digest", "le"),
        "principal",  # of decisions that nobody is named for, which depends on no data
    }


def _exercised() -> Metrics:
    metrics = Metrics()
    _exercise(metrics)
    return metrics


@pytest.mark.requirement("G11")
def test_nothing_counts_what_was_withheld():
    words = ("strip", "withheld", "hidden", "sealed", "removed", "filtered", "masked")
    assert [name for name in _families(Metrics()) if any(word in name for word in words)] == []


@given(st.lists(st.integers(0, 5_000), max_size=40))
def test_rows_show_whole_steps_only_and_lose_none(amounts):
    metrics = Metrics()
    for amount in amounts:
        metrics.rows_released(amount)
    shown = _value(metrics, "fengcun_rows_released_total")
    assert shown == sum(amounts) // ROWS_STEP * ROWS_STEP


def test_a_look_up_that_finds_a_row_looks_like_one_that_finds_none():
    found, empty = Metrics(), Metrics()
    found.rows_released(1)
    found.bytes_released(Direction.TO_CLIENT, 180)
    empty.rows_released(0)
    empty.bytes_released(Direction.TO_CLIENT, 40)
    for name in ("fengcun_rows_released_total", "fengcun_bytes_released_total"):
        labels = {"direction": "to-client"} if "bytes" in name else {}
        assert _value(found, name, **labels) == _value(empty, name, **labels)


def test_connections_move_between_states_and_close():
    metrics = Metrics()
    metrics.connection_moved(None, ConnectionState.STARTING)
    metrics.connection_moved(ConnectionState.STARTING, ConnectionState.SERVED)
    assert _value(metrics, "fengcun_connections", state="starting") == 0
    assert _value(metrics, "fengcun_connections", state="served") == 1
    metrics.connection_moved(ConnectionState.SERVED, None)
    assert _value(metrics, "fengcun_connections", state="served") == 0
    assert _value(metrics, "fengcun_connections_accepted_total") == 1


def test_the_oldest_catalogue_is_the_one_shown():
    metrics = Metrics()
    metrics.catalogue_loaded("archive", 100.0)
    metrics.catalogue_loaded("registry", 50.0)
    assert _value(metrics, "fengcun_catalogue_loaded_timestamp_seconds") == 50.0
    metrics.catalogue_loaded("registry", 200.0)
    assert _value(metrics, "fengcun_catalogue_loaded_timestamp_seconds") == 100.0


WORKER = """
import os, sys
from proxy.telemetry.labels import ReloadResult
from proxy.telemetry.metrics import Metrics, exposition, forget_process
metrics = Metrics()
metrics.policy_read(ReloadResult.APPLIED)
metrics.ledger_lag(5)
metrics.catalogue_loaded("archive", float(sys.argv[1]))
for process_id in sys.argv[2:]:
    forget_process(int(process_id))
print(os.getpid())
print(exposition(metrics).decode())
"""


def test_workers_that_share_a_directory_are_scraped_as_one(tmp_path):
    environment = {**os.environ, "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}

    def work(*arguments: str) -> tuple[str, str]:
        done = subprocess.run(
            [sys.executable, "-c", WORKER, *arguments],
            env=environment,
            check=True,
            capture_output=True,
            text=True,
        )
        process_id, _, text = done.stdout.partition("\n")
        return process_id, text

    first, alone = work("200")
    assert 'fengcun_policy_reloads_total{result="applied"} 1.0' in alone

    second, both = work("100")
    assert 'fengcun_policy_reloads_total{result="applied"} 2.0' in both
    assert "fengcun_ledger_lag_entries 10.0" in both
    assert "fengcun_catalogue_loaded_timestamp_seconds 100.0" in both

    _, survivor = work("300", first, second)
    assert 'fengcun_policy_reloads_total{result="applied"} 3.0' in survivor
    assert "fengcun_ledger_lag_entries 5.0" in survivor


STARTER = """
import os, subprocess, sys
from proxy.telemetry.labels import ReloadResult
from proxy.telemetry.metrics import Metrics, SHARED_DIRECTORY, exposition, shared_metrics
with shared_metrics():
    metrics = Metrics()
    metrics.policy_read(ReloadResult.APPLIED)
    subprocess.run([sys.executable, "-c", sys.argv[1], "200"], check=True, capture_output=True)
    print(exposition(metrics).decode())
    directory = os.environ[SHARED_DIRECTORY]
print(SHARED_DIRECTORY in os.environ, os.path.exists(directory))
"""


@pytest.mark.parametrize("named", [True, False], ids=["named", "temporary"])
def test_who_starts_workers_is_scraped_with_them(tmp_path, named):
    (tmp_path / "counter_1.db").write_bytes(b"of an earlier run")
    environment = {k: v for k, v in os.environ.items() if k != "PROMETHEUS_MULTIPROC_DIR"}
    if named:
        environment["PROMETHEUS_MULTIPROC_DIR"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", STARTER, WORKER],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    assert 'fengcun_policy_reloads_total{result="applied"} 2.0' in done.stdout
    assert "fengcun_ledger_lag_entries 5.0" in done.stdout
    assert done.stdout.endswith(f"{named} {named}\n")


def test_forgetting_a_process_is_harmless_where_there_are_no_workers(monkeypatch):
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    forget_process(1)
    assert exposition(Metrics())
