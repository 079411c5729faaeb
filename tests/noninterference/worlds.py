"""D, D' and the service in front of both."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.noninterference.client import Client
from tests.noninterference.oracle import Oracle
from tests.noninterference.tables import Tables, read_tables
from tests.scenarios.service import Service, install, started
from tests.world import SQL, Database, PostgresWorld

USER = "desk"
# JIT compiles the shipped predicates for seconds and gives the same answers.
SETTINGS = ("SET statement_timeout = '5s'", "SET jit = off")
_FILES = ("roles.sql", "schema.sql", "seed.sql", "oracle.sql")
_TEMPTING = Path(__file__).with_name("tempting.sql")
_TEMPLATE = "tempting_template"


@dataclass(frozen=True, slots=True)
class Worlds:
    """``tables`` describes D as the generator needs it."""

    full: Database
    pruned: Database
    service: Service
    tables: Tables

    def oracle(self, *, sabotaged: bool = False) -> Oracle:
        """Fresh sessions; `sabotaged`: the proxy is left out in front of D."""
        site = self.service.site
        clients = (
            Client(self.full.port if sabotaged else site.port, self.full.name, USER),
            Client(self.pruned.port, self.pruned.name, USER),
            Client(site.port, self.pruned.name, USER),
        )
        return Oracle(*map(settled, clients))


def settled(client: Client) -> Client:
    """The client, its session as all of them are."""
    for setting in SETTINGS:
        answer = client.run(setting)
        assert not answer.error, answer.error
    return client


def databases(postgres: PostgresWorld) -> tuple[Database, Database]:
    """D and D'."""
    postgres.create_template(_TEMPLATE, (*_FILES, str(_TEMPTING), "grants.sql"))
    full = postgres.create_database(_TEMPLATE, name="full")
    pruned = postgres.create_database(_TEMPLATE, name="pruned")
    pruned.run((SQL / "pruned.sql").read_text(encoding="utf-8"))
    return full, pruned


@contextmanager
def worlds(postgres: PostgresWorld, home: Path) -> Iterator[Worlds]:
    """Both databases, and a service with a ledger below `home`."""
    full, pruned = databases(postgres)
    site = install(full, home)
    text = site.config.read_text(encoding="utf-8")
    both = f'databases = ["{full.name}", "{pruned.name}"]'
    site.config.write_text(text.replace(f'databases = ["{full.name}"]', both), encoding="utf-8")
    with started(site) as service:
        yield Worlds(full, pruned, service, read_tables(full))
