"""A service of several workers, and a way to meet the one that a test is about."""

from __future__ import annotations

import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from pathlib import Path

import psutil
import psycopg

from tests.drivers.raw import RawClient
from tests.scenarios.service import Service, Site, install, started
from tests.world import HOST, Database

WORKERS = 2
DONE_AFTER_MAX_S = 90.0
CLIENTS_MAX = 60


@contextmanager
def serving(database: Database, home: Path, **settings: str) -> Iterator[Service]:
    """Two workers, and at the end a clean stop and an intact ledger."""
    site = install(database, home)
    site.set("listen", f"workers = {WORKERS}")
    for table, line in settings.items():
        site.set(table, line)
    with started(site) as service:
        until(lambda: health(site)[0] == 200)
        yield service
        if service.process.poll() is None:
            assert service.stop() == 0, site.errors.read_text(encoding="utf-8")
    site.verify()


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DONE_AFTER_MAX_S
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def get(site: Site, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{HOST}:{site.metrics_port}/{page}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
    except OSError:
        return 0, ""


def health(site: Site) -> tuple[int, str]:
    return get(site, "healthz")


def metric(site: Site, name: str) -> float:
    lines = get(site, "metrics")[1].splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


def served_by(service: Service, local_port: int) -> int | None:
    """The process at the other end of a connection from that port; None if nobody has it yet."""
    for worker in service.workers:
        for each in worker.net_connections("tcp"):
            if getattr(each.raddr, "port", None) == local_port:
                return worker.pid
    return None


def is_accepted(service: Service, local_port: int) -> bool:
    return served_by(service, local_port) is not None


def raw_to(stack: ExitStack, service: Service, worker: int) -> RawClient:
    """A connection that this worker has accepted; the kernel chooses, so it takes some."""
    for _ in range(CLIENTS_MAX):
        raw = stack.enter_context(RawClient(HOST, service.site.port))
        until(partial(is_accepted, service, raw.socket.getsockname()[1]))
        if served_by(service, raw.socket.getsockname()[1]) == worker:
            return raw
    raise AssertionError("the kernel never chose that worker")


def client_of(stack: ExitStack, service: Service, worker: int) -> psycopg.Connection:
    for _ in range(CLIENTS_MAX):
        connection = stack.enter_context(closing(service.site.connect()))
        name = psycopg.Connection.fileno(connection)
        port = next(
            each.laddr.port for each in psutil.Process().net_connections("tcp") if each.fd == name
        )
        if served_by(service, port) == worker:
            return connection
    raise AssertionError("the kernel never chose that worker")
