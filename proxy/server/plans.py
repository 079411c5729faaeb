"""The plans of one database under one policy: looked up on the event loop, made in a thread."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Collection
from concurrent.futures import Executor
from time import perf_counter
from typing import Final, Protocol

from proxy.names import PrincipalName, RuleName
from proxy.policy.permit import Permit
from proxy.record.scribe import Basis
from proxy.server.permits import Permits
from proxy.session.judge import Plans
from proxy.session.plan import Plan, Scene
from proxy.session.plan_cache import PlanCache
from proxy.session.planner import Planned, Planner
from proxy.telemetry.metrics import Metrics

_UNKNOWN_RELATION: Final = RuleName("unknown-relation")
# As many as there are threads for it: who waits for one may find a plan of the same shape by then.
_AT_ONCE_MAX: Final = 2
_generations = itertools.count(1)


class PlanSource(Plans, Protocol):
    """What a relay needs: plans seen before, plans to be made, and what they rest on.

    `seals_nothing`: every plan is to send the text as it came.
    """

    @property
    def seals_nothing(self) -> bool: ...

    @property
    def basis(self) -> Basis: ...

    async def analyse(self, text: str, scene: Scene) -> Plan: ...


class Refresh(Protocol):
    """Looks at the database again; ``changed``: it is known to have changed."""

    def __call__(self, *, changed: bool) -> Awaitable[None]: ...


class DatabasePlans:
    """Made anew for every policy and every state of the catalogue, with an empty cache.

    `refresh` looks at the database again: before a relation counts as unknown, where that is not
    too often, and whatever it takes, once the session itself has changed the schema.
    """

    def __init__(
        self,
        planner: Planner,
        cache: PlanCache,
        executor: Executor,
        metrics: Metrics | None = None,
        refresh: Refresh | None = None,
        permits: Permits | None = None,
    ) -> None:
        self.generation = next(_generations)
        self.planner = planner
        self.basis = Basis(planner.law.digest, planner.catalogue.version)
        self._cache = cache
        self._executor = executor
        self._metrics = metrics
        self._refresh = refresh
        self._permits = permits or Permits()
        self._turns = asyncio.Semaphore(_AT_ONCE_MAX)

    @property
    def seals_nothing(self) -> bool:
        return self.planner.law.seals_nothing

    @property
    def misread(self) -> frozenset[str]:
        """The codecs in which nothing but ASCII can be judged."""
        return self.planner.catalogue.misread

    def lookup(self, text: str, scene: Scene) -> Plan | None:
        """A plan made before for this text or its shape."""
        return self._cache.lookup(text, scene)

    def permits(self, principal: PrincipalName) -> tuple[Permit, ...]:
        """Those of a principal that are in force at this moment."""
        return self._permits.of(principal)

    @property
    def used_up(self) -> frozenset[Permit]:
        """Those that are known to have no use left."""
        return self._permits.used_up

    def use_up(self, principal: PrincipalName, numbers: Collection[str]) -> None:
        """Neither have these."""
        self._permits.use_up(principal, numbers)

    async def analyse(self, text: str, scene: Scene) -> Plan:
        """Make a plan in a thread and keep it. Raises `UpstreamUnavailable` where the catalogue has
        to be read first and cannot be."""
        if scene.unread and self._refresh is not None:
            await self._refresh(changed=True)
        loop = asyncio.get_running_loop()
        started = perf_counter()
        async with self._turns:
            # After a reload a hundred clients ask for the same shape at once: one plan serves all.
            known = None if scene.unread else self._cache.lookup(text, scene)
            if known is not None:
                return known
            planned: Planned = await loop.run_in_executor(
                self._executor, self.planner.work_out, text, scene
            )
            unknown = planned.plan.decision.rule == _UNKNOWN_RELATION
            refresh = self._refresh if unknown else None
            if refresh is None:
                self._cache.remember(text, scene, planned)
        if refresh is not None:
            # It may have been made a moment ago. If so, these plans are of the past now, and
            # whoever asked will ask the new ones.
            await refresh(changed=False)
        if self._metrics is not None:
            self._metrics.planned(perf_counter() - started)
        return planned.plan
