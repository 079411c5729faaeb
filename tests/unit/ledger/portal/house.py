"""A portal that is served: real HTTP, real accounts, its own real log. All people are synthetic."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import aiohttp
from aiohttp import web
from aiohttp.test_utils import TestServer

from ledger.accounts.codes import STEP_SECONDS, Codes, code_at, new_secret
from ledger.accounts.passwords import hash_password
from ledger.chain import JudgedDraft
from ledger.entry import parse_entry
from ledger.fetch import DirectoryLog, entries
from ledger.fields import EntryKind
from ledger.header import Header, encode_header
from ledger.keyfile import write_secret
from ledger.opener import PayloadOpener
from ledger.portal.access import Role
from ledger.portal.accounts import ACCOUNTS_FILE, Account, write_accounts
from ledger.portal.application import CODES_FILE, Parts, application
from ledger.portal.context import CODES, INDEX, LastCheck
from ledger.portal.index.index import Index
from ledger.portal.keyring import Keyring
from ledger.portal.logs import Source, source_of
from ledger.portal.looks import Looks, create_looks
from ledger.portal.route import Route
from ledger.portal.routes import ROUTES
from tests.unit.ledger.small_log import SEGMENT_BYTES, SmallLog, decision_header, identities

PASSWORD = "synthetic, and long enough"
HASH = hash_password(PASSWORD)
LIN = Account("lin", Role.SUPERVISOR, HASH, new_secret())
QIN = Account("qin", Role.CHIEF, HASH, new_secret())
GAO = Account("gao", Role.AUDITOR, HASH, new_secret())
PEOPLE = {each.name: each for each in (LIN, QIN, GAO)}
ORIGIN = "procuratorate.example/portal"


@dataclass
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    def hidden(self, name: str) -> str:
        """What a hidden field of a form on the page holds."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.text)
        assert found is not None, self.text
        return found[1]


class EarlyCodes(Codes):
    """They believe that it is later, so that nobody waits for a code that was not used."""

    ahead_steps = 0

    def take(self, name: str, secret: str, code: str, now: float) -> bool:
        return super().take(name, secret, code, now + self.ahead_steps * STEP_SECONDS)


@dataclass
class Browser:
    """Somebody with cookies, who sends forms as a browser does."""

    base: str
    session: aiohttp.ClientSession
    used: dict[str, int]
    """The last step of time whose code each account used."""
    codes: EarlyCodes | None = None
    """Of a portal in another process there are none, and one waits."""

    async def get(self, path: str, **headers: str) -> Reply:
        async with self.session.get(
            self.base + path, allow_redirects=False, headers=headers
        ) as answer:
            errors = "replace" if answer.content_type == "application/pdf" else "strict"
            return Reply(answer.status, answer.headers, await answer.text(errors=errors))

    async def post(self, path: str, form: Mapping[str, str], **headers: str) -> Reply:
        """With the origin of this site; `Origin=""` leaves it out."""
        given = {"Origin": self.base, **{k.replace("_", "-"): v for k, v in headers.items()}}
        async with self.session.post(
            self.base + path,
            data=dict(form),
            allow_redirects=False,
            headers={name: value for name, value in given.items() if value},
        ) as answer:
            return Reply(answer.status, answer.headers, await answer.text())

    async def sign_in(self, account: Account = LIN, **other: str) -> Reply:
        """With a code that nobody used before; `other` are fields in place of the right ones."""
        form = await self.get("/sign-in")
        token = form.hidden("visit_token")
        right = {"name": account.name, "password": PASSWORD, "code": self.code(account)}
        return await self.post("/sign-in", {"visit_token": token, **right, **other})

    def code(self, account: Account) -> str:
        """The next one that is good now, and in half a minute still."""
        now = int(time.time()) // STEP_SECONDS
        step = max(now, self.used.get(account.name, 0) + 1)
        if self.codes is not None:
            self.codes.ahead_steps = max(self.codes.ahead_steps, step - now - 1)
        while self.codes is None and step > int(time.time()) // STEP_SECONDS + 1:
            time.sleep(0.1)
        self.used[account.name] = step
        return code_at(account.code, step)

    async def send(self, page: str, path: str, form: Mapping[str, str]) -> Reply:
        """A form of a page, with the token that stands there."""
        token = (await self.get(page)).hidden("form_token")
        return await self.post(path, {"form_token": token, **form})


