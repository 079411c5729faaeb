"""Where the load test plays: the agency's database on a server for a thousand connections, and the
service in front of it, with TLS."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.bench.__main__ import agency
from tests.scenarios.service import Service, install, started
from tests.unit.proxy.server.certificate import Certificate, make_certificate
from tests.world import Database, PostgresWorld

SERVER_CONNECTIONS_MAX = 1_200
CONNECTIONS_MAX = 1_000
PEOPLE_COUNT = 20_000
CASES_COUNT = 16_000
COPIED = """
CREATE TABLE public.copied (n bigint NOT NULL, filler text NOT NULL);
GRANT SELECT, INSERT, DELETE, TRUNCATE ON public.copied TO desk;
"""
SCRAM_USER = "agency_scram"
PRINCIPAL = f"""
[[principal]]
name = "application-with-a-password"
kind = "handler"
match = {{ user = "{SCRAM_USER}" }}
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """A server with TLS and the agency's database in it."""

    world: PostgresWorld
    database: Database
    certificate: Certificate

    @contextmanager
    def serving(self, *, workers_count: int = 1, **settings: str) -> Iterator[Service]:
        """Fengcun, installed and started, with lines of TOML added to the tables named."""
        with tempfile.TemporaryDirectory(prefix="fengcun-load-") as home:
            site = install(self.database, Path(home))
            with site.policy.open("a", encoding="utf-8") as policy:
                policy.write(PRINCIPAL)
            site.set("listen", f"workers = {workers_count}")
            site.set("limits", f"connections_max = {CONNECTIONS_MAX}")
            site.set("tls", self.certificate_lines)
            for table, lines in settings.items():
                site.set(table, lines)
            with started(site) as service:
                yield service
                if service.process.poll() is None and service.stop():
                    raise RuntimeError(site.errors.read_text(encoding="utf-8"))

    @property
    def certificate_lines(self) -> str:
        """For the service's table of TLS."""
        files = (self.certificate.certificate_file, self.certificate.key_file)
        return 'certificate_file = "{}"\nkey_file = "{}"'.format(*files)


@contextmanager
def stage() -> Iterator[Stage]:
    """Set up, in half a minute on an idle machine."""
    with PostgresWorld() as world, tempfile.TemporaryDirectory(prefix="fengcun-load-") as home:
        database = agency(world, people_count=PEOPLE_COUNT, cases_count=CASES_COUNT)
        database.run(COPIED)
        certificate = make_certificate(Path(home))
        _encrypt(database, certificate)
        database.run(f"ALTER SYSTEM SET max_connections = {SERVER_CONNECTIONS_MAX}")
        world.stop()
        world.start()
        yield Stage(world, database, certificate)


def _encrypt(database: Database, certificate: Certificate) -> None:
    """Where the server looks for its certificate, and as what its user may read."""
    ((data,),) = database.run("SHOW data_directory")
    directory = Path(str(data))
    owner = directory.stat()
    files = {"server.crt": certificate.certificate_file, "server.key": certificate.key_file}
    for name, file in files.items():
        placed = Path(shutil.copy(file, directory / name))
        placed.chmod(0o600)
        shutil.chown(placed, owner.st_uid, owner.st_gid)
    database.run("ALTER SYSTEM SET ssl = on")


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of all processes that serve clients: resident, proportional and unshared."""

    rss_bytes: int
    pss_bytes: int
    uss_bytes: int


def memory_of(service: Service) -> Memory:
    """Of the workers, or of the service's own process where it is the only one."""
    found = [process.memory_full_info() for process in serving_processes(service)]
    return Memory(
        sum(each.rss for each in found),
        sum(each.pss for each in found),
        sum(each.uss for each in found),
    )


def serving_processes(service: Service) -> list[psutil.Process]:
    """Those that have clients."""
    return service.workers or [psutil.Process(service.process.pid)]
