"""Recorded before released, with the real notary on a real disk whose syncs a test decides about.

`tests/scenarios/test_gate.py` tries every shape of message against a notary of its own; here every
statement goes the whole way, and what is withheld is the disk's own fdatasync.
"""

from __future__ import annotations

import select
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGconn, PGresult

from tests.scenarios.service import STOPS_AFTER_MAX_S, Service, Site, install, started
from tests.scenarios.syncs import Syncs, syncs_under_control
from tests.scenarios.test_golden import GOLDEN, PROTECTED, named
from tests.world import Database

pytestmark = pytest.mark.database

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
    with service.site.connect("desk", application_name="gate") as connection:
        yield connection


@pytest.fixture(scope="module")
def platform(service: Service) -> Iterator[psycopg.Connection]:
    with service.site.connect("bgcheck", application_name="gate") as connection:
        yield connection


@pytest.fixture
def held(syncs: Syncs) -> Iterator[Syncs]:
    syncs.hold()
    yield syncs
    syncs.release()


def answered_count(database: Database) -> int:
    """How many statements of sessions named "gate" the database has answered, all in all."""
    ((count,),) = database.run(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'gate' AND state = 'idle' AND query_start > backend_start"
    )
    return int(str(count))
