"""The portal as somebody meets it: the command, a session, and how long its pages take.

    python -m tests.bench.portal --entries 1000000 [--log DIRECTORY] [--json]

The log is made by `portal_log`, or is one that was made before. `fengcun portal` is started over it
with nothing indexed, and pages are asked for by HTTP until all of it is. Then it is started once
more, somebody signs in, and each page is asked for several times, another one each time where that
is possible. A page's time is from the request to its last byte: a session looked up, the index
asked, the look written and synced, the page made. At last the log is verified by the button.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from html import unescape
from pathlib import Path
from statistics import median, quantiles
from typing import Final
from urllib.parse import quote

from tests.bench.portal_log import make_log, person_number, pseudonym
from tests.bench.portal_process import NAME, PEOPLE, Failed, People, Portal, mib

REPEATS: Final = 21
SLOW_MS: Final = 300
INDEXED_WITHIN_SECONDS: Final = 4 * 3600.0
VERIFIED_WITHIN_SECONDS: Final = 4 * 3600.0
VERIFICATION: Final = f"/logs/{quote(NAME)}/verification"
Asking = Callable[[int], Awaitable[float]]
"""Given which time it is asked; milliseconds."""


def pages(people: People, size: int) -> dict[str, Asking]:
    """By what they are called."""

    def of(address: Callable[[int], str]) -> Asking:
        async def ask(number: int) -> float:
            return (await people.get(address(number)))[1]

        return ask

    def deep(number: int) -> str:
        return f"/entries?after={quote(NAME)}:{size // 2 - 50 * number}"

    def entry(number: int) -> str:
        return f"/logs/{quote(NAME)}/entries/{(size // 3 + number * 9973) % size}"

    async def second(number: int) -> float:
        first, _ = await people.get("/entries")
        found = re.search(r'id="older" rel="next" href="([^"]*)"', first.text)
        if found is None:
            raise Failed("there is no second page")
        return (await people.get(unescape(found[1])))[1]

    async def person(number: int) -> float:
        return (await people.look_for(person_number(number * 997)))[1]

    async def live(number: int) -> float:
        after = f"{quote(NAME)}:{max(0, size - 20 - number)}"
        return await people.first_event(f"/live/events?after={after}")

    july = "since=2026-07-01&until=2026-07-31"
    return {
        "overview": of(lambda n: "/"),
        "entries, first page": of(lambda n: "/entries"),
        "entries, second page": second,
        "entries, a page in the middle": of(deep),
        "one person, from number to list": person,
        "one operator": of(lambda n: f"/entries?operator={pseudonym('operator', n * 31)}"),
        "one month": of(lambda n: f"/entries?since=2026-{1 + n % 10:02}-01"
                                  f"&until=2026-{1 + n % 10:02}-28"),
        "one day": of(lambda n: f"/entries?since=2026-07-{1 + n:02}&until=2026-07-{1 + n:02}"),
        "refused": of(lambda n: "/entries?refused=1"),
        "a rare rule in a month": of(lambda n: f"/entries?rule=write-back&{july}"),
        "certificates": of(lambda n: "/entries?kind=certificate"),
        "without a case, of one application": of(
            lambda n: "/entries?without_case=1&principal=court-filing"
        ),
        "nothing fits": of(lambda n: "/entries?rule=write-back&principal=court-filing&cut=1"),
        "one entry": of(entry),
        "live, first rows": live,
        "statistics, a year": of(lambda n: "/statistics?since=2026-01-01&until=2026-12-31"),
        "statistics, a month": of(lambda n: f"/statistics?{july}"),
        "leads, a day": of(lambda n: "/leads?since=2026-07-01&until=2026-07-01"),
        "leads, 30 days": of(lambda n: "/leads?since=2026-07-01&until=2026-07-30"),
    }  # fmt: skip


async def times_of(name: str, ask: Asking, repeats: int) -> dict[str, float]:
    """Milliseconds."""
    times_ms = [await ask(number) for number in range(repeats)]
    p95 = quantiles(times_ms, n=20, method="inclusive")[-1] if repeats > 1 else times_ms[0]
    found = {
        "median_ms": round(median(times_ms), 1),
        "p95_ms": round(p95, 1),
        "max_ms": round(max(times_ms), 1),
        "load": load(),
    }
    slow = "   slow" if found["median_ms"] > SLOW_MS else ""
    tell(f"{name}: {found['median_ms']:,.1f} ms, p95 {found['p95_ms']:,.1f} ms{slow}")
    return found


async def indexed(portal: Portal, who: str) -> dict[str, object]:
    """Started, and asked for its first page until all entries are in its index."""
    times_ms = []
    loads = [load()]
    assert portal.memory is not None
    async with portal.signed_in([who]) as people, asyncio.timeout(INDEXED_WITHIN_SECONDS):
        while True:
            answer, took_ms = await people.get("/")
            times_ms.append(took_ms)
            size = size_of(answer.text)
            if size is not None:
                break
            await asyncio.sleep(1.0 if len(times_ms) > 10 else 0.1)
            if len(times_ms) % 30 == 0:
                shown = re.search(r"<progress value=\"(\d+)\" max=\"(\d+)\">", answer.text)
                tell(f"indexed: {shown[1]} of {shown[2]}" if shown else "indexing")
    seconds = time.monotonic() - portal.began
    loads.append(load())
    return {
        "listens_after_seconds": round(portal.listens_after_seconds, 2),
        "indexed_after_seconds": round(seconds, 1),
        "entries": size,
        "overview_meanwhile_ms": round(median(times_ms), 1),
        "load": loads,
        "memory_peak_mib": mib(portal.memory.peaks_kib),
        "memory_mib": portal.memory.now_kib() >> 10,
    }


def size_of(page: str) -> int | None:
    """Entries, as the card on the first page has them."""
    found = re.search(r"<dt>记录条数</dt><dd>([\d,]+)</dd>", page)
    return None if found is None else int(found[1].replace(",", ""))


async def verified(portal: Portal, people: People) -> dict[str, object]:
    """By the button, and until the page says what came of it; and the list meanwhile."""
    assert portal.memory is not None
    loads, meanwhile_ms = [load()], []
    start = time.perf_counter()
    await people.next().send(VERIFICATION, VERIFICATION, {})
    async with asyncio.timeout(VERIFIED_WITHIN_SECONDS):
        while True:
            answer, _ = await people.get(f"{VERIFICATION}/state")
            state = json.loads(answer.text)
            if not state["running"]:
                break
            meanwhile_ms.append((await people.get("/entries"))[1])
            await asyncio.sleep(1.0)
            if len(meanwhile_ms) % 30 == 0:
                tell(f"verified: {state['done']:,} of {state['total']:,}")
    seconds = time.perf_counter() - start
    page, _ = await people.get(VERIFICATION)
    if re.search('data-standing="(intact|warned)"', page.text) is None:
        raise Failed("the log was not found intact")
    loads.append(load())
    return {
        "seconds": round(seconds, 1),
        "entries_page_meanwhile_ms": round(median(meanwhile_ms), 1) if meanwhile_ms else None,
        "load": loads,
    }


async def run(made: Path, scratch: Path, repeats: int, only: str = "") -> dict[str, object]:
    """`made` is a directory of `portal_log`; what the portal keeps is put into `scratch`."""
    portal = Portal(made, scratch / "state")
    portal.prepare()
    figures: dict[str, object] = {}
    async with portal.started():
        figures["from_nothing"] = first = await indexed(portal, PEOPLE[0])
    folder = scratch / "state/index"
    figures["index_bytes"] = sum(path.stat().st_size for path in folder.iterdir())
    tell(f"indexed after {first['indexed_after_seconds']} s")
    async with portal.started():
        figures["started_again"] = await indexed(portal, PEOPLE[1])
        assert portal.memory is not None
        async with portal.signed_in(PEOPLE[2:]) as people:
            await people.unlock()
            size = int(str(first["entries"]))
            chosen = {name: ask for name, ask in pages(people, size).items() if only in name}
            figures["pages"] = {
                name: await times_of(name, ask, repeats) for name, ask in chosen.items()
            }
            figures["memory_after_pages_mib"] = portal.memory.now_kib() >> 10
            if not only:
                figures["verification"] = await verified(portal, people)
            figures["memory_peak_mib"] = mib(portal.memory.peaks_kib)
    return figures


def load() -> float:
    """Processes that ran or waited for a core, over the last minute."""
    return round(os.getloadavg()[0], 1)


def tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def show(figures: dict[str, object]) -> None:
    answers = figures.pop("pages")
    assert isinstance(answers, dict)
    for name, value in figures.items():
        rows = value.items() if isinstance(value, dict) else [("", value)]
        for part, each in rows:
            print(f"{name:24} {part:24} {each}")
    print(f"\n{'page':36} {'median ms':>10} {'p95 ms':>9} {'longest ms':>11} {'load':>6}")
    for name, times in answers.items():
        numbers = (times["median_ms"], times["p95_ms"], times["max_ms"], times["load"])
        print("{:36} {:10.1f} {:9.1f} {:11.1f} {:6.1f}".format(name, *numbers))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--log", type=Path, help="a directory that `portal_log` made")
    parser.add_argument("--directory", type=Path, help="where to put what is made (default: /tmp)")
    parser.add_argument("--repeats", type=int, default=REPEATS)
    parser.add_argument("--only", default="", help="pages with this in their name; no verification")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as scratch:
        made = arguments.log
        if made is None:
            made = Path(scratch, "made")
            made.mkdir()
            make_log(made, arguments.entries)
        try:
            figures = asyncio.run(run(made, Path(scratch), arguments.repeats, arguments.only))
        except Failed as error:
            sys.exit(f"error: {error}")
    figures["machine"] = {"cores": os.cpu_count(), "python": platform.python_version()}
    if arguments.json:
        print(json.dumps(figures))
    else:
        show(figures)


if __name__ == "__main__":
    main()
