"""Every metric of the data path, behind methods that only take what a label may carry.

What is not counted matters as much as what is. There is no count of rows that were withheld, for
anyone: whoever can read it could ask for a name and watch the number move. For the same reason no
metric that data can move is labelled by client or principal (who is not named does not depend on
data), and rows and bytes are totals that move in coarse steps:
between two scrapes nobody learns whether somebody's look-up found one row or none.

Under ``PROMETHEUS_MULTIPROC_DIR`` (see `exposition`) the values live in one file per process and
are merged when scraped; gauges name the way they merge.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client import values as storage
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from proxy.names import RuleName
from proxy.policy.decision import StatementClass, Verdict
from proxy.telemetry.labels import (
    ConnectionState,
    DeskLogin,
    Direction,
    NotLetIn,
    PermitStep,
    ReloadResult,
    ScanResult,
    TokenSet,
    WitnessFailure,
)

SHARED_DIRECTORY: Final = "PROMETHEUS_MULTIPROC_DIR"

ROWS_STEP: Final = 1_000
BYTES_STEP: Final = 1_048_576

_RULES_MAX: Final = 128
_KINDS_MAX: Final = 32
_PRINCIPALS_MAX: Final = 128
_DIGEST: Final = re.compile(r"[0-9a-f]{16,}")
_DIGEST_SHOWN: Final = 16

_PLAN_SECONDS: Final = (1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0)
_WAIT_SECONDS: Final = (1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.5, 2.5)


GaugeMerge = Literal["livesum", "livemax", "livemin"]
"""How a gauge is made one over all living processes."""


class CoarseCounter:
    """Publishes a total in whole steps and keeps the remainder to itself."""

    def __init__(self, counter: Counter, *, step: int) -> None:
        self._counter = counter
        self._step = step
        self._unpublished = 0

    def add(self, amount: int) -> None:
        """Count `amount` (rows or bytes, not negative)."""
        whole, self._unpublished = divmod(self._unpublished + amount, self._step)
        if whole:
            self._counter.inc(whole * self._step)


class Metrics:
    """The metrics of one process, in a registry of their own.

    Durations are seconds, as Prometheus wants them; counts are since the start of the process.
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        make = _Maker(self.registry)
        self._make_decisions(make)
        self._plan = make.histogram("plan_seconds", "Time to make a plan.", _PLAN_SECONDS)
        self._added_latency = make.histogram(
            "added_latency_seconds", "Time a statement spent in the proxy.", _WAIT_SECONDS
        )
        self._held = make.histogram(
            "held_seconds", "Time an answer waited for its durable record.", _WAIT_SECONDS
        )
        self._ledger_commit = make.histogram(
            "ledger_commit_seconds", "Time from submission to durable.", _WAIT_SECONDS
        )
        self._ledger_lag = make.gauge(
            "ledger_lag_entries", "Entries submitted and not yet durable.", "livesum"
        )
        self._ledger_failed = make.gauge("ledger_failed", "1 once appending failed.", "livemax")
        self._make_witness(make)
        self._make_jobs(make)
        self._make_desk(make)
        self._make_connections(make)
        self._upstream_errors = make.counter(
            "upstream_errors", "Failures to reach or understand the database.", "kind"
        )
        rows = make.counter("rows_released", "Rows sent to clients, in steps of 1,000.")
        sent = make.counter("bytes_released", "Bytes relayed, in steps of 1 MiB.", "direction")
        self._rows = CoarseCounter(rows, step=ROWS_STEP)
        self._bytes = {
            direction: CoarseCounter(sent.labels(direction.value), step=BYTES_STEP)
            for direction in Direction
        }
        self._policy_info = make.gauge(
            "policy_info", "1 for the policy in force, 0 for earlier ones.", "livemax", "digest"
        )
        self._catalogue_loaded = make.gauge(
            "catalogue_loaded_timestamp_seconds", "When the oldest was last read.", "livemin"
        )
        self._catalogue_times: dict[str, float] = {}
        self._policy_unfit = make.gauge("policy_unfit", "1: a database changed.", "livemax")
        self._seals_nothing = make.gauge("policy_seals_nothing", "1: all is passed.", "livemax")
        self._rules = TokenSet(distinct_max=_RULES_MAX)
        self._principals = TokenSet(distinct_max=_PRINCIPALS_MAX)
        self._violation_kinds = TokenSet(distinct_max=_KINDS_MAX)
        self._upstream_kinds = TokenSet(distinct_max=_KINDS_MAX)

    def _make_decisions(self, make: _Maker) -> None:
        self._decisions = make.counter(
            "decisions", "Statements judged.", "verdict", "rule", "statement_class"
        )
        self._unattributed = make.counter(
            "decisions_unattributed", "About protected relations, by nobody named.", "principal"
        )
        self._over_budget = make.counter(
            "budget_refusals", "Statements refused for asking for too many people.", "principal"
        )

    def _make_witness(self, make: _Maker) -> None:
        self._witness_time = make.gauge(
            "witness_cosigned_timestamp_seconds", "When a cosignature came last.", "livemax"
        )
        self._witness_size = make.gauge(
            "witness_cosigned_entries", "Entries under the last cosignature.", "livemax"
        )
        self._witness_failures = make.counter(
            "witness_failures", "Times that the witness was asked and did not cosign.", "kind"
        )
        for kind in WitnessFailure:
            self._witness_failures.labels(kind.value)

    def _make_connections(self, make: _Maker) -> None:
        self._connections = make.gauge("connections", "Open connections.", "livesum", "state")
        self._accepted = make.counter("connections_accepted", "Client connections accepted.")
        self._not_let_in = make.counter(
            "connections_not_let_in", "Connections that never became a session.", "reason"
        )
        self._protocol_violations = make.counter(
            "protocol_violations", "Clients that broke the protocol before a session.", "kind"
        )

    def _make_desk(self, make: _Maker) -> None:
        self._permit_steps = make.counter("permit_steps", "Steps of applications.", "kind")
        for step in PermitStep:
            self._permit_steps.labels(step.value)
        self._permits_in_force = make.gauge("permits_in_force", "Permits in force.", "livemax")
        self._permits_unusable = make.gauge(
            "permits_unusable", "In the ledger, without their dossier as recorded.", "livemax"
        )
        self._desk_logins = make.counter("desk_logins", "Passwords of officers tried.", "result")
        for login in DeskLogin:
            self._desk_logins.labels(login.value)

    def permit_moved(self, step: PermitStep) -> None:
        """A step of an application is durable."""
        self._permit_steps.labels(step.value).inc()

    def permits_in_force(self, permits_count: int) -> None:
        """So many permits are in force now."""
        self._permits_in_force.set(permits_count)

    def permits_unusable(self, permits_count: int) -> None:
        """So many that were granted are not in force, since the desk's files are not theirs."""
        self._permits_unusable.set(permits_count)

    def desk_login(self, result: DeskLogin) -> None:
        """An officer's password was tried at the desk."""
        self._desk_logins.labels(result.value).inc()

    def _make_jobs(self, make: _Maker) -> None:
        self._policy_reloads = make.counter("policy_reloads", "Policy files read.", "result")
        # Nobody sees an increase to 1 from nothing, and the first mistake is worth an alert.
        for result in ReloadResult:
            self._policy_reloads.labels(result.value)
        self._scans = make.counter("scans", "Scans for findings that ended.", "result")
        for ended in ScanResult:
            self._scans.labels(ended.value)
        self._scanned = make.gauge(
            "scan_done_timestamp_seconds", "When a scan last found out everything.", "livemax"
        )

    def decided(self, verdict: Verdict, rule: RuleName, statement_class: StatementClass) -> None:
        """One statement was judged."""
        self._decisions.labels(verdict.value, self._rules.label(rule), statement_class.value).inc()

    def unattributed(self, principal: str) -> None:
        """A statement on protected relations was judged, and nobody is named who asked."""
        self._unattributed.labels(self._principals.label(principal)).inc()

    def over_budget(self, principal: str) -> None:
        """A statement was refused because of how many people were asked for before."""
        self._over_budget.labels(self._principals.label(principal)).inc()

    def held(self, seconds: float) -> None:
        """An answer was ready and had to wait this long for its record."""
        self._held.observe(seconds)

    def added_latency(self, seconds: float) -> None:
        """A statement took this long beyond what the database took."""
        self._added_latency.observe(seconds)

    def planned(self, seconds: float) -> None:
        """A plan was made, as none was known for the text or its shape."""
        self._plan.observe(seconds)

    def ledger_committed(self, seconds: float) -> None:
        """A batch became durable this long after it was submitted."""
        self._ledger_commit.observe(seconds)

    def ledger_lag(self, entries_count: int) -> None:
        """So many entries are submitted and not durable."""
        self._ledger_lag.set(entries_count)

    def ledger_failed(self) -> None:
        """The ledger cannot append; never taken back while the process lives."""
        self._ledger_failed.set(1)

    def witness_cosigned(self, entries_count: int, at_seconds: float) -> None:
        """The witness vouches for so many entries, since this Unix time."""
        self._witness_size.set(entries_count)
        self._witness_time.set(at_seconds)

    def witness_failed(self, kind: WitnessFailure) -> None:
        """The witness was to cosign, and did not."""
        self._witness_failures.labels(kind.value).inc()

    def connection_moved(
        self, before: ConnectionState | None, after: ConnectionState | None
    ) -> None:
        """A connection changed its state; None stands for not open."""
        if before is not None:
            self._connections.labels(before.value).dec()
        else:
            self._accepted.inc()
        if after is not None:
            self._connections.labels(after.value).inc()

    def not_let_in(self, reason: NotLetIn, count: int = 1) -> None:
        """Connections ended before they were sessions."""
        self._not_let_in.labels(reason.value).inc(count)

    def rows_released(self, rows_count: int) -> None:
        """Rows went to a client."""
        self._rows.add(rows_count)

    def bytes_released(self, direction: Direction, bytes_count: int) -> None:
        """Bytes were relayed."""
        self._bytes[direction].add(bytes_count)

    def protocol_violated(self, kind: str) -> None:
        """A client broke the protocol before it had a session; in one, that is a decision."""
        self._protocol_violations.labels(self._violation_kinds.label(kind)).inc()

    def upstream_failed(self, kind: str) -> None:
        """The database could not be reached, or answered outside its protocol."""
        self._upstream_errors.labels(self._upstream_kinds.label(kind)).inc()

    def policy_read(self, result: ReloadResult) -> None:
        """A policy file was read again."""
        self._policy_reloads.labels(result.value).inc()

    def policy_in_force(self, digest: str, *, previous: str | None = None) -> None:
        """The policy with this hex digest took effect instead of `previous`.

        Raises `ValueError` for anything but lower-case hex: a digest is ours to compute.
        """
        if previous is not None:
            self._policy_info.labels(_shown(previous)).set(0)
        self._policy_info.labels(_shown(digest)).set(1)

    def scanned(self, result: ScanResult, at_seconds: float) -> None:
        """A scan ended at this Unix time. What it found is counted nowhere."""
        self._scans.labels(result.value).inc()
        if result is ScanResult.DONE:
            self._scanned.set(at_seconds)

    def catalogue_loaded(self, database: str, at_seconds: float) -> None:
        """The catalogue of `database` was read, or found unchanged, at this Unix time.

        The name of the database goes in no label.
        """
        self._catalogue_times[database] = at_seconds
        self._catalogue_loaded.set(min(self._catalogue_times.values()))

    def policy_seals(self, *, nothing: bool) -> None:
        """Whether the policy in force seals nothing at all."""
        self._seals_nothing.set(1 if nothing else 0)

    def policy_fits(self, *, fits: bool) -> None:
        """Whether the policy in force fits every database as it is now."""
        self._policy_unfit.set(0 if fits else 1)


