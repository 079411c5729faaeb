"""The portal as an operator starts it, somebody who is signed in to it, and the memory it takes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
import psutil

from ledger.portal.access import Role
from ledger.portal.accounts import ACCOUNTS_FILE, write_accounts
from ledger.portal.looks import create_looks
from tests.bench.portal_log import IDENTITY, PASSPHRASE
from tests.scenarios.service import FENGCUN, ROOT
from tests.unit.ledger.portal.house import Browser, Reply, somebody
from tests.unit.ledger.small_log import identities
from tests.world import free_port

NAME: Final = "公安"
PEOPLE: Final = tuple(f"bench-{number}" for number in range(8))
"""As many accounts as the pace of each of them makes necessary."""
STARTS_WITHIN_SECONDS: Final = 120.0
STOPS_WITHIN_SECONDS: Final = 60.0
_SAMPLED_EVERY_SECONDS: Final = 0.2
_TOO_OFTEN: Final = 429
_VERIFIES: Final = "ledger.portal.proof.worker"


class Failed(Exception):
    """The portal did not do what is to be measured."""


@dataclass
class Memory:
    """Peaks of resident memory in KiB: of the portal's own process, of the largest of those that
    read the log for the index, and of the one that verifies. Sampled until it is closed."""

    pid: int
    peaks_kib: dict[str, int] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._over.set()
        self._thread.join()

    def now_kib(self) -> int:
        """Of the portal's own process."""
        return _status(self.pid, "VmRSS")

    def _watch(self) -> None:
        while not self._over.wait(_SAMPLED_EVERY_SECONDS):
            for pid, what in _family(self.pid):
                peak = _status(pid, "VmHWM")
                self.peaks_kib[what] = max(peak, self.peaks_kib.get(what, 0))


def _family(pid: int) -> list[tuple[int, str]]:
    found = [(pid, "portal")]
    with contextlib.suppress(psutil.Error):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.Error):
                what = "verification" if _VERIFIES in child.cmdline() else "indexing"
                found.append((child.pid, what))
    return found


def _status(pid: int, name: str) -> int:
    """KiB; 0 of a process that is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1])
    return 0


@dataclass
class Portal:
    """`fengcun portal` over the log that `portal_log` made in `made`."""

    made: Path
    state: Path
    url: str = ""
    listens_after_seconds: float = 0.0
    began: float = 0.0
    """`time.monotonic` of when it was started."""
    memory: Memory | None = None
    used: dict[str, int] = field(default_factory=dict)
    """The last code of each account: none is good twice."""

    def prepare(self) -> None:
        """Its own log, and accounts."""
        recipients = [each.recipient for each in identities()]
        create_looks(self.state, "bench.example/looks", recipients, force_filesystem=True)
        people = {name: somebody(name, Role.CHIEF) for name in PEOPLE}
        write_accounts(self.state / ACCOUNTS_FILE, people)
        self.people = people

    @asynccontextmanager
    async def started(self) -> AsyncIterator[None]:
        """Until the block ends; it is asked to stop then, and has to."""
        self.url = f"http://127.0.0.1:{free_port()}"
        self.began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *FENGCUN, "portal", "--log", f"{NAME}={self.made / 'log'}",
            "--key", f"{NAME}={self.made / 'keys/log.vkey'}", "--state", str(self.state),
            "--listen", self.url.removeprefix("http://"), "--identity", str(self.made / IDENTITY),
            cwd=ROOT, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self.memory = Memory(process.pid)
        try:
            assert process.stderr is not None
            async with asyncio.timeout(STARTS_WITHIN_SECONDS):
                said = (await process.stderr.readline()).decode()
            if self.url not in said:
                raise Failed(f"the portal does not start: {said.strip()}")
            self.listens_after_seconds = time.monotonic() - self.began
            yield
        finally:
            self.memory.close()
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            async with asyncio.timeout(STOPS_WITHIN_SECONDS):
                code = await process.wait()
        if code != 0:
            raise Failed(f"the portal ended with {code}")

    @asynccontextmanager
    async def signed_in(self, names: Sequence[str] = PEOPLE) -> AsyncIterator[People]:
        """Each of them, with a connection of their own that is kept."""
        async with contextlib.AsyncExitStack() as stack:
            browsers = []
            for name in names:
                jar = aiohttp.CookieJar(unsafe=True)
                # No limit of time: a page that takes long is what is to be found.
                client = aiohttp.ClientSession(
                    cookie_jar=jar, timeout=aiohttp.ClientTimeout(total=None)
                )
                session = await stack.enter_async_context(client)
                browser = Browser(self.url, session, self.used)
                answer = await browser.sign_in(self.people[name])
                if answer.status != 303:
                    raise Failed(f"signing in was answered with {answer.status}")
                browsers.append(browser)
            yield People(browsers)


@dataclass
class People:
    """They take turns; whoever was too fast is let off, and asks again later."""

    browsers: Sequence[Browser]
    turn: int = 0

    def next(self) -> Browser:
        self.turn += 1
        return self.browsers[self.turn % len(self.browsers)]

    async def get(self, path: str) -> tuple[Reply, float]:
        """A page, and how many milliseconds it took to be here whole."""
        while True:
            browser = self.next()
            start = time.perf_counter()
            answer = await browser.get(path)
            took_ms = (time.perf_counter() - start) * 1000
            if answer.status != _TOO_OFTEN:
                return _good(answer, path), took_ms
            await asyncio.sleep(0.5)

    async def unlock(self) -> None:
        """The private key, in each session."""
        for browser in self.browsers:
            await browser.send("/unlock", "/unlock", {"passphrase": PASSPHRASE, "to": "/"})

    async def look_for(self, number: str) -> tuple[Reply, float]:
        """The form with a person's number, and the list it leads to: both answers' time."""
        while True:
            browser = self.next()
            token = (await browser.get("/person")).hidden("form_token")
            start = time.perf_counter()
            answer = await browser.post("/person", {"form_token": token, "number": number})
            if answer.status == _TOO_OFTEN:
                await asyncio.sleep(0.5)
                continue
            place = answer.headers.get("Location", "")
            if not place.startswith("/entries?person="):
                raise Failed(f"/person was answered with {answer.status}")
            found = await browser.get(place)
            took_ms = (time.perf_counter() - start) * 1000
            if found.status != _TOO_OFTEN:
                return _good(found, "/entries?person="), took_ms
            await asyncio.sleep(0.5)

    async def first_event(self, path: str) -> float:
        """Milliseconds until the first rows of the live page are here."""
        while True:
            browser = self.next()
            start = time.perf_counter()
            async with browser.session.get(browser.base + path) as answer:
                if answer.status == _TOO_OFTEN:
                    await asyncio.sleep(0.5)
                    continue
                async for line in answer.content:
                    if line.startswith(b"data:"):
                        return (time.perf_counter() - start) * 1000
            raise Failed("no row came")


def _good(answer: Reply, path: str) -> Reply:
    if answer.status != 200:
        raise Failed(f"{path} was answered with {answer.status}")
    return answer


def mib(peaks_kib: Mapping[str, int]) -> dict[str, int]:
    return {name: kib >> 10 for name, kib in sorted(peaks_kib.items())}
