"""The drivers whose own tests are run, and what each of them wants to be told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.world import HOST, PASSWORD

REQUIREMENTS = Path(__file__).with_name("requirements")
SOURCES = REQUIREMENTS / "sources.lock"
"""Archives of the package index, with their hashes."""

USER = DATABASE = "postgres"


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit of a public repository; its name is the digest of all that is in it.

    ``variable`` of the environment may name another copy of the repository.
    """

    repository: str
    commit: str
    variable: str


@dataclass(frozen=True, slots=True)
class Suite:
    """One driver's tests.

    ``files`` are taken out of the source: not the driver itself, which is installed.
    ``environment`` tells the tests, by port of 127.0.0.1, where their server is. ``databases`` are
    those that the tests make and drop, or mean to miss. ``slice`` are pytest arguments that choose
    some hundred quick tests, for every day, without those that are known to differ; of those, at
    least ``slice_count_min`` pass.
    """

    name: str
    version: str
    files: tuple[str, ...]
    arguments: tuple[str, ...]
    environment: Callable[[int], Mapping[str, str]]
    slice: tuple[str, ...]
    slice_count_min: int
    databases: tuple[str, ...] = ()
    commit: Commit | None = None

    @property
    def requirements(self) -> Path:
        """What its virtual environment holds, with hashes."""
        return REQUIREMENTS / f"{self.name}.lock"


def _asyncpg(port: int) -> Mapping[str, str]:
    return {"PGHOST": HOST, "PGPORT": str(port), "PGUSER": USER, "PGDATABASE": DATABASE}


def _pg8000(port: int) -> Mapping[str, str]:
    return {"PGHOST": HOST, "PGPORT": str(port), "PGPASSWORD": PASSWORD}


def _psycopg(port: int) -> Mapping[str, str]:
    dsn = f"host={HOST} port={port} dbname={DATABASE} user={USER} password={PASSWORD}"
    return {"PSYCOPG_TEST_DSN": dsn, "PSYCOPG_IMPL": "binary"}


def _psycopg2(port: int) -> Mapping[str, str]:
    told = {"": DATABASE, "_HOST": HOST, "_PORT": str(port), "_USER": USER, "_PASSWORD": PASSWORD}
    return {f"PSYCOPG2_TESTDB{name}": value for name, value in told.items()}


_EARLY_STOP = (
    "tests/test_execute.py::TestExecuteMany::test_executemany_server_failure_during_writes"
)
SUITES = (
    Suite(
        "asyncpg",
        "0.32.0",
        files=("tests", "pyproject.toml"),
        arguments=("tests",),
        environment=_asyncpg,
        slice=("tests/test_copy.py", "tests/test_cursor.py", "tests/test_execute.py",
               "tests/test_listeners.py", "tests/test_prepare.py", "tests/test_transaction.py",
               f"--deselect={_EARLY_STOP}"),
        slice_count_min=100,
        databases=("asyncpg_intro_test", "testdb"),
    ),
    Suite(
        "pg8000",
        "1.31.6",
        files=("test", "README.md"),
        arguments=("test", "--benchmark-disable"),
        environment=_pg8000,
        slice=("test/native/test_connection.py", "test/native/test_copy.py",
               "test/native/test_prepared_statement.py", "test/native/test_query.py",
               "--benchmark-disable", "-k", "not test_max_parameters"),
        slice_count_min=50,
        databases=("pg8000_gss", "pg8000_scram_sha_256"),
    ),
    Suite(
        "psycopg",
        "3.3.4",
        files=("tests", "tools", "pyproject.toml"),
        # The pool is a package of its own whose tests measure time, what is marked slow watches the
        # driver's memory and clock, mypy its sources, and CockroachDB is another database.
        arguments=("tests", "--ignore=tests/pool", "-m", "not slow and not mypy and not crdb"),
        environment=_psycopg,
        slice=("tests/test_pipeline.py", "tests/test_copy.py", "tests/test_prepared.py",
               "tests/test_notify.py", "tests/test_cursor_server.py", "tests/pq",
               "-m", "not slow and not mypy and not crdb"),
        slice_count_min=400,
        commit=Commit("https://github.com/psycopg/psycopg",
                      "83f110367cdd249cc0a352e2246ecea9e878e5a0", "FENGCUN_PSYCOPG_REPOSITORY"),
    ),
    Suite(
        "psycopg2",
        "2.9.13",
        files=("tests",),
        arguments=("tests",),
        environment=_psycopg2,
        slice=("tests/test_async.py", "tests/test_copy.py", "tests/test_cursor.py",
               "tests/test_lobject.py", "tests/test_notify.py", "tests/test_transaction.py",
               "--deselect=tests/test_async.py::AsyncTests::test_flush_on_write"),
        slice_count_min=150,
    ),
)  # fmt: skip
