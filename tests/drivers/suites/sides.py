"""The two ways to a database that a suite is run on: straight, and through the service as an
operator starts it, with a policy that seals nothing. Each has a server of its own."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.drivers.suites.catalogue import DATABASE, USER
from tests.scenarios.service import Site, install, started
from tests.world import HOST, PASSWORD, Database, PostgresWorld

DIRECT, PROXY = "direct", "proxy"
SIDES = (DIRECT, PROXY)

POLICY = """\
seals_nothing = true

[[principal]]
name = "suite"
kind = "unit"
match = { source = "127.0.0.0/8" }
"""

# What the suites' own instructions ask of a server: pg8000 names a database after each method.
METHODS = {
    "pg8000_md5": "md5",
    "pg8000_gss": "gss",
    "pg8000_password": "password",
    "pg8000_scram_sha_256": "scram-sha-256",
}
SETTINGS = {"max_prepared_transactions": "10", "wal_level": "logical"}
EXTENSION = "hstore"
KEEPER = "keeper"
"""Whom the service reads catalogues as, by no method of the suites' own."""
REFRESH_MS = 3_600_000
"""The connection by which the service looks at a database keeps it from being dropped."""
STATEMENT_BYTES_MAX = 16 << 20
"""psycopg2 sends statements of several MiB, to see how it waits for a full socket."""


@contextmanager
def side(name: str, binaries: Path | None, databases: Sequence[str]) -> Iterator[int]:
    """The port of 127.0.0.1 that leads to a fresh server; at the end the ledger is verified.

    ``databases`` are served beside the usual one. They are there when the service starts, and gone
    when the tests do, which make them or miss them.
    """
    with PostgresWorld(binaries) as world:
        database = prepare(world)
        if name == DIRECT:
            yield world.port
            return
        with tempfile.TemporaryDirectory(prefix="fengcun-suites-") as home:
            site = install(database, Path(home))
            configure(site, databases)
            for each in databases:
                database.run(f"CREATE DATABASE {each}")
            with started(site) as service:
                for each in databases:
                    database.run(f"DROP DATABASE {each} WITH (FORCE)")
                yield site.port
                if service.stop():
                    raise RuntimeError(site.errors.read_text(encoding="utf-8"))
            site.verify()


def configure(site: Site, databases: Sequence[str]) -> None:
    """A policy that seals nothing, and every database that the suite asks for."""
    site.policy.write_text(POLICY, encoding="utf-8")
    text = site.config.read_text(encoding="utf-8")
    named = ", ".join(f'"{name}"' for name in (DATABASE, *databases))
    text = text.replace(f'databases = ["{DATABASE}"]', f"databases = [{named}]")
    text = text.replace('catalogue_user = "postgres"', f'catalogue_user = "{KEEPER}"')
    site.config.write_text(text, encoding="utf-8")
    site.set("limits", f"statement_bytes_max = {STATEMENT_BYTES_MAX}")
    site.set("upstream", f"catalogue_refresh_ms = {REFRESH_MS}")


def prepare(world: PostgresWorld) -> Database:
    """The server as the suites want it; its database."""
    database = world.database(DATABASE)
    for setting, value in SETTINGS.items():
        database.run(f"ALTER SYSTEM SET {setting} = '{value}'")
    database.run(f"ALTER ROLE {USER} PASSWORD '{PASSWORD}'")
    database.run(f"CREATE ROLE {KEEPER} SUPERUSER LOGIN")
    if database.run(f"SELECT FROM pg_available_extensions WHERE name = '{EXTENSION}'"):
        database.run(f"CREATE EXTENSION {EXTENSION}")
    ((path,),) = database.run("SHOW hba_file")
    access = Path(path)
    lines = [f"host all {KEEPER} {HOST}/32 trust"]
    lines += [f"host {name} all {HOST}/32 {method}" for name, method in METHODS.items()]
    lines += access.read_text().splitlines()
    access.write_text("\n".join(lines) + "\n")
    # A server built without GSSAPI does not start with a line that names it.
    wrong = database.run("SELECT line_number FROM pg_hba_file_rules WHERE error IS NOT NULL")
    for (number,) in wrong:
        lines[number - 1] = ""
    access.write_text("\n".join(lines) + "\n")
    world.stop()
    world.start()
    return database
