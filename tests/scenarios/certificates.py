"""A site that issues certificates, with people of the seed who have numbers to be asked by."""

from __future__ import annotations

import base64
import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from ledger.errors import LedgerError
from proxy.cli.main import app
from proxy.errors import ConfigurationError, FengcunError
from tests.scenarios.service import FENGCUN, ROOT, Service, install, started, until_it_answers
from tests.world import HOST, Database, free_port

SEALED, CLEAN, ADULT, MIXED, MIXED_LIKE = "甲一", "一甲", "甲三", "丙再犯", "丙成年"
NUMBERS = {
    SEALED: "110105200405100018",
    CLEAN: "110105200405100034",
    ADULT: "110105200405100050",
    MIXED: "110105200006060012",
    MIXED_LIKE: "110105198808080015",
}
"""Synthetic. CLEAN is in no table, and is spelt like SEALED, with the same letters."""

SECTION = """
[certificate]
organ = "示例市公安局"
number_word = "示公证字"
directory = "certificates"
user = "certificate"
answer_every_ms = 500

[desk]
agency = "示例市公安局"
directory = "desk"
officers_file = "officers.toml"
port = {port}
"""
PUBLISHED_AFTER_MAX_S = 60.0
OFFICER, PASSWORD = "021377", "synthetic words of a clerk"


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a command."""

    returncode: int
    stdout: str
    stderr: str


def fengcun(*arguments: str | Path, given: str = "") -> Done:
    """A command, as `proxy.cli.main.main` runs it."""
    result = CliRunner().invoke(app, [*map(str, arguments)], input=given)
    if isinstance(result.exception, FengcunError | LedgerError):
        code = 2 if isinstance(result.exception, ConfigurationError) else 1
        return Done(code, result.stdout, f"fengcun: {result.exception}\n")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return Done(result.exit_code, result.stdout, result.stderr)


@dataclass(frozen=True, slots=True)
class Counter:
    """A running service, and `fengcun certificate` beside it."""

    service: Service
    port: int

    def ask(
        self, path: str, given: object = None, *, officer: bool = True
    ) -> tuple[int, bytes, dict[str, str]]:
        """A request to the desk over HTTP: status, body and headers."""
        data = None if given is None else json.dumps(given).encode()
        request = urllib.request.Request(f"http://{HOST}:{self.port}{path}", data)
        request.add_header("Content-Type", "application/json")
        if officer:
            token = base64.b64encode(f"{OFFICER}:{PASSWORD}".encode()).decode()
            request.add_header("Authorization", f"Basic {token}")
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, answer.read(), dict(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, error.read(), dict(error.headers)

    @property
    def config(self) -> Path:
        return self.service.site.config

    def run(self, *arguments: str | Path, given: object = None) -> Done:
        """`fengcun certificate`, with JSON on its standard input. In this process: a hundred of
        them are asked for, and what differs in a process of its own is for other tests."""
        return fengcun("certificate", *arguments, given="" if given is None else json.dumps(given))

    def entries(self, kind: str) -> list[Mapping[str, Any]]:
        """The ledger's entries of a kind, with payloads."""
        site = self.service.site
        identity = site.home / "recipients" / "procuratorate.identity"
        done = fengcun(
            "ledger", "show", "--log", site.log, "--kind", kind, "--count", str(1 << 40),
            "--identity", identity, "--json",
        )  # fmt: skip
        return [json.loads(line) for line in done.stdout.splitlines()]

    def issue(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        """What `issue --json` says."""
        done = self.run(
            "issue", "--config", self.config, "--officer", "021377", "--json", given=request
        )
        assert done.returncode == 0, done.stderr
        said = dict(json.loads(done.stdout))
        self._until_published(int(said["entry"]))
        return said

    def _until_published(self, index: int) -> None:
        """An entry is durable first, and is in the files that others read a moment later."""
        deadline = time.monotonic() + PUBLISHED_AFTER_MAX_S
        checkpoint = self.service.site.log / "checkpoint"
        while int(checkpoint.read_text(encoding="utf-8").splitlines()[1]) <= index:
            assert time.monotonic() < deadline, "the entry is not published"
            time.sleep(0.02)


def person(name: str, number: str, kind: str = "identity-card") -> dict[str, str]:
    return {
        "name": name, "gender": "male", "nationality": "中国",
        "identity_kind": kind, "number": number,
    }  # fmt: skip


def certificate_for(name: str) -> dict[str, Any]:
    """A request by the person."""
    return {
        "asked": "certificate",
        "applicant": {"kind": "self"},
        "person": person(name, NUMBERS[name]),
        "purpose": "employment",
    }


def letter_about(name: str) -> dict[str, Any]:
    """A request by a unit."""
    handler = {"name": "钱办事", "number": "110105198001010016"}
    unit = {"kind": "unit", "unit": "示例小学", "letter": "示函〔2026〕1号", **handler}
    return {**certificate_for(name), "asked": "letter", "applicant": unit}


def content(issue: Mapping[str, Any]) -> bytes:
    """The bytes of what was issued."""
    return Path(issue["file"]).read_bytes()


def entry_of(counter: Counter, serial: str) -> Mapping[str, Any]:
    """The entry of a serial; published soon after it is durable."""
    return next(
        each for each in counter.entries("certificate")
        if each["header"]["certificate"] == serial and each["header"]["event"] != "revoked"
    )  # fmt: skip


@contextmanager
def running_counter(database: Database, home: Path) -> Iterator[Counter]:
    """Numbers for the people above, the section, the service."""
    for name, number in NUMBERS.items():
        database.run(f"UPDATE base.person SET id_no = '{number}' WHERE name = '{name}'")
    site = install(database, home)
    port = free_port()
    with site.config.open("a", encoding="utf-8") as file:
        file.write(SECTION.format(port=port))
    add = [*FENGCUN, "desk", "officer", "add", OFFICER, "--role", "clerk", "--config"]
    subprocess.run(
        [*add, str(site.config)],
        cwd=ROOT,
        input=PASSWORD,
        text=True,
        check=True,
        capture_output=True,
    )
    with started(site) as service:
        until_it_answers(port, service.process)
        yield Counter(service, port)
        assert service.stop() == 0
    site.verify()
