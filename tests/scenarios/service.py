"""The real service, installed and run as an operator does it: files, commands, processes.

    with running_service(database, tmp_path) as service:
        psycopg.connect(service.site.conninfo("desk"))

Nothing here imports the product: what is tested is what is typed.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from typer.testing import CliRunner

from proxy.cli.main import app
from tests.world import HOST, PASSWORD, Database, free_port

ROOT = Path(__file__).parents[2]
FENGCUN = (sys.executable, "-m", "proxy.cli")
ORIGIN = "test.example/fengcun"
RECIPIENTS = ("procuratorate", "escrow")
ANSWERS_AFTER_MAX_S = 90.0
STOPS_AFTER_MAX_S = 60.0
SHIPPED = (ROOT / "config" / "policy.toml").read_text(encoding="utf-8")
LIMITED = SHIPPED.split('"desk" }\n')[1]
"""What the shipped policy limits of a counter. Most tests ask as it for what no counter would."""
UNLIMITED = SHIPPED.removesuffix(LIMITED)
LOOK_AGAIN_S = 0.02
ALL = str(1 << 40)

SETTINGS = """\
[listen]
port = {port}

[upstream]
host = "{host}"
port = {upstream_port}
databases = ["{database}"]
catalogue_user = "postgres"

[ledger]
directory = "log"
keys = "keys"
origin = "{origin}"

[metrics]
port = {metrics_port}