@dataclass
class House:
    """What is served."""

    base: str
    state: Path
    app: web.Application
    looks: Looks
    codes: EarlyCodes
    runner: web.BaseRunner | None = None
    used: dict[str, int] = field(default_factory=dict)

    @asynccontextmanager
    async def browser(self) -> AsyncIterator[Browser]:
        """One with no cookies yet."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar) as session:
            yield Browser(self.base, session, self.used, self.codes)

    @asynccontextmanager
    async def signed_in(self, account: Account = LIN) -> AsyncIterator[Browser]:
        """One whose owner signed in, as an account of their own if codes would run out."""
        async with self.browser() as browser:
            answer = await browser.sign_in(account)
            assert answer.status == 303, answer.text
            yield browser

    def recorded(self) -> list[tuple[Header, dict[str, object]]]:
        """Header and payload of the looks in the portal's own log, opened by a recipient."""
        reader = DirectoryLog(self.state / "log")
        opener = PayloadOpener(reader, identities()[0])
        found: list[tuple[Header, dict[str, object]]] = []
        for _, data, ciphertext in entries(reader):
            entry, _ = parse_entry(data)
            if entry.kind.value == "look":
                found.append((entry.header, json.loads(opener.open(entry, ciphertext))))
        return found


@asynccontextmanager
async def house(
    state: Path,
    sources: Sequence[Source] = (),
    people: Mapping[str, Account] = PEOPLE,
    routes: Sequence[Route] = ROUTES,
    identity: Path | None = None,
    last_check: LastCheck | None = None,
    secure: bool = False,
) -> AsyncIterator[House]:
    """A portal with `people`, each with a fresh secret for their codes."""
    recipients = [each.recipient for each in identities()]
    if not (state / "log").exists():
        create_looks(
            state,
            ORIGIN,
            recipients,
            force_filesystem=True,
            reserve_bytes=0,
            segment_bytes=SEGMENT_BYTES,
        )
    write_accounts(state / ACCOUNTS_FILE, people)
    looks = Looks(state, reserve_bytes=0, segment_bytes=SEGMENT_BYTES)
    by_name = {each.name: each for each in sources}
    index = Index.open(state / "index", by_name)
    keyring = Keyring(identity, time.monotonic)
    parts = Parts(state, by_name, looks, index, keyring, secure=secure, last_check=last_check)
    try:
        app = application(parts, routes)
        app[CODES] = codes = EarlyCodes(state / CODES_FILE)
        async with TestServer(app) as server:
            assert server.runner is not None
            base = str(server.make_url("")).rstrip("/")
            yield House(base, state, app, looks, codes, server.runner)
    finally:
        index.close()


def somebody(name: str, role: Role = Role.SUPERVISOR) -> Account:
    """An account whose codes nobody used yet."""
    return replace(LIN, name=name, role=role, code=new_secret())


PERSON = "999999200001010011"
"""Nobody's number: there is no region 999999."""


def court(root: Path, count: int = 3, name: str = "court") -> tuple[SmallLog, Source]:
    """A log of `count` decisions and their results, left open; the first is about `PERSON`."""
    log = SmallLog(root).create().open()
    assert log.sequencer is not None
    person = log.keys.pseudonyms.of("person", PERSON)
    log.sequencer.commit(
        [[decided(number, person if number == 0 else None) for number in range(count)]]
    )
    return log, source_of(name, str(root), [str(log.keys.log.verifier)])


def decided(number: int, person: str | None = None) -> JudgedDraft:
    """A decision, about somebody where one is given; its statement is markup."""
    fields = {**decision_header(number), "verdict": "strip"}
    if person is not None:
        fields |= {"subjects": [person], "subjects_count": 1}
    header = encode_header(EntryKind.DECISION, fields)
    return JudgedDraft(EntryKind.DECISION, header, b'{"sql":"<script>alert(1)</script>"}')


async def until(ready: Callable[[], Awaitable[bool]]) -> None:
    """Wait for what a background task does."""
    async with asyncio.timeout(30):
        while not await ready():
            await asyncio.sleep(0.05)


async def until_indexed(portal: House, size: int, name: str = "court") -> None:
    """That many entries of the log can be found."""

    async def ready() -> bool:
        states = await asyncio.to_thread(portal.app[INDEX].states)
        return any(each.log == name and each.size >= size for each in states)

    await until(ready)


def identity_file(folder: Path, passphrase: bytes = b"synthetic words here") -> Path:
    """The recipient's private key, under a passphrase."""
    folder.mkdir(mode=0o700, exist_ok=True)
    file = folder / "procuratorate.identity"
    write_secret(file, identities()[0].to_text(), passphrase)
    return file
