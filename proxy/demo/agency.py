"""The agency of the demo as files and processes: keys, ledger, configuration, service.

Everything is done by the commands an operator would type, run in processes of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import proxy
from proxy.demo.database import DATABASE, PASSWORD, Cluster
from proxy.demo.processes import HOST, Child, ChildFailed, free_port, still_free
from proxy.demo.scene import Decision
from proxy.settings.shipped import shipped_file

ORIGIN = "demo.example/fengcun"
LISTEN_PORT, METRICS_PORT = 6432, 9432
RECIPIENTS = ("procuratorate", "archive")
"""Who can read what the ledger encrypts; the first is the supervisor of the tour."""

_COMMAND_SECONDS_MAX = 60.0
_START_SECONDS_MAX = 60.0
_START_ATTEMPTS_MAX = 3
_SERVING = '"message":"serving"'
# A temporary directory is often on tmpfs, where nothing outlives the machine anyway.
_ANYWHERE = "--force-filesystem"

_CONFIGURATION = """\
# The demo's service; config/fengcun.toml of a release explains every key.
[listen]
host = "{host}"
port = {listen_port}

[upstream]
host = "{host}"
port = {database_port}
databases = ["{database}"]
catalogue_user = "catalogue"
catalogue_password_file = "catalogue.password"

[ledger]
directory = "ledger"
keys = "keys"
origin = "{origin}"
force_filesystem = true

[metrics]
host = "{host}"
port = {metrics_port}

[policy]
file = "policy.toml"
"""
_DESK: Final = 'match = { user = "desk" }\n'


class CommandFailed(ChildFailed):
    """A command of the tour said that something is wrong; ``code`` is its exit code."""

    def __init__(self, message: str, code: int, output: str) -> None:
        super().__init__(message)
        self.code = code
        self.output = output


@dataclass(frozen=True, slots=True)
class Agency:
    """Where everything is, below ``home``."""

    home: Path

    @property
    def configuration(self) -> Path:
        """fengcun.toml."""
        return self.home / "fengcun.toml"

    @property
    def log(self) -> Path:
        """The ledger's directory."""
        return self.home / "ledger"

    @property
    def public_key(self) -> Path:
        """All a verifier needs."""
        return self.home / "keys" / "log.vkey"

    @property
    def supervisor(self) -> Path:
        """The private key that would never be on this machine outside a demo."""
        return self.home / "supervisor" / f"{RECIPIENTS[0]}.identity"

    def create_keys_and_ledger(self) -> None:
        """``fengcun keys recipient``, ``keys init``, ``ledger create``."""
        for name in RECIPIENTS:
            fengcun("keys", "recipient", name, "--directory", self.home / "supervisor")
        recipients = [
            option
            for name in RECIPIENTS
            for option in ("--recipient", self.home / "supervisor" / f"{name}.pub")
        ]
        fengcun("keys", "init", "--keys", self.home / "keys", "--origin", ORIGIN, *recipients)
        fengcun("ledger", "create", "--log", self.log, "--keys", self.home / "keys", _ANYWHERE)

    def configure(self, *, database_port: int, listen_port: int, metrics_port: int) -> None:
        """Write fengcun.toml, and policy.toml as it is shipped but for the limits of a counter."""
        self.configuration.write_text(
            _CONFIGURATION.format(
                host=HOST,
                origin=ORIGIN,
                database=DATABASE,
                database_port=database_port,
                listen_port=listen_port,
                metrics_port=metrics_port,
            ),
            encoding="utf-8",
        )
        password = self.home / "catalogue.password"
        password.touch(mode=0o600)
        password.write_text(PASSWORD + "\n", encoding="utf-8")
        # The shipped policy has a query counter that names people; here it is a police desk, which
        # reads whole case files.
        shipped = shipped_file("policy.toml").read_text(encoding="utf-8")
        before, desk, _ = shipped.partition(_DESK)
        (self.home / "policy.toml").write_text(before + desk, encoding="utf-8")

    def serve(self, cluster: Cluster, wanted_port: int | None) -> Service:
        """Start ``fengcun serve`` on ``wanted_port`` or another. Raises `ChildFailed`."""
        for _ in range(_START_ATTEMPTS_MAX):
            ports = free_port(wanted_port or LISTEN_PORT), free_port(METRICS_PORT)
            try:
                return self._serve(cluster, *ports)
            except ChildFailed:
                if still_free(*ports):
                    raise
        raise ChildFailed("fengcun serve found its ports taken again and again: try once more")

    def decisions(self, *, start: int, identity: Path | None = None) -> Iterator[Decision]:
        """``fengcun ledger show``: decisions from entry ``start`` on, in order."""
        reader = () if identity is None else ("--identity", identity)
        shown = fengcun(
            "ledger", "show", "--log", self.log, "--from", str(start), "--kind", "decision",
            "--count", "1000", "--json", *reader,
        )  # fmt: skip
        for line in shown.splitlines():
            row = json.loads(line)
            yield Decision(row["index"], row["header"], row.get("payload"))

    def verify(self, log: Path | None = None, *, as_json: bool = False) -> str:
        """``fengcun ledger verify``. Raises `CommandFailed`, with code 1 for a log that is bad."""
        arguments = ("--json",) if as_json else ()
        return fengcun(
            "ledger", "verify", "--log", log or self.log, "--key", self.public_key, *arguments
        )

    def _serve(self, cluster: Cluster, listen_port: int, metrics_port: int) -> Service:
        self.configure(
            database_port=cluster.port, listen_port=listen_port, metrics_port=metrics_port
        )
        child = Child(
            "fengcun serve",
            command("serve", "--config", self.configuration),
            log=self.home / "fengcun.log",
            environment=environment(),
            directory=self.home,
        )
        try:
            child.wait_for(_SERVING, seconds_max=_START_SECONDS_MAX)
        except BaseException:
            child.stop()
            raise
        return Service(child, listen_port, metrics_port)


@dataclass(frozen=True, slots=True)
class Service:
    """``fengcun serve``, listening."""

    child: Child
    port: int
    metrics_port: int


def command(*arguments: str | Path) -> list[str]:
    """The command line of ``fengcun`` with these arguments, by the Python that runs us."""
    return [sys.executable, "-m", "proxy.cli", *map(str, arguments)]


def fengcun(*arguments: str | Path) -> str:
    """Run a command to its end; what it printed. Raises `CommandFailed`."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, env=environment(),
        timeout=_COMMAND_SECONDS_MAX,
    )  # fmt: skip
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines() or ["nothing"]
        name = " ".join(str(argument) for argument in arguments[:2])
        raise CommandFailed(
            f"fengcun {name} failed: {said[-1].removeprefix('fengcun: ')}",
            done.returncode,
            done.stdout,
        )
    return done.stdout


def environment() -> dict[str, str]:
    """Ours, with this installation first and nothing that would colour or divert the output."""
    kept = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("PG") and key not in ("PROMETHEUS_MULTIPROC_DIR", "FORCE_COLOR")
    }
    search = [str(Path(proxy.__file__).parents[1]), *filter(None, [kept.get("PYTHONPATH")])]
    return {**kept, "PYTHONPATH": os.pathsep.join(search), "PYTHONUTF8": "1", "NO_COLOR": "1"}
