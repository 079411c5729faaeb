"""A desk that is open to officers: the real one on a real ledger, over real HTTP."""

from __future__ import annotations

import json
import re
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from enum import Enum

import aiohttp
from yarl import URL

from ledger.accounts.connections import Limits
from ledger.accounts.passwords import hash_password
from proxy.desk.desk import Desk
from proxy.desk.front.listener import Listener, open_front
from proxy.desk.officers import Account, write_officers
from proxy.settings.desk import Desk as DeskSettings
from tests.unit.proxy.desk.counter import AGENCY, APPROVER, BOTH, CLERK, SECOND, TERMS

PASSWORD = "synthetic, and long enough"
HASH = hash_password(PASSWORD)
LIMITS = Limits()
ACCOUNTS = {each.name: Account(each, HASH) for each in (CLERK, APPROVER, SECOND, BOTH)}


def as_json(application):
    """An application as the API takes it."""
    values = {name: value for name, value in asdict(application).items() if value is not None}
    plain = {
        name: value.value if isinstance(value, Enum) else value for name, value in values.items()
    }
    return {**plain, "subjects": list(plain["subjects"])}


def as_form(application):
    """The same as the page's form has it."""
    values = as_json(application)
    subjects = "\r\n".join(values.pop("subjects"))
    return {**{name: str(value) for name, value in values.items()}, "subjects": subjects}


@dataclass
class Reply:
    status: int
    headers: object
    text: str
    body: bytes

    def json(self):
        return json.loads(self.body)


@dataclass
class House:
    """What is served, and clients of it. `findings` are what the ledger was told."""

    desk: Desk
    front: Listener
    base: str
    findings: list = field(default_factory=list)
    tokens: dict = field(default_factory=dict)

    async def send(self, method, path, *, ssl=None, **how):
        """One request, by a client that keeps nothing and follows nothing."""
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.request(
                method,
                URL(self.base + path, encoded=True),
                allow_redirects=False,
                ssl=ssl or False,
                **how,
            ) as response,
        ):
            body = await response.read()
            text = body.decode(errors="replace")
            return Reply(response.status, response.headers, text, body)

    async def token(self, officer):
        if officer.name not in self.tokens:
            login = {"officer": officer.name, "password": PASSWORD}
            reply = await self.send("POST", "/api/v1/login", json=login)
            assert reply.status == 200, reply.text
            self.tokens[officer.name] = reply.json()["token"]
        return self.tokens[officer.name]

    async def api(self, officer, method, path, **how):
        """As an officer, with a token."""
        headers = {"Authorization": f"Bearer {await self.token(officer)}", **how.pop("headers", {})}
        return await self.send(method, f"/api/v1{path}", headers=headers, **how)

    async def applied(self, application, officer=CLERK):
        """The number of one that was taken in."""
        reply = await self.api(officer, "POST", "/applications", json=as_json(application))
        assert reply.status == 201, reply.text
        return reply.json()["number"]

    async def browser(self, officer):
        """Somebody logged in to the page."""
        visitor = Browser(self)
        await visitor.get("/login")
        fields = {"officer": officer.name, "password": PASSWORD}
        reply = await visitor.post("/login", fields)
        assert (reply.status, reply.headers["Location"]) == (303, "/"), reply.text
        await visitor.get("/")
        return visitor


class Browser:
    """Keeps cookies, and the token of the last form that it saw."""

    def __init__(self, house):
        self.house = house
        self.cookies = {}
        self.form_token = ""

    async def get(self, path, **how):
        return self._took(await self.house.send("GET", path, headers=self._headers(), **how))

    async def post(self, path, fields=None, *, form_token=None, headers=None):
        token = self.form_token if form_token is None else form_token
        data = {**({"form_token": token} if token else {}), **(fields or {})}
        return self._took(
            await self.house.send(
                "POST", path, data=data or b"", headers={**self._headers(), **(headers or {})}
            )
        )

    def _headers(self):
        cookie = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": cookie} if cookie else {}

    def _took(self, reply):
        for line in reply.headers.getall("Set-Cookie", []):
            name, _, rest = line.partition("=")
            self.cookies[name] = rest.partition(";")[0]
        if found := re.search(r'name="form_token" value="([^"]+)"', reply.text):
            self.form_token = found[1]
        return reply


@asynccontextmanager
async def open_house(site, directory, *, limits=LIMITS, accounts=ACCOUNTS, **settings):
    """The desk of a `Site`, served."""
    officers = directory / "officers.toml"
    write_officers(officers, accounts)
    values = {"host": "127.0.0.1", "port": 1, **settings}
    # The system chooses the port; the settings have no word for that.
    chosen = DeskSettings(
        agency=AGENCY, directory=directory / "desk", officers_file=officers, **values
    ).model_copy(update={"port": 0})
    findings: list = []

    class Recorder:
        def finding(self, finding):
            findings.append(finding)

    async with site.open() as desk:
        front = await open_front(chosen, desk, TERMS, Recorder(), site.metrics, limits=limits)
        scheme = "http" if chosen.certificate_file is None else "https"
        house = House(desk, front, f"{scheme}://127.0.0.1:{front.port}", findings)
        try:
            yield house
        finally:
            await front.close()
