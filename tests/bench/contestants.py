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
from tests.scenarios.service import until_it_answers
from tests.unit.proxy.server.certificate import Certificate
from tests.world import HOST, PASSWORD, Database, free_port

USER = "desk"
POOL_CONNECTIONS_MAX = 300

PGBOUNCER_INI = """
[databases]
{database} = host={host} port={upstream_port}
[pgbouncer]
listen_addr = {host}
listen_port = {port}
unix_socket_dir =
auth_type = {auth_type}
auth_file = {directory}/users.txt
pool_mode = session
default_pool_size = {connections_max}
max_client_conn = {connections_max}
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
"""
PGBOUNCER_TLS = """\
client_tls_sslmode = allow
client_tls_cert_file = {directory}/server.pem
client_tls_key_file = {directory}/server.key
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
        return self.conninfo_for(USER, "disable")

    def conninfo_for(self, user: str, sslmode: str) -> str:
        """For libpq, as somebody else or by TLS."""
        return (
            f"host={HOST} port={self.port} dbname={self.database} user={user}"
            f" password={PASSWORD} sslmode={sslmode}"
        )

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
def pgbouncer(
    database: Database, *, certificate: Certificate | None = None, scram_user: str | None = None
) -> Iterator[Contestant | None]:
    """pgbouncer with session pooling; None where it is not installed.

    Transaction pooling would not carry prepared statements before version 1.21. It offers TLS with
    a ``certificate``, and asks a ``scram_user`` for the password.
    """
    program = shutil.which("pgbouncer", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if program is None:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="fengcun-pgbouncer-", dir="/tmp") as name:
        directory, port = Path(name), free_port()
        directory.chmod(0o755)
        users = f'"{USER}" ""\n' + ("" if scram_user is None else f'"{scram_user}" "{PASSWORD}"\n')
        directory.joinpath("users.txt").write_text(users)
        settings = PGBOUNCER_INI.format(
            database=database.name, host=HOST, upstream_port=database.port, port=port,
            directory=directory, connections_max=POOL_CONNECTIONS_MAX,
            auth_type="trust" if scram_user is None else "scram-sha-256",
        )  # fmt: skip
        if certificate is not None:
            settings += PGBOUNCER_TLS.format(directory=directory)
            _place(certificate, directory)
        directory.joinpath("pgbouncer.ini").write_text(settings)
        command = [program, "--quiet", str(directory / "pgbouncer.ini")]
        with subprocess.Popen(command, user=_unprivileged(), stderr=subprocess.DEVNULL) as process:
            try:
                until_it_answers(port, process)
                yield Contestant(PGBOUNCER, port, database.name, process.pid)
            finally:
                process.terminate()


def _place(certificate: Certificate, directory: Path) -> None:
    """Where its user, and nobody else, may read the key."""
    owner = _unprivileged()
    files = {"server.pem": certificate.certificate_file, "server.key": certificate.key_file}
    for name, file in files.items():
        placed = Path(shutil.copy(file, directory / name))
        placed.chmod(0o600)
        if owner is not None:
            os.chown(placed, owner, -1)


def _unprivileged() -> int | None:
    """pgbouncer refuses to run as root, as the database does."""
    return pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else None
