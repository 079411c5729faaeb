"""The agency of the demo as files and processes: keys, ledger, configuration, service.

Everything is done by the commands an operator would type, run in processes of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import proxy
from proxy.demo.database import DATABASE, PASSWORD, Cluster
from proxy.demo.processes import HOST, Child, ChildFailed, free_port, still_free
from proxy.demo.scene import Entry
from proxy.policy.law import Law
from proxy.settings import load_law
from proxy.settings.shipped import shipped_file

ORIGIN = "demo.example/fengcun"
LISTEN_PORT, METRICS_PORT, DESK_PORT = 6432, 9432, 8432
RECIPIENTS = ("procuratorate", "archive")
"""Who can read what the ledger encrypts; the first is the supervisor of the tour."""
NAME = "示例市公安局"
CLERK, APPROVER = "li", "wang"
OFFICER_PASSWORD = "synthetic words"  # noqa: S105 (public, like the rest of the demo)
COURT, COUNTER, PLATFORM = "court-application", "query-desk", "background-check-platform"
"""Principals of the policy."""

_COMMAND_SECONDS_MAX = 60.0
_START_SECONDS_MAX = 60.0
_START_ATTEMPTS_MAX = 3
_ENTRIES_COUNT_MAX = 10_000
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

[desk]
agency = "{agency}"
directory = "desk"
officers_file = "officers.toml"
host = "{host}"
port = {desk_port}

[certificate]
organ = "{agency}"
number_word = "示公证字"
directory = "certificates"
user = "certificate"
password_file = "certificate.password"
answer_every_ms = 500

[scan]
user = "agency_scan"
password_file = "scan.password"

[policy]
file = "policy.toml"
"""
_PASSWORD_FILES: Final = ("catalogue.password", "certificate.password", "scan.password")
_ORGANS: Final = """

# Of the demo: a police station and a court, who work with whole case files / 演示用的两个司法机关
[[principal]]
name = "police-application"
kind = "judicial"
match = { user = "police" }

[[principal]]
name = "court-application"
kind = "judicial"
article = "实施办法第16条"
match = { user = "court" }
"""


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
    def published_count(self) -> int:
        """How many entries the log's checkpoint covers."""
        return int((self.log / "checkpoint").read_text(encoding="utf-8").splitlines()[1])

    @property
    def public_key(self) -> Path:
        """All a verifier needs."""
        return self.home / "keys" / "log.vkey"

    @property
    def officers(self) -> Path:
        """Who may log in at the desk."""
        return self.home / "officers.toml"

    @property
    def certificates(self) -> Path:
        """Where the forms lie."""
        return self.home / "certificates"

    @property
    def supervisor(self) -> Path:
        """The private key that would never be on this machine outside a demo."""
        return self.home / "supervisor" / f"{RECIPIENTS[0]}.identity"

    @property
    def law(self) -> Law:
        """The policy in force, read once: nobody changes it during the tour."""
        return _law(self.home / "policy.toml")

    @property
    def people_an_hour(self) -> int:
        """How many different people an officer of the query counter may ask for."""
        counters = [each for each in self.law.principals if each.name == COUNTER]
        limit = counters[0].limits.subjects_per_hour
        assert limit is not None
        return limit

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

    def configure(self, ports: Ports) -> None:
        """Write fengcun.toml, and policy.toml as it is shipped with two principals more."""
        self.configuration.write_text(
            _CONFIGURATION.format(
                host=HOST,
                origin=ORIGIN,
                agency=NAME,
                database=DATABASE,
                database_port=ports.database,
                listen_port=ports.listen,
                metrics_port=ports.metrics,
                desk_port=ports.desk,
            ),
            encoding="utf-8",
        )
        for name in _PASSWORD_FILES:
            (self.home / name).touch(mode=0o600)
            (self.home / name).write_text(PASSWORD + "\n", encoding="utf-8")
        shipped = shipped_file("policy.toml").read_text(encoding="utf-8")
        (self.home / "policy.toml").write_text(shipped + _ORGANS, encoding="utf-8")

    def add_officers(self) -> None:
        """``fengcun desk officer add``: one who takes applications in, one who decides on them."""
        for name, role in ((CLERK, "clerk"), (APPROVER, "approver")):
            fengcun(
                *("desk", "officer", "add", name, "--role", role),
                *("--config", self.configuration),
                given=OFFICER_PASSWORD,
            )

    def serve(self, cluster: Cluster, wanted_port: int | None) -> Service:
        """Start ``fengcun serve`` on ``wanted_port`` or another. Raises `ChildFailed`."""
        for _ in range(_START_ATTEMPTS_MAX):
            ports = Ports(
                cluster.port,
                free_port(wanted_port or LISTEN_PORT),
                free_port(METRICS_PORT),
                free_port(DESK_PORT),
            )
            try:
                return self._serve(ports)
            except ChildFailed:
                if still_free(ports.listen, ports.metrics, ports.desk):
                    raise
        raise ChildFailed("fengcun serve found its ports taken again and again: try once more")

    def entries(
        self, *kinds: str, start: int = 0, identity: Path | None = None
    ) -> tuple[Entry, ...]:
        """``fengcun ledger show``: entries of these kinds from ``start`` on, as published."""
        wanted = [option for kind in kinds for option in ("--kind", kind)]
        reader = () if identity is None else ("--identity", identity)
        shown = fengcun(
            "ledger", "show", "--log", self.log, "--from", str(start), *wanted,
            "--count", str(_ENTRIES_COUNT_MAX), "--json", *reader,
        )  # fmt: skip
        rows = map(json.loads, shown.splitlines())
        return tuple(
            Entry(row["index"], row["kind"], row["header"], row.get("payload")) for row in rows
        )

    def verify(self, log: Path | None = None) -> str:
        """``fengcun ledger verify``. Raises `CommandFailed`, with code 1 for a log that is bad."""
        return fengcun("ledger", "verify", "--log", log or self.log, "--key", self.public_key)

    def check_certificate(self, file: Path) -> str:
        """``fengcun certificate verify`` of a PDF: offline, by files alone. Raises
        `CommandFailed` for one that is not on record."""
        return fengcun("certificate", "verify", file, "--log", self.log, "--key", self.public_key)

    def _serve(self, ports: Ports) -> Service:
        self.configure(ports)
        if not self.officers.exists():
            self.add_officers()
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
        return Service(child, ports)


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the database listens, and the service: for applications, metrics, officers."""

    database: int
    listen: int
    metrics: int
    desk: int


@dataclass(frozen=True, slots=True)
class Service:
    """``fengcun serve``, listening."""

    child: Child
    ports: Ports


@cache
def _law(file: Path) -> Law:
    return load_law(file)


def command(*arguments: str | Path) -> list[str]:
    """The command line of ``fengcun`` with these arguments, by the Python that runs us."""
    return [sys.executable, "-m", "proxy.cli", *map(str, arguments)]


def fengcun(*arguments: str | Path, given: str = "") -> str:
    """Run a command to its end, ``given`` on its standard input; what it printed. Raises
    `CommandFailed`."""
    done = subprocess.run(
        command(*arguments), capture_output=True, text=True, env=environment(), input=given,
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
