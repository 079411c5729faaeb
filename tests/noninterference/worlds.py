"""D, D' and the service in front of both."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
# How many pages a table has must not choose the plan: D has more of them than D'.
SETTINGS = ("SET jit = off", "SET seq_page_cost = 0", "SET random_page_cost = 0")
_FILES = ("roles.sql", "schema.sql", "seed.sql", "oracle.sql")
_TEMPTING = Path(__file__).with_name("tempting.sql")
_TEMPLATE = "tempting_template"
# The planner takes a table's rows to be as dense as they were when it was last analysed.
_SAME_DENSITY = """
UPDATE pg_class SET relpages = greatest(1, pg_relation_size(oid) / 8192)
WHERE relnamespace = 'base'::regnamespace AND relkind IN ('r', 'i')"""


@dataclass(frozen=True, slots=True)
class Pair:
    """D and D'; ``control`` is a D' that the proxy shows as it is."""

    full: Database
    pruned: Database
    control: Database


@dataclass(frozen=True, slots=True)
class Pairs:
    """``written`` is for what writes: rows that were rolled back make a table larger, and a plan
    another. ``tables`` describes D as the generator needs it."""

    read: Pair
    written: Pair
    tables: Tables

    def __getitem__(self, writes: bool) -> Pair:
        return self.written if writes else self.read

    def databases(self) -> list[Database]:
        """Those that a proxy stands in front of."""
        return [each for pair in (self.read, self.written) for each in (pair.full, pair.control)]


@dataclass(frozen=True, slots=True)
class Worlds:
    """A service in front of all of `pairs`."""

    pairs: Pairs
    service: Service

    def oracle(self, *, writes: bool, sabotaged: bool = False) -> Oracle:
        """Fresh sessions; `sabotaged`: the proxy is left out in front of D."""
        site, pair = self.service.site, self.pairs[writes]
        clients = (
            Client(pair.full.port if sabotaged else site.port, pair.full.name, USER),
            Client(pair.pruned.port, pair.pruned.name, USER),
            Client(site.port, pair.control.name, USER),
        )
        return Oracle(*(settled(client, writes=writes) for client in clients))


def settled(client: Client, statement_max_ms: int = 5000, *, writes: bool) -> Client:
    """The client, its session as all of them are."""
    limit = f"statement_timeout = {statement_max_ms}"
    if writes:
        client.begin = f"BEGIN; SET LOCAL {limit}"
    for setting in SETTINGS if writes else (*SETTINGS, f"SET {limit}"):
        answer = client.run(setting)
        assert not answer.error, answer.error
    return client


def pairs(postgres: PostgresWorld, before: str = "") -> Pairs:
    """The databases, each after the SQL of `before`. To the planner D looks like D', as far as it
    keeps statistics: were it not so, an expression that fails on a visible row would be reached on
    one and not on the other.
    """
    postgres.create_template(_TEMPLATE, (*_FILES, str(_TEMPTING), "grants.sql"))
    pruned = (SQL / "pruned.sql").read_text(encoding="utf-8")
    restored, control = (
        Path(__file__).with_name(name).read_text(encoding="utf-8").replace("-- pruned\n", pruned)
        for name in ("restored.sql", "control.sql")
    )
    read, written = (
        Pair(
            full=_built(postgres, f"full{suffix}", before, restored),
            pruned=_built(postgres, f"pruned{suffix}", before, pruned),
            control=_built(postgres, f"control{suffix}", before, control),
        )
        for suffix in ("", "_written")
    )
    return Pairs(read, written, read_tables(read.full))


def _built(postgres: PostgresWorld, name: str, *scripts: str) -> Database:
    database = postgres.create_database(_TEMPLATE, name=name)
    for script in filter(None, scripts):
        database.run(script)
    database.run(_SAME_DENSITY)
    return database


@contextmanager
def worlds(
    postgres: PostgresWorld,
    home: Path,
    before: str = "",
    policy: Callable[[str], str] = lambda shipped: shipped,
) -> Iterator[Worlds]:
    """The databases, and a service with a ledger below `home`, with what `policy` makes of the
    shipped one."""
    made = pairs(postgres, before)
    site = install(made.read.full, home)
    shipped = site.policy.read_text(encoding="utf-8")
    site.policy.write_text(policy(shipped), encoding="utf-8")
    text = site.config.read_text(encoding="utf-8")
    every = ", ".join(f'"{database.name}"' for database in made.databases())
    one = f'databases = ["{made.read.full.name}"]'
    site.config.write_text(text.replace(one, f"databases = [{every}]"), encoding="utf-8")
    with started(site) as service:
        yield Worlds(made, service)
