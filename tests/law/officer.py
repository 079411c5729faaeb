"""An officer at an application: sessions of the product, by a clock that a test moves.

Sessions, plans, the budget and the way to it from two workers are the product's, and the database
is a real one. Left out are the sockets between, and the ledger: a record is durable at once.
"""

from __future__ import annotations

import asyncio
import json
import socket
from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from ledger.pseudonyms import Pseudonyms
from proxy.cli.live import look_at
from proxy.names import PrincipalName, SearchPath
from proxy.policy.budget import Account, Budget
from proxy.policy.law import Law, Principal
from proxy.policy.limits import Limits
from proxy.policy.permit import Permit
from proxy.record.spending import copy, request
from proxy.server.budgeting import Owner, Remote, granted
from proxy.session.commands import Analyse, Command, End, Need, Record, Reserve, ToClient, ToServer
from proxy.session.limits import MessageLimits
from proxy.session.plan import Grant, Plan, Scene
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.session.session import Opened, Session
from proxy.settings.law import law_of
from proxy.settings.problems import parse_document
from proxy.settings.service import Upstream
from proxy.wire.postgres.backend import ERROR, READY, decode_fields, encode_message
from proxy.wire.postgres.framer import Framer
from tests.drivers.raw import RawClient
from tests.scenarios.service import ROOT
from tests.world import HOST, Database

USER = "desk"
NONCE = b"0123456789abcdef0123456789abcdef"
WORKERS = 2


class Clock:
    """Unix seconds, as a test says."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass(frozen=True)
class World:
    """A policy over a database: what takes seconds to make, and no session changes."""

    database: Database
    law: Law
    planner: Planner
    path: SearchPath

    @classmethod
    def of(cls, database: Database, policy: str) -> World:
        law = law_of(parse_document(ROOT / "config" / "policy.toml", policy.encode()))
        upstream = Upstream(
            host=HOST, port=database.port, databases=(database.name,), catalogue_user="postgres"
        )
        live = asyncio.run(look_at(upstream, database.name, USER))
        return cls(database, law, Planner(law, live.catalogue), live.search_path)

    def principal(self, name: str) -> Principal:
        return next(each for each in self.law.principals if each.name == name)


class Site:
    """What all sessions share: the plans, and the one budget, by these limits."""

    def __init__(self, world: World, limits: Mapping[PrincipalName, Limits], clock: Clock) -> None:
        self.world, self.clock = world, clock
        self.plans = Plans(world.planner)
        self.pseudonyms = Pseudonyms(b"k" * 32)
        self.owner = Owner(Budget(limits), clock)
        self.restart()

    def restart(self) -> None:
        """The budget as it is written down and read again, and workers that remember nothing."""
        before = self.owner.budget
        self.owner.budget = Budget(before.limits, ticket=before.ticket)
        kept = json.loads(json.dumps(copy(before)))
        for principal, kind, name, last, buckets in kept:
            account = Account(PrincipalName(principal), kind, name)
            counts = {int(bucket): many for bucket, many in buckets.items()}
            self.owner.budget.take_up(account, last, counts)

        async def ask(verb: str, body: str) -> str:
            return self.owner.answer(body)

        def tell(verb: str, body: str) -> None:
            self.owner.take_back(body)

        self.workers = [Remote(ask, tell, self.clock) for _ in range(WORKERS)]


class Plans:
    """As the service has them, made on the spot."""

    generation = 1
    misread: frozenset[str] = frozenset()
    used_up: frozenset[Permit] = frozenset()

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self._cache = PlanCache()

    def lookup(self, text: str, scene: Scene) -> Plan | None:
        return self._cache.lookup(text, scene)

    def permits(self, principal: PrincipalName) -> tuple[Permit, ...]:
        return ()

    def use_up(self, principal: PrincipalName, numbers: Collection[str]) -> None:
        raise AssertionError("there are no permits here")

    def work_out(self, text: str, scene: Scene) -> Plan:
        planned = self._planner.work_out(text, scene)
        self._cache.remember(text, scene, planned)
        return planned.plan


@dataclass(frozen=True)
class Answer:
    """``rule`` is the one that refused, empty where it was served. ``recorded``: by how many
    decisions."""

    rule: str
    recorded_count: int


class Desk:
    """One session, as one of the workers has it."""

    def __init__(self, site: Site, principal: str, worker: int) -> None:
        self._site, world = site, site.world
        self._principal = world.principal(principal)
        self._budget = site.workers[worker % WORKERS]
        opened = Opened(self._principal, USER, world.path, "utf-8")
        self._session = Session(opened, site.plans, NONCE, MessageLimits())
        self._server = RawClient(HOST, world.database.port)
        # A pipeline goes out in pieces, and none of them waits for the one before.
        self._server.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._server.start(user=USER, database=world.database.name)
        self._framer = Framer(dict.fromkeys(range(256), 1 << 20))
        self._recorded_count = 0
        self._rules: list[str] = []
        self._ready = False

    def close(self) -> None:
        self._server.socket.close()

    def ask(self, *messages: bytes) -> Answer:
        """Send messages that end with a Query or a Sync, and see what comes of them."""
        self._rules, self._ready, before = [], False, self._recorded_count
        self._run(self._session.from_client(b"".join(messages)))
        while not self._session.idle:
            received = self._server.receive()
            assert received is not None, "the database has ended the session"
            raw = encode_message(ord(received.tag), received.body)
            self._run(self._session.from_server(raw))
        assert self._ready, "the client waits"
        return Answer(next(iter(self._rules), ""), self._recorded_count - before)

    def _run(self, commands: list[Command]) -> None:
        waiting = deque(commands)
        while waiting:
            match waiting.popleft():
                case ToServer(data=data):
                    self._server.send(data)
                case ToClient(data=data):
                    self._take(data)
                case Analyse(text=text, scene=scene):
                    plan = self._site.plans.work_out(text, scene)
                    waiting.extend(self._session.planned(plan))
                case Reserve(need=need):
                    waiting.extend(self._session.reserved(self._reserve(need)))
                case Record(unit=unit):
                    self._recorded_count += 1
                    waiting.extend(self._session.durable(unit.number))
                case End():
                    raise AssertionError("the session has ended")
                case _:
                    pass  # an outcome, for which nobody waits

    def _take(self, data: bytes) -> None:
        """What reaches the client: whole messages, as the server's come one at a time."""
        self._framer.feed(data)
        while (frame := self._framer.take()) is not None:
            self._ready = frame.tag == READY
            if frame.tag == ERROR:
                hint = decode_fields(frame.raw).get("H", b"").decode()
                assert hint, decode_fields(frame.raw)
                self._rules.append(hint.removeprefix("rule ").split(",")[0])

    def _reserve(self, need: Need) -> Grant | None:
        asked = request(need, self._principal.name, self._site.pseudonyms)
        answer = self._budget.at_once(asked)
        if answer is None:
            answer = asyncio.run(self._budget.ask(asked))
        return granted(need, answer, self._budget)