@dataclass(frozen=True, slots=True)
class _Maker:
    """Names every metric ``fengcun_*`` and puts it into one registry."""

    registry: CollectorRegistry

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"fengcun_{name}", text, labels, registry=self.registry)

    def gauge(self, name: str, text: str, merged: GaugeMerge, *labels: str) -> Gauge:
        return Gauge(
            f"fengcun_{name}", text, labels, registry=self.registry, multiprocess_mode=merged
        )

    def histogram(
        self, name: str, text: str, buckets: tuple[float, ...], *labels: str
    ) -> Histogram:
        return Histogram(f"fengcun_{name}", text, labels, buckets=buckets, registry=self.registry)


def _shown(digest: str) -> str:
    if _DIGEST.fullmatch(digest) is None:
        raise ValueError("a policy digest is lower-case hex of 16 digits or more")
    return digest[:_DIGEST_SHOWN]


def exposition(metrics: Metrics) -> bytes:
    """The text a scrape gets: this process alone, or all that share PROMETHEUS_MULTIPROC_DIR.

    The variable is prometheus-client's own. It reads it when it is first imported, as workers do;
    whoever starts them has `shared_metrics`.
    """
    if SHARED_DIRECTORY not in os.environ:
        return generate_latest(metrics.registry)
    merged = CollectorRegistry()
    MultiProcessCollector(merged)  # type: ignore[no-untyped-call]
    return generate_latest(merged)


@contextmanager
def shared_metrics() -> Iterator[None]:
    """`Metrics` made here, and in processes started here, are scraped as one.

    In the directory that PROMETHEUS_MULTIPROC_DIR names, emptied of what earlier runs left there,
    or else in a temporary one. Raises `OSError`.
    """
    with ExitStack() as stack:
        given = os.environ.get(SHARED_DIRECTORY)
        if given is None:
            made = tempfile.TemporaryDirectory(prefix="fengcun-metrics-")
            os.environ[SHARED_DIRECTORY] = stack.enter_context(made)
            stack.callback(os.environ.pop, SHARED_DIRECTORY)
        for left in Path(os.environ[SHARED_DIRECTORY]).glob("*.db"):
            left.unlink()
        # Chosen by the library when it was imported, which is before anybody read the settings.
        former = storage.ValueClass
        storage.ValueClass = storage.MultiProcessValue()  # type: ignore[no-untyped-call]
        stack.callback(setattr, storage, "ValueClass", former)
        yield


def forget_process(process_id: int) -> None:
    """Drop the gauges of a worker that died; its counts stay. Without workers, does nothing."""
    if SHARED_DIRECTORY in os.environ:
        mark_process_dead(process_id)  # type: ignore[no-untyped-call]
