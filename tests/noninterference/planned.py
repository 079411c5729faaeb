"""The product's judgement in this process, where a test can weaken it.

A statement is planned and rewritten here, sent to the database as the service would send it, and
its error scrubbed as the service would. Left out are the session, the ledger and the wire.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import replace

from proxy.cli.live import look_at
from proxy.result import scrub
from proxy.session.plan import Plan, Scene
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planner
from proxy.settings.law import law_of
from proxy.settings.problems import parse_document
from proxy.settings.service import Upstream
from proxy.wire.postgres.backend import decode_fields, encode_fields
from tests.noninterference.client import Answer, Client
from tests.noninterference.statement import Instance
from tests.noninterference.worlds import USER
from tests.scenarios.service import ROOT, UNLIMITED
from tests.world import HOST, Database

PLANS_KEPT_MAX = 64


def planner_of(database: Database) -> tuple[Planner, Scene]:
    """The shipped policy over the database, without limits, and a session of `USER` in it."""
    law = law_of(parse_document(ROOT / "config" / "policy.toml", UNLIMITED.encode()))
    upstream = Upstream(
        host=HOST, port=database.port, databases=(database.name,), catalogue_user="postgres"
    )
    live = asyncio.run(look_at(upstream, database.name, USER))
    principal = next(p for p in law.principals if any(m.user == USER for m in p.matches))
    return Planner(law, live.catalogue), Scene(principal, live.search_path)


class Planned(Client):
    """A client whose statements take effect as their plans; a refused one reaches nothing."""

    def __init__(self, database: Database, planner: Planner, scene: Scene) -> None:
        super().__init__(database.port, database.name, USER)
        self._planner, self._scene = planner, scene
        self._cache = PlanCache(entries_max=PLANS_KEPT_MAX)
        self._plans: list[Plan] = []

    def send(self, instances: Iterable[Instance]) -> None:
        instances = list(instances)
        self._plans = [self._plan(instance) for instance in instances]
        super().send(self._served(instances))

    def receive(self, instances: Sequence[Instance]) -> list[Answer]:
        answers = iter(super().receive(self._served(instances)))
        return [
            _refused(plan) if plan.text is None else _released(plan, next(answers))
            for plan in self._plans
        ]

    def _plan(self, instance: Instance) -> Plan:
        scene = replace(self._scene, in_transaction=instance.writes)
        plan = self._cache.lookup(instance.text, scene)
        if plan is None:
            planned = self._planner.work_out(instance.text, scene)
            self._cache.remember(instance.text, scene, planned)
            plan = planned.plan
        return plan

    def _served(self, instances: Sequence[Instance]) -> list[Instance]:
        return [
            replace(instance, text=plan.text)
            for instance, plan in zip(instances, self._plans, strict=True)
            if plan.text is not None
        ]


def _refused(plan: Plan) -> Answer:
    return Answer(error={"C": "42501", "H": f"rule {plan.decision.rule}"})


def _released(plan: Plan, answer: Answer) -> Answer:
    if not plan.guarded or not answer.error:
        return answer
    raw = encode_fields({letter: value.encode() for letter, value in answer.error.items()})
    kept = decode_fields(scrub.scrub_error(raw))
    return replace(answer, error={letter: value.decode() for letter, value in kept.items()})
