"""The month as the demo makes it, over a small population, once for all that look at it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from ledger.entry import Entry, parse_entry
from ledger.fetch import DirectoryLog, entries
from ledger.keys import NotaryKeys, init_keys
from ledger.opener import PayloadOpener
from ledger.portal.logs import Source, source_of
from proxy.demo.agency import Agency, Ports
from proxy.demo.month import history
from proxy.demo.month.pen import PROXY_ID
from proxy.demo.month.roster import CHINA
from proxy.demo.month.scans import result
from proxy.settings import load_settings
from tests.unit.ledger.small_log import identities
from tests.unit.proxy.demo.conftest import Demo

NOW = datetime(2026, 3, 31, 17, 30, tzinfo=CHINA).timestamp()
SHORT = datetime(2022, 10, 8, 12, 0, tzinfo=CHINA).timestamp()
"""After the holidays of October: no thirty days have fewer working days."""


@dataclass(frozen=True, slots=True)
class Made:
    """A month, every entry of it opened."""

    root: Path
    keys: NotaryKeys
    entries: tuple[tuple[Entry, bytes | None], ...]

    def of(self, kind: str) -> list[tuple[Entry, bytes | None]]:
        return [each for each in self.entries if each[0].kind.value == kind]

    @property
    def source(self) -> Source:
        return source_of(history.NAME, str(self.root), [str(self.keys.log.verifier)])


Make = Callable[[float], Made]


@pytest.fixture(scope="session")
def place(demo: Demo, tmp_path_factory: pytest.TempPathFactory) -> history.Place:
    """The demo's law and the catalogue of its database; scans that find the same of each rule."""
    agency = Agency(tmp_path_factory.mktemp("month-agency"))
    agency.configure(Ports(demo.cluster.port, 1, 2, 3))
    law = agency.law
    catalogue = asyncio.run(history._catalogue(load_settings(agency.configuration)))
    keys = [(number,) for number in range(1, 31)]
    results = [result(rule, "agency", ("cp_id",), keys) for rule in law.findings]
    return history.Place(law, catalogue, demo.register, results)


@pytest.fixture(scope="session")
def make(place: history.Place, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Another month, with keys of its own."""

    def made(now: float) -> Made:
        home = tmp_path_factory.mktemp("month")
        keys = init_keys(
            home / "keys", origin=history.ORIGIN, proxy_id=PROXY_ID,
            recipients=[each.recipient for each in identities()],
        )  # fmt: skip
        count = asyncio.run(history.write_history(home / "ledger", keys, place, now))
        reader = DirectoryLog(home / "ledger")
        opener = PayloadOpener(reader, identities()[0])
        found = []
        for _, data, ciphertext in entries(reader):
            entry, _ = parse_entry(data)
            found.append((entry, opener.open(entry, ciphertext) if entry.payload else None))
        assert len(found) == count
        return Made(home / "ledger", keys, tuple(found))

    return made


@pytest.fixture(scope="session")
def month(make: Make) -> Made:
    return make(NOW)


@pytest.fixture(scope="session")
def short_month(make: Make) -> Made:
    return make(SHORT)
