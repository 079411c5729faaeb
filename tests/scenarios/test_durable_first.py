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

from tests.scenarios.service import (
    LOOK_AGAIN_S,
    STOPS_AFTER_MAX_S,
    Service,
    install,
    running_service,
    started,
)
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
    with running_service(agency, home, environment=syncs.environment) as running:
        yield running


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


def answered_count(watch: psycopg.Connection, since: datetime) -> int:
    """How many of the sessions named "gate" the database has answered since then."""
    row = watch.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE application_name = %s AND state = 'idle'"
        " AND state_change > %s",
        [NAME, since],
    ).fetchone()
    assert row is not None
    return int(row[0])


def wait_until_answered(watch: psycopg.Connection, since: datetime, count: int = 1) -> None:
    """Return when so many have been answered."""
    deadline = time.monotonic() + ANSWER_MAX_S
    while answered_count(watch, since) < count:
        assert time.monotonic() < deadline, "the database was not asked"
        time.sleep(LOOK_AGAIN_S)


def now(watch: psycopg.Connection) -> datetime:
    """The database's time."""
    row = watch.execute("SELECT clock_timestamp()").fetchone()
    assert row is not None
    time_of_database: datetime = row[0]
    return time_of_database


def silent(*connections: psycopg.Connection) -> bool:
    """Whether nothing at all comes for a while."""
    sockets = [connection.pgconn.socket for connection in connections]
    return not select.select(sockets, [], [], SILENCE_S)[0]


def result(connection: psycopg.Connection) -> PGresult:
    """The answer, and the connection ready for the next statement.

    libpq's own waiting would keep the thread that answers the notary from running.
    """
    pgconn = connection.pgconn
    results: list[PGresult] = []
    while True:
        while pgconn.is_busy():
            assert select.select([pgconn.socket], [], [], ANSWER_MAX_S)[0], "no answer"
            pgconn.consume_input()
        got = pgconn.get_result()
        if got is None:
            return results[0]
        results.append(got)


def failure(connection: psycopg.Connection) -> bytes | None:
    """The SQLSTATE of an answer that has to be an error, None for a connection that just ended."""
    try:
        failed = result(connection)
    except psycopg.OperationalError:
        return None
    assert failed.status == ExecStatus.FATAL_ERROR
    return failed.error_field(DiagnosticField.SQLSTATE)


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
@named(GOLDEN)
@pytest.mark.requirement("G3")
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
@pytest.mark.requirement("G3")
def test_no_byte_of_a_refusal_leaves_before_its_checkpoint_is_on_disk(platform, held, watch, query):
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
    assert not answered_count(watch, since)
    held.release()
    assert result(desk).command_status == b"UPDATE 1"
    # Other files look at this database, too.
    watch.execute("UPDATE base.person SET phone = NULL WHERE person_id = 17")


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
            assert failure(session) in (b"57P03", None)
        assert service.process.wait(STOPS_AFTER_MAX_S) == EXIT_LEDGER
    site.verify()
