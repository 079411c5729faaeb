"""The made-up month as a log: who writes it, by what it is judged, and where it lies."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from ledger.keys import NotaryKeys, init_keys, load_recipients
from proxy.demo.agency import RECIPIENTS, Agency
from proxy.demo.database import SCHEMA
from proxy.demo.month.diary import Diary
from proxy.demo.month.judging import Judging
from proxy.demo.month.papers import Statements, Window
from proxy.demo.month.pen import PROXY_ID, Pen, line_of
from proxy.demo.month.plot import Stage, rehearse
from proxy.demo.month.roster import Calendar, Roster, moment
from proxy.demo.month.scans import Scans, results_of
from proxy.demo.month.sessions import Office
from proxy.demo.month.traffic import Traffic
from proxy.demo.register import Register
from proxy.desk.calendars import load_working_days
from proxy.desk.certificate.code import log_tag
from proxy.desk.legal_bases import load_legal_bases
from proxy.policy.law import Law
from proxy.record.findings import Result
from proxy.record.line import Ledger
from proxy.settings import load_settings
from proxy.settings.service import Settings
from proxy.settings.shipped import shipped_file
from proxy.statement.catalogue import Catalogue
from proxy.upstream.connect import Upstream, tls_context
from proxy.upstream.introspect import introspect
from proxy.upstream.watch import open_catalogue

NAME: Final = "虚构的一个月"
"""What the portal calls it: made up, in so many words."""
ORIGIN: Final = "made-up-month.demo.example/fengcun"
SEED: Final = 286
_DOWN_SECONDS: Final = 240.0
_RESTARTED: Final = ((8, 22, 30), (21, 22, 30))
"""On which day of the month, and when."""
_LAST_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Place:
    """The agency that does not exist: what it is judged by, who is in its register, and what its
    scans find."""

    law: Law
    catalogue: Catalogue
    register: Register
    results: Sequence[Result]


@dataclass(frozen=True, slots=True)
class Month:
    """A log, and the public key that it is verified by."""

    log: Path
    public_key: Path
    entries_count: int


def write_month(agency: Agency, register: Register) -> Month:
    """The thirty days up to now, beside the demo's own log and for the same recipients. Raises
    `FengcunError` and `LedgerError`."""
    home, now = agency.home / "month", time.time()
    settings = load_settings(agency.configuration)
    public = [agency.home / "supervisor" / f"{name}.pub" for name in RECIPIENTS]
    keys = init_keys(
        home / "keys", origin=ORIGIN, proxy_id=PROXY_ID, recipients=load_recipients(public)
    )
    found = agency.entries("finding", identity=agency.supervisor)
    law = agency.law

    async def written() -> int:
        place = Place(law, await _catalogue(settings), register, results_of(found, law.findings))
        return await write_history(home / "ledger", keys, place, now)

    return Month(home / "ledger", home / "keys" / "log.vkey", asyncio.run(written()))


async def write_history(root: Path, keys: NotaryKeys, place: Place, now: float) -> int:
    """A new log in ``root`` that ends at ``now``, in Unix seconds; how many entries it has. But for
    keys, dates and what the product draws at random it is the same each time."""
    calendar = load_working_days()
    days = Calendar.until(now, calendar)
    chance = Random(SEED)  # noqa: S311 (reproducible, not secret)
    pen = Pen(root, keys, moment(days.days[0], 0, 0, 5))
    ledger = line_of(pen, keys.pseudonyms)
    judging = Judging(place.law, place.catalogue, (SCHEMA, "public"), keys.pseudonyms)
    office = Office(pen, ledger, judging, chance)
    roster, diary = Roster(place.register, SEED), Diary()
    traffic = Traffic(office, roster, place.register)
    statements = Statements(*(_statement(name) for name in ("certificate.sql", "batch.sql")))
    window = Window(office, calendar, load_legal_bases(), statements, log_tag(ORIGIN))
    scans = Scans(office, place.results)
    rehearse(Stage(pen, diary, days, roster, traffic, window, scans, chance))
    for day, hour, minute in _RESTARTED:
        diary.note(moment(days.days[day], hour, minute), partial(_restart, pen, ledger, place.law))
    try:
        await _in_force(ledger, place.law)
        await diary.live(pen, now - _LAST_SECONDS)
        pen.now = max(pen.now, now - _LAST_SECONDS)
    finally:
        # Its thread writes until then, and the directory may be about to be removed.
        await ledger.close()
    return pen.size


async def _restart(pen: Pen, ledger: Ledger, law: Law) -> None:
    pen.restart(_DOWN_SECONDS)
    await _in_force(ledger, law)


async def _in_force(ledger: Ledger, law: Law) -> None:
    await ledger.policy_in_force(
        law.digest, relations_count=len(law.relations), principals_count=len(law.principals)
    )


def _statement(name: str) -> str:
    return shipped_file(name).read_text(encoding="utf-8").strip()


async def _catalogue(settings: Settings) -> Catalogue:
    upstream = settings.upstream
    (database,) = upstream.databases
    tls = tls_context(Upstream.configured(upstream))
    connection = await open_catalogue(upstream, database, tls)
    try:
        return await introspect(connection, database)
    finally:
        await connection.close()
