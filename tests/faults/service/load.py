"""Clients that ask all the time and write down, outside of the service, what was answered.

Each statement is unlike all others, so that it can be looked for in the ledger.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.scenarios.service import STOPS_AFTER_MAX_S, Site

CLIENTS_COUNT = 6
ANSWERS_MAX_S = 20.0


class Journal:
    """The statements that were answered, a way to wait for more of them, and how it ended."""

    def __init__(self) -> None:
        self.ends: list[str | None] = []
        """The SQLSTATE that each client got in the end; None where it was cut off."""
        self._answered: list[str] = []
        self._grown = threading.Condition()

    @property
    def statements(self) -> set[str]:
        with self._grown:
            return set(self._answered)

    def write(self, statement: str) -> None:
        with self._grown:
            self._answered.append(statement)
            self._grown.notify_all()

    def wait_for(self, more_count: int) -> None:
        with self._grown:
            enough = len(self._answered) + more_count
            assert self._grown.wait_for(lambda: len(self._answered) >= enough, ANSWERS_MAX_S)


def ask_until_it_ends(
    site: Site, journal: Journal, name: str, connected: threading.Barrier
) -> None:
    try:
        with site.connect() as connection:
            connected.wait()
            for number in range(1 << 30):
                statement = f"SELECT '{name}-{number}', role FROM case_person WHERE cp_id = 17"
                connection.execute(statement.encode())
                journal.write(statement)
    except psycopg.OperationalError as error:
        journal.ends.append(error.sqlstate)


@contextmanager
def clients(site: Site, journal: Journal, name: str) -> Iterator[None]:
    """Asking all the time, each with a session of its own, until the service is gone."""
    connected = threading.Barrier(CLIENTS_COUNT + 1, timeout=ANSWERS_MAX_S)
    threads = [
        threading.Thread(
            target=ask_until_it_ends, args=(site, journal, f"{name}-{number}", connected)
        )
        for number in range(CLIENTS_COUNT)
    ]
    for thread in threads:
        thread.start()
    connected.wait()
    yield
    for thread in threads:
        thread.join(STOPS_AFTER_MAX_S)
        assert not thread.is_alive(), "a client still waits for a service that is gone"


def recorded(site: Site) -> set[str]:
    """Every statement that the ledger holds."""
    return {json.loads(entry["payload"])["text"] for entry in site.entries("decision")}
