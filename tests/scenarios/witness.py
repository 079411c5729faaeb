"""A witness as the supervisor runs it, and others that answer in its place.

Nothing here imports the product: what is tested is what is typed.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

from tests.scenarios.service import FENGCUN, LOOK_AGAIN_S, ROOT, Site, until_it_answers
from tests.world import HOST, free_port

WITHIN_MAX_S = 90.0
NAME = "procuratorate.example/w1"
T = TypeVar("T")


@dataclass(slots=True)
class Witness:
    """`fengcun witness serve`, which may be started and stopped many times."""

    home: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its submission prefix."""
        return f"http://{HOST}:{self.port}"

    @property
    def key(self) -> Path:
        """Its public key."""
        return self.home / "witness.vkey"

    def start(self) -> Witness:
        """Returns when it answers."""
        self.process = subprocess.Popen(
            [*FENGCUN, "witness", "serve", "--directory", str(self.home), "--port", str(self.port)],
            cwd=ROOT, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        until_it_answers(self.port, self.process)
        return self

    def stop(self) -> None:
        """SIGKILL, whatever state it is in."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def hang(self) -> None:
        """It takes connections, through the kernel, and answers nothing."""
        assert self.process is not None
        self.process.send_signal(signal.SIGSTOP)

    def last_of(self, site: Site) -> bytes:
        """What it remembers of the log."""
        (file,) = (self.home / "seen").iterdir()
        return file.read_bytes()


@contextmanager
def witness_of(site: Site, *, started: bool = True) -> Iterator[Witness]:
    """A new witness that watches the site's log, and the site's settings name it."""
    made = Witness(site.home / "witness")
    site.must("witness", "init", "--directory", made.home, "--name", NAME)
    site.must("witness", "watch", "--directory", made.home, site.home / "keys" / "log.vkey")
    with site.config.open("a", encoding="utf-8") as file:
        file.write(
            f'\n[ledger.witness]\nkey_file = "{made.key}"\nurl = "{made.url}"\ninterval_ms = 100\n'
        )
    try:
        yield made.start() if started else made
    finally:
        made.stop()


def size_of(note: bytes) -> int:
    """Of a checkpoint."""
    return int(note.split(b"\n")[1])


def kept_size(site: Site) -> int:
    """Of what is kept beside the log; 0 without."""
    found = list((site.log / "cosigned").glob("*")) if (site.log / "cosigned").exists() else []
    sizes = [size_of(file.read_bytes()) for file in found if not file.suffix]
    return max(sizes, default=0)


def metric(site: Site, name: str, labels: str = "") -> float:
    """A value that the service shows."""
    with urllib.request.urlopen(f"http://{HOST}:{site.metrics_port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(f"{name}{labels}"))


def health(site: Site) -> int:
    """The status of /healthz."""
    try:
        with urllib.request.urlopen(f"http://{HOST}:{site.metrics_port}/healthz") as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def until(what: Callable[[], T]) -> T:
    """Its first value that is true; AssertionError after a long time."""
    deadline = time.monotonic() + WITHIN_MAX_S
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            if found := what():
                return found
        time.sleep(LOOK_AGAIN_S)
    raise AssertionError(f"not within {WITHIN_MAX_S} s")


class Impostor(BaseHTTPRequestHandler):
    """Answers in the witness's place; subclasses say what."""

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """A whole answer."""
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        """What it shows of the log."""
        raise NotImplementedError

    def do_POST(self) -> None:
        """How it cosigns."""
        self.do_GET()


@contextmanager
def impostor(port: int, kind: type[Impostor]) -> Iterator[None]:
    """One at the witness's address."""
    server = ThreadingHTTPServer((HOST, port), kind)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
