"""Who takes part: the database alone, pgbouncer in front of it, Fengcun in front of it.

All of them are reached over TCP on this machine, as the same user, who needs no password.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.comparison import DIRECT, PGBOUNCER
from tests.scenarios.service import free_port, until_it_answers
from tests.world import HOST, Database

USER = "desk"
POOL_CONNECTIONS_MAX = 300

PGBOUNCER_INI = """
[databases]
{database} = host={host} port={upstream_port}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = trust
auth_file = {directory}/users.txt
pool_mode = session
default_pool_size = {connections_max}
max_client_conn = {connections_max}
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
"""


@dataclass(frozen=True, slots=True)
class Contestant:
    """``process`` is the one whose memory is looked at, with its children; None: nobody's."""

    name: str
    port: int
    database: str
    process: int | None = None

    @property
    def conninfo(self) -> str:
        """For libpq."""
        return f"host={HOST} port={self.port} dbname={self.database} user={USER} sslmode=disable"

    def memory_bytes(self) -> int:
        """Proportional set size: pages that processes share are counted once."""
        if self.process is None:
            return 0
        parent = psutil.Process(self.process)
        family = [parent, *parent.children(recursive=True)]
        return sum(process.memory_full_info().pss for process in family)


def direct(database: Database) -> Contestant:
    """The database alone."""
    return Contestant(DIRECT, database.port, database.name)


@contextmanager
def pgbouncer(database: Database) -> Iterator[Contestant | None]:
    """pgbouncer with session pooling; None where it is not installed.

    Transaction pooling would not carry prepared statements before version 1.21.
    """
    program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="fengcun-pgbouncer-", dir="/tmp") as name:
        directory, port = Path(name), free_port()
        directory.chmod(0o755)
        directory.joinpath("users.txt").write_text(f'"{USER}" ""\n')
        settings = PGBOUNCER_INI.format(
            database=database.name, host=HOST, upstream_port=database.port, port=port,
            directory=directory, connections_max=POOL_CONNECTIONS_MAX,
        )  # fmt: skip
        directory.joinpath("pgbouncer.ini").write_text(settings)
        command = [program, "--quiet", str(directory / "pgbouncer.ini")]
        with subprocess.Popen(command, user=_unprivileged(), stderr=subprocess.DEVNULL) as process:
            try:
                until_it_answers(port, process)
                yield Contestant(PGBOUNCER, port, database.name, process.pid)
            finally:
                process.terminate()


def _unprivileged() -> int | None:
    """pgbouncer refuses to run as root, as the database does."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
