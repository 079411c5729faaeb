"""What goes wrong on purpose, and how the service is brought back where it ends by design."""

from __future__ import annotations

import itertools
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random

import psutil
import psycopg

from tests.bench.load.soak.rebirth import Rebirth
from tests.bench.load.stage import serving_processes
from tests.scenarios.workers import health
from tests.world import PostgresWorld

STANDS_STILL_S = 3.0
WELL_AFTER_MAX_S = 90.0
EXIT_LEDGER = 3
"""Of a service whose notary is gone."""


class Chaos:
    """Each thing once in a random order, then again. First those of the gentle sort alone."""

    def __init__(self, world: PostgresWorld, service: Rebirth, random: Random) -> None:
        self.counts: dict[str, int] = {}
        self._world = world
        self._service = service
        self._random = random
        self._policy = service.site.policy.read_text(encoding="utf-8")
        self._numbers = itertools.count(1)
        self._left: list[Callable[[], None]] = []

    def next(self, *, gentle: bool) -> str:
        """Do one thing, and return when the service is well again; what it was. ``gentle``: none
        that ends a process of the service, so that it is seen whether those grow.

        AssertionError where it does not become well.
        """
        if not self._left:
            self._left = [*self._gentle()] if gentle else [*self._gentle(), *self._deadly()]
            self._random.shuffle(self._left)
        act = self._left.pop()
        name = act.__name__.replace("_", " ")
        act()
        self.counts[name] = self.counts.get(name, 0) + 1
        self.until_well(name)
        return name

    def _gentle(self) -> list[Callable[[], None]]:
        return [
            self.stop_a_worker, self.cut_connections, self.crash_the_database,
            self.restart_the_database, self.reload, self.reload_nonsense,
        ]  # fmt: skip

    def _deadly(self) -> list[Callable[[], None]]:
        return [
            self.kill_a_worker, self.kill_the_notary, self.kill_everything,
            self.restart_the_service,
        ]  # fmt: skip

    def until_well(self, after: str) -> None:
        """/healthz says so, and a client is served."""
        deadline = time.monotonic() + WELL_AFTER_MAX_S
        while time.monotonic() < deadline:
            with suppress(psycopg.OperationalError):
                if health(self._service.site)[0] == 200:
                    self._service.site.connect().close()
                    return
            time.sleep(0.1)
        raise AssertionError(f"the service is not well after this: {after}")

    def _worker(self) -> psutil.Process:
        return self._random.choice(serving_processes(self._service.service))

    def kill_a_worker(self) -> None:
        self._worker().kill()

    def stop_a_worker(self) -> None:
        worker = self._worker()
        worker.suspend()
        time.sleep(STANDS_STILL_S)
        worker.resume()  # it is still there: nobody may take it for dead so soon

    def cut_connections(self) -> None:
        """Half of all sessions, from the database's side."""
        sql = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'soak-%' AND random() < 0.5"
        )
        self._service.site.database.run(sql)

    def crash_the_database(self) -> None:
        self._world.stop(signal.SIGQUIT)
        self._world.start()

    def restart_the_database(self) -> None:
        self._world.stop(signal.SIGINT)
        self._world.start()

    def reload(self) -> None:
        """Another file, which says the same."""
        text = f"# {next(self._numbers)}\n{self._policy}"
        self._service.site.policy.write_text(text, encoding="utf-8")
        self._service.process.send_signal(signal.SIGHUP)

    def reload_nonsense(self) -> None:
        self._service.site.policy.write_text("[relation", encoding="utf-8")
        self._service.process.send_signal(signal.SIGHUP)
        time.sleep(1.0)
        self._service.site.policy.write_text(self._policy, encoding="utf-8")

    def kill_the_notary(self) -> None:
        """Nobody serves without one: the service ends by itself and is started again."""
        self._service.service.notary.kill()
        self._service.until_ended(EXIT_LEDGER)
        self._service.start()

    def kill_everything(self) -> None:
        self._service.service.kill()
        self._service.start()

    def restart_the_service(self) -> None:
        self._service.process.terminate()
        self._service.until_ended(0)
        self._service.start()
