"""Recorded before released, with the real notary on a real disk whose syncs a test decides about.

`tests/scenarios/test_gate.py` tries every shape of message against a notary of its own; here every
statement goes the whole way, and what is withheld is the disk's own fdatasync.
"""

from __future__ import annotations

import select
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import DiagnosticField, ExecStatus
from psycopg.pq.abc import PGresult

from tests.scenarios.service import STOPS_AFTER_MAX_S, Service, install, started
from tests.scenarios.syncs import Syncs, syncs_under_control
from tests.scenarios.test_golden import GOLDEN, PROTECTED, named
from tests.world import Database

pytestmark = pytest.mark.database

NAME = "gate"
SILENCE_S = 0.1
ANSWER_MAX_S = 10.0
EXIT_LEDGER = 3


@pytest.fixture(scope="module")
def directory() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="fengcun-syncs-") as name:
        yield Path(name)


@pytest.fixture(scope="module")
def syncs(directory: Path) -> Iterator[Syncs]:
    with syncs_under_control(directory) as control:
        yield control


@pytest.fixture(scope="module")
def service(agency: Database, directory: Path, syncs: Syncs) -> Iterator[Service]:
    home = directory / "site"
    home.mkdir()
    with started(install(agency, home), syncs.environment) as running:
        yield running
        assert running.stop() == 0
    running.site.verify()


@pytest.fixture(scope="module")
def desk(service: Service) -> Iterator[psycopg.Connection]:
    with service.site.connect("desk", application_name=NAME) as connection:
        yield connection


@pytest.fixture(scope="module")
def platform(service: Service) -> Iterator[psycopg.Connection]:
    with service.site.connect("bgcheck", application_name=NAME) as connection:
        yield connection


@pytest.fixture
def held(syncs: Syncs) -> Iterator[Syncs]:
    syncs.hold()
    yield syncs
    syncs.release()


@pytest.fixture
def watch(agency: Database) -> Iterator[psycopg.Connection]:
    with agency.connect() as connection:
        yield connection


def ask(connection: psycopg.Connection, text: str, *, extended: bool) -> None:
    """Send a statement and wait for nothing."""
    if extended:
        connection.pgconn.send_query_params(text.encode(), None)
    else:
        connection.pgconn.send_query(text.encode())
    connection.pgconn.flush()


def wait_until_answered(watch: psycopg.Connection, since: datetime, count: int = 1) -> None:
    """Return when the database has answered that many of the sessions named "gate"."""
    deadline = time.monotonic() + ANSWER_MAX_S
    while time.monotonic() < deadline:
        answered = watch.execute(
            "SELECT 1 FROM pg_stat_activity WHERE application_name = %s AND state = 'idle'"
            " AND state_change > %s",
            [NAME, since],
        ).fetchall()
        if len(answered) >= count:
            return
    raise AssertionError("the database was not asked")


def now(watch: psycopg.Connection) -> datetime:
    """The database's time."""
    row = watch.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    return row[0]


def silent(*connections: psycopg.Connection) -> bool:
    """Whether nothing at all comes for a while."""
    sockets = [connection.pgconn.socket for connection in connections]
    return not select.select(sockets, [], [], SILENCE_S)[0]


def result(connection: psycopg.Connection) -> PGresult:
    """The answer, and the connection ready for the next statement."""
    got = connection.pgconn.get_result()
    assert got is not None
    while connection.pgconn.get_result() is not None:
        pass
    return got


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
@named(GOLDEN)
def test_no_byte_of_an_answer_leaves_before_its_checkpoint_is_on_disk(
    desk, held, watch, query, extended
):
    since = now(watch)
    ask(desk, query["sql"], extended=extended)
    wait_until_answered(watch, since)
    held.wait_for_one()
    assert silent(desk)
    held.release()
    assert result(desk).status == ExecStatus.TUPLES_OK


@named(PROTECTED)
def test_no_byte_of_a_refusal_leaves_before_its_checkpoint_is_on_disk(
    platform, held, watch, query
):
    ask(platform, query["sql"], extended=False)
    held.wait_for_one()
    assert silent(platform)
    held.release()
    assert result(platform).error_field(DiagnosticField.SQLSTATE) == b"42501"


def test_a_write_reaches_the_database_after_its_checkpoint_is_on_disk(desk, held, watch):
    since = now(watch)
    ask(desk, "UPDATE person SET phone = 'synthetic' WHERE person_id = 17", extended=False)
    held.wait_for_one()
    assert silent(desk)
    with pytest.raises(AssertionError, match="not asked"):
        wait_until_answered(watch, since)
    held.release()
    assert result(desk).command_status == b"UPDATE 1"


def test_when_the_disk_fails_nothing_is_released_and_the_service_ends(agency, watch, tmp_path):
    with ExitStack() as stack:
        short = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fengcun-eio-")))
        syncs = stack.enter_context(syncs_under_control(short))
        site = install(agency, tmp_path)
        service = stack.enter_context(started(site, syncs.environment))
        sessions = [
            stack.enter_context(closing(site.connect(application_name=NAME))) for _ in GOLDEN
        ]
        syncs.hold()
        since = now(watch)
        for session, query in zip(sessions, GOLDEN, strict=True):
            ask(session, query["sql"], extended=False)
        wait_until_answered(watch, since, len(GOLDEN))
        assert silent(*sessions)
        syncs.fail()
        for session in sessions:
            failed = result(session)
            assert failed.status == ExecStatus.FATAL_ERROR
            assert failed.error_field(DiagnosticField.SQLSTATE) in (b"57P03", None)
        assert service.process.wait(STOPS_AFTER_MAX_S) == EXIT_LEDGER
    assert not site.entries("decision")
    site.verify()