[policy]
file = "policy.toml"
"""


@dataclass(frozen=True, slots=True)
class Site:
    """An installation that is ready to serve; it may be started and stopped many times."""

    home: Path
    database: Database
    port: int
    metrics_port: int

    @property
    def config(self) -> Path:
        """The service's fengcun.toml."""
        return self.home / "fengcun.toml"

    @property
    def log(self) -> Path:
        """The directory of the ledger."""
        return self.home / "log"

    @property
    def errors(self) -> Path:
        """What the service writes to its stderr, of all its runs."""
        return self.home / "service.log"

    @property
    def policy(self) -> Path:
        """The service's policy.toml."""
        return self.home / "policy.toml"

    def set(self, table: str, line: str) -> None:
        """Write a line more into a table of the service's fengcun.toml."""
        text = self.config.read_text(encoding="utf-8")
        if f"[{table}]" not in text:
            text += f"\n[{table}]\n"
        self.config.write_text(text.replace(f"[{table}]", f"[{table}]\n{line}"), encoding="utf-8")

    def conninfo(self, user: str = "desk", **parameters: str) -> str:
        """For libpq, through the proxy."""
        return psycopg.conninfo.make_conninfo(
            host=HOST, port=self.port, dbname=self.database.name, user=user, password=PASSWORD,
            **parameters,
        )  # fmt: skip

    def connect(self, user: str = "desk", **parameters: str) -> psycopg.Connection:
        """A synchronous connection through the proxy, in autocommit mode."""
        return psycopg.connect(self.conninfo(user, **parameters), autocommit=True)

    def run(self, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
        """A ``fengcun`` command, whatever comes of it."""
        command = [*FENGCUN, *map(str, arguments)]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    def must(self, *arguments: str | Path) -> str:
        """A ``fengcun`` command that has to succeed; what it prints."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def at_hand(self, *arguments: str | Path) -> str:
        """The same in this process, which has loaded it: what is not about starting a command."""
        done = CliRunner().invoke(app, list(map(str, arguments)))
        assert done.exit_code == 0, done.output
        return done.stdout

    def verify(self) -> Mapping[str, Any]:
        """The report of ``fengcun ledger verify``, which needs the public key alone."""
        key = self.home / "keys" / "log.vkey"
        report = self.at_hand("ledger", "verify", "--log", self.log, "--key", key, "--json")
        return dict(json.loads(report))

    def entries(self, kind: str) -> list[Mapping[str, Any]]:
        """The ledger's entries of a kind, payloads opened with the supervisor's private key."""
        identity = self.home / "recipients" / f"{RECIPIENTS[0]}.identity"
        shown = self.at_hand(
            *("ledger", "show", "--log", self.log, "--kind", kind, "--count", ALL),
            *("--identity", identity, "--json"),
        )
        return [json.loads(line) for line in shown.splitlines()]


@dataclass(frozen=True, slots=True)
class Service:
    """A running service: the process that was started, and through it all the others."""

    site: Site
    process: subprocess.Popen[bytes]

    @property
    def notary(self) -> psutil.Process:
        """The one process that writes the ledger."""
        return self._children("ledger.notary")[0]

    @property
    def courier(self) -> psutil.Process:
        """The one process that goes to the witness."""
        return self._children("ledger.courier")[0]

    @property
    def workers(self) -> list[psutil.Process]:
        """The processes that serve clients, where there are several."""
        return self._children("proxy.server.worker_main")

    def _children(self, program: str) -> list[psutil.Process]:
        found = []
        for child in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [child] if program in child.cmdline() else []
        return found

    def stop(self) -> int:
        """SIGTERM, as an init system does it; the exit code."""
        self.process.terminate()
        return self.process.wait(STOPS_AFTER_MAX_S)

    def kill(self) -> None:
        """SIGKILL to everything at once, as when the machine or its container goes."""
        kill_with_children(self.process)


def install(database: Database, home: Path) -> Site:
    """Configuration, the shipped policy, keys and an empty ledger, by the commands for them."""
    site = Site(home, database, free_port(), free_port())
    settings = SETTINGS.format(
        host=HOST, port=site.port, metrics_port=site.metrics_port, origin=ORIGIN,
        upstream_port=database.port, database=database.name,
    )  # fmt: skip
    site.config.write_text(settings, encoding="utf-8")
    site.policy.write_text(UNLIMITED, encoding="utf-8")
    keys, recipients = home / "keys", home / "recipients"
    for name in RECIPIENTS:
        site.at_hand("keys", "recipient", name, "--directory", recipients)
    readers = [part for name in RECIPIENTS for part in ("--recipient", recipients / f"{name}.pub")]
    site.at_hand("keys", "init", "--keys", keys, "--origin", ORIGIN, *readers)
    site.at_hand("ledger", "create", "--log", site.log, "--keys", keys)
    return site


@contextmanager
def started(site: Site, environment: Mapping[str, str] | None = None) -> Iterator[Service]:
    """``fengcun serve``, from when its port answers; killed at the end if it still runs."""
    command = [*FENGCUN, "serve", "--config", str(site.config)]
    with site.errors.open("ab") as errors:
        process = subprocess.Popen(
            command, cwd=ROOT, env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
        )  # fmt: skip
    service = Service(site, process)
    try:
        until_it_answers(site.port, process)
        yield service
    finally:
        if process.poll() is None:
            service.kill()


@contextmanager
def running_service(
    database: Database, home: Path, *, environment: Mapping[str, str] | None = None
) -> Iterator[Service]:
    """Install, start, and at the end: a clean stop and an intact ledger."""
    with started(install(database, home), environment) as service:
        yield service
        assert service.stop() == 0, service.site.errors.read_text(encoding="utf-8")
    service.site.verify()


def kill_with_children(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL, and return when all of them are gone."""
    root = psutil.Process(process.pid)
    family = [root, *root.children(recursive=True)]
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    process.wait(STOPS_AFTER_MAX_S)
    psutil.wait_procs(family, STOPS_AFTER_MAX_S)


def until_it_answers(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return when somebody listens on the port; AssertionError if the process ends before."""
    deadline = time.monotonic() + ANSWERS_AFTER_MAX_S
    while time.monotonic() < deadline:
        assert process.poll() is None, f"ended with exit code {process.returncode}"
        with contextlib.suppress(ConnectionRefusedError):
            socket.create_connection((HOST, port)).close()
            return
        time.sleep(LOOK_AGAIN_S)
    raise AssertionError(f"nobody listens on port {port} after {ANSWERS_AFTER_MAX_S} s")
