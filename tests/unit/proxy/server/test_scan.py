"""When a scan is due, and what of it is said where."""

import asyncio
from datetime import datetime

import pytest

from ledger.pseudonyms import Pseudonyms
from proxy.errors import ConfigurationError
from proxy.names import Article, QualifiedName
from proxy.policy.law import FindingRule, Law
from proxy.record.findings import Memory, read_memory, write_memory
from proxy.record.recorder import Recorder
from proxy.server import scan as module
from proxy.server.scan import (
    FAILED_RULE,
    RETRY_SECONDS,
    Scanner,
    due_seconds,
    memory_file,
    scan_once,
)
from proxy.settings.service import Scan
from proxy.telemetry.metrics import Metrics
from tests.unit.proxy.server.site import TABLES, make_settings
from tests.world import free_port

NIGHT = Scan(user="postgres")
SOMETHING = FindingRule(
    "closed", Article("x"), "notice", "t", "SELECT s.id FROM public.sealed AS s WHERE NOT s.open",
    frozenset((QualifiedName("public", "sealed"),)),
)  # fmt: skip
NOWHERE = FindingRule(
    "nowhere", Article("x"), "notice", "t", "SELECT x.id FROM public.x AS x",
    frozenset((QualifiedName("public", "x"),)),
)  # fmt: skip


def china(text):
    return datetime.fromisoformat(f"{text}+08:00").timestamp()


@pytest.mark.parametrize(
    ("scan", "last", "now", "hours"),
    [
        (NIGHT, "2026-03-01T03:00", "2026-03-01T04:00", 23),
        (NIGHT, "2026-03-01T02:59", "2026-03-01T02:59", 1 / 60),
        (NIGHT, "2026-03-01T15:00", "2026-03-01T15:00", 12),
        (NIGHT, "2026-02-25T03:10", "2026-03-01T15:00", -84),  # missed: due at once
        (Scan(user="s", at="23:30"), "2026-12-31T23:30", "2026-12-31T23:31", 24 - 1 / 60),
        (Scan(user="s", every_hours=6), "2026-03-01T03:00", "2026-03-01T04:00", 5),
        (Scan(user="s", every_hours=6), "2026-03-01T03:00", "2026-03-01T13:00", -4),
    ],
)
def test_the_next_is_at_its_hour_in_china_and_a_missed_one_now(scan, last, now, hours):
    assert due_seconds(scan, china(last), china(now)) == pytest.approx(hours * 3600)


def test_without_a_last_one_or_with_one_in_the_future_it_is_due():
    assert due_seconds(NIGHT, None, 1.0) == 0
    assert due_seconds(NIGHT, 1e12, 1.0) == 0


@pytest.fixture
def database(postgres):
    made = postgres.create_database()
    made.run(TABLES)
    yield made
    postgres.drop_database(made)


@pytest.fixture
def settings(tmp_path, database):
    made = make_settings(tmp_path, database, free_port())
    return made.model_copy(update={"scan": NIGHT})


class Ledger:
    """Takes entries, and keeps them."""

    def __init__(self):
        self.drafts = []

    def submit(self, drafts):
        self.drafts += drafts
        done = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    def lines(self):
        return b"\n".join(draft.header_line for draft in self.drafts).decode()


@pytest.fixture
async def ledger():
    return Ledger()


@pytest.fixture
async def recorder(ledger):
    return Recorder(ledger, Pseudonyms(b"k" * 32))


def law(*rules):
    return Law("a" * 64, {}, (), findings=rules)


async def test_a_scan_is_recorded_and_remembered(settings, recorder, ledger):
    (found,) = await scan_once(settings, NIGHT, law(SOMETHING), recorder, 100.0)
    assert (found.result.count, found.new_count) == (5, None)
    assert '"rule":"closed"' in ledger.lines()
    assert read_memory(memory_file(settings, NIGHT)).scanned_at == 100.0
    (again,) = await scan_once(settings, NIGHT, law(SOMETHING), recorder, 200.0)
    assert again.new_count == 0


async def test_a_rule_whose_relations_are_nowhere_failed_and_the_scan_stays_due(
    settings, recorder, ledger
):
    reports = await scan_once(settings, NIGHT, law(SOMETHING, NOWHERE), recorder, 100.0)
    assert [each.result.failed for each in reports] == [None, "no-such-relation"]
    assert FAILED_RULE in ledger.lines()
    memory = read_memory(memory_file(settings, NIGHT))
    assert memory.scanned_at is None
    assert memory.known(reports[0].result.name)


async def turns(scanner, wanted, monkeypatch):
    """Let the scanner look again at once, until what is wanted has come about."""
    monkeypatch.setattr(module, "_LOOK_AGAIN_SECONDS", 0.01)
    task = asyncio.create_task(scanner.run())
    try:
        async with asyncio.timeout(60):
            while not wanted():
                await asyncio.sleep(0.01)
    finally:
        task.cancel()


def total(metrics, result):
    return metrics.registry.get_sample_value("fengcun_scans_total", {"result": result})


async def test_it_scans_when_it_is_due_and_not_before(settings, recorder, monkeypatch):
    metrics, now = Metrics(), [china("2026-03-01T15:00")]
    scanner = Scanner(settings, recorder, metrics, lambda: law(SOMETHING), lambda: now[0])
    await turns(scanner, lambda: total(metrics, "done") == 1, monkeypatch)
    now[0] = china("2026-03-02T02:59")
    assert not await scanner._is_due(NIGHT)
    now[0] = china("2026-03-02T03:00")
    await turns(scanner, lambda: total(metrics, "done") == 2, monkeypatch)


async def test_one_that_fails_is_told_and_tried_again_after_an_hour(
    settings, recorder, ledger, monkeypatch, caplog
):
    metrics, now = Metrics(), [china("2026-03-01T15:00")]
    scanner = Scanner(settings, recorder, metrics, lambda: law(NOWHERE), lambda: now[0])
    await turns(scanner, lambda: total(metrics, "failed") == 1, monkeypatch)
    assert "a finding could not be looked for" in caplog.text
    now[0] += RETRY_SECONDS - 1
    assert not await scanner._is_due(NIGHT)
    now[0] += 1
    assert await scanner._is_due(NIGHT)


async def test_a_password_that_cannot_be_read_is_an_error_and_a_finding(
    settings, recorder, ledger, tmp_path, monkeypatch
):
    scan = Scan(user="postgres", password_file=tmp_path / "none")
    settings = settings.model_copy(update={"scan": scan})
    with pytest.raises(ConfigurationError, match=r"scan\.password_file"):
        await scan_once(settings, scan, law(SOMETHING), recorder, 100.0)
    metrics = Metrics()
    scanner = Scanner(settings, recorder, metrics, lambda: law(SOMETHING), lambda: 1e9)
    await turns(scanner, lambda: total(metrics, "failed") == 1, monkeypatch)
    recorder.flush()
    assert FAILED_RULE in ledger.lines()


async def test_without_a_table_for_it_nothing_runs(settings, recorder):
    settings = settings.model_copy(update={"scan": None})
    await asyncio.wait_for(Scanner(settings, recorder, Metrics(), lambda: law()).run(), 10)


def test_the_memory_lies_beside_the_log_or_where_it_is_said(settings, tmp_path):
    assert memory_file(settings, NIGHT) == tmp_path / "log.findings"
    other = Scan(user="s", memory_file=tmp_path / "m")
    assert memory_file(settings, other) == tmp_path / "m"
    write_memory(tmp_path / "m", Memory(1.0, {}))
