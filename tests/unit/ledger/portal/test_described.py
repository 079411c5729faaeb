"""The running portal does what its description says: asked by schemathesis, as each role."""

import asyncio
import json

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from ledger.portal.access import STRANGERS, TABLE, Role
from ledger.portal.context import CLOSING, PACES
from ledger.portal.described import OPERATIONS
from ledger.portal.pages.verification import RUNS
from ledger.portal.routes import ROUTES
from tests.unit.ledger.portal.house import (
    GAO,
    LIN,
    PASSWORD,
    PEOPLE,
    QIN,
    court,
    house,
    identity_file,
    somebody,
    until_indexed,
)
from tests.unit.ledger.portal.pages.test_unlock import PASSPHRASE, unlock

OF_ROLE = {Role.SUPERVISOR: LIN, Role.CHIEF: QIN, Role.AUDITOR: GAO}
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 10
# Each wrong one costs what it costs a guesser, by design.
COUNT = {("POST", "/sign-in"): 2, ("POST", "/unlock"): 2}
# Signing out is last: then the others go on as a stranger's, which is described as well.
LAST = ("POST", "/sign-out")
OTHER = somebody("mo")
RIGHT = {
    ("POST", "/opinions/new"): {"log": "court", "entries": "3", "text": "虚构"},
    ("POST", "/logs/{log}/pack"): {"entries": "3-4"},
    ("POST", "/unlock"): {"passphrase": PASSPHRASE},
    ("POST", "/person"): {"number": "999999200001010011"},
    ("POST", "/opinions/{number}"): {"step": "withdrawn", "text": "虚构"},
    ("POST", "/sign-in"): {"name": OTHER.name, "password": PASSWORD},
}
"""What is right is sent first, and as often as what was made up."""


def test_every_route_has_its_row_and_no_row_is_left_over():
    assert OPERATIONS.keys() == {(route.method, route.path) for route in ROUTES}
    assert OPERATIONS.keys() == TABLE.keys()


@pytest.fixture
async def portal(tmp_path):
    small, source = court(tmp_path / "court")
    identity = identity_file(tmp_path)
    people = {**PEOPLE, OTHER.name: OTHER}
    async with house(tmp_path / "state", [source], people, identity=identity) as made:
        await until_indexed(made, 6)
        for pace in made.app[PACES].values():
            pace._burst = 1_000_000
        yield made
    small.close()


class Asking:
    """Schemathesis beside the portal's loop, in one session. `seen`: what was answered where."""

    def __init__(self, base, document, cookies, fields, opinion):
        """`fields` are tokens and a code, which no description can know."""
        self.schema = schemathesis.openapi.from_dict(document)
        self.schema.config.update(base_url=base)
        self.schema.config.generation.update(with_security_parameters=False)
        self.base, self.cookies, self.fields = base, cookies, fields
        self.real = {"index": st.integers(0, 6), "number": st.just(opinion)}
        self.seen = set()
        self.count = 0

    def operation(self, place):
        method, path = place
        return self.schema[path][method]

    def ask(self, place, count=EXAMPLES):
        operation, self.count = self.operation(place), 0

        @settings(
            max_examples=count, deadline=None, database=None, derandomize=True,
            phases=[Phase.generate], suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(), draw=st.data(), accept=st.sampled_from(["j", "h"]))
        def each(case, draw, accept):
            self.adorn(place, case, draw)
            kind = "application/json" if accept == "j" else "text/html,*/*"
            self.send(place, case, {"Accept": kind, "Origin": self.base})

        each()

    def adorn(self, place, case, draw):
        right, self.count = self.count % 2 == 0, self.count + 1
        for name, values in self.real.items():
            if right and name in case.path_parameters:
                case.path_parameters[name] = draw.draw(values)
        if place[0] == "POST" and isinstance(case.body, dict):
            case.body |= RIGHT.get(place, {}) if right else {}
            case.body |= {name: self.fields[name] for name in self.fields & case.body.keys()}

    def send(self, place, case, headers):
        # Whoever signs in ends the session that they come with.
        cookies = {
            name: value
            for name, value in self.cookies.items()
            if TABLE[place] is not STRANGERS or "visit" in name
        }
        answer = case.call(headers=headers, cookies=cookies, allow_redirects=False)
        case.validate_response(answer, checks=CHECKS)
        (kind,) = answer.headers.get("content-type") or answer.headers["location"]
        self.seen.add((*place, answer.status_code, kind.split(";")[0]))


async def asking_of(portal, browser):
    """With what was drafted by somebody who may."""
    async with portal.signed_in(OTHER) as other:
        draft = await other.send("/opinions/new", "/opinions/new", RIGHT["POST", "/opinions/new"])
    assert draft.status == 303, draft.text
    async with portal.browser() as stranger:
        visit = (await stranger.get("/sign-in")).hidden("visit_token")
        jars = [*browser.session.cookie_jar, *stranger.session.cookie_jar]
    fields = {
        "form_token": (await browser.get("/")).hidden("form_token"),
        "visit_token": visit,
        "code": browser.code(OTHER),
    }
    document = json.loads((await browser.get("/openapi.json")).text)
    cookies = {each.key: each.value for each in jars}
    opinion = draft.headers["Location"].rpartition("/")[2]
    return Asking(portal.base, document, cookies, fields, opinion)


@pytest.mark.parametrize("role", Role)
async def test_it_answers_as_it_is_described(portal, role):
    async with portal.signed_in(OF_ROLE[role]) as browser:
        if role is not Role.AUDITOR:
            await unlock(browser, PASSPHRASE)
        asking = await asking_of(portal, browser)
        places = [place for place in OPERATIONS if place not in (LAST, ("GET", "/live/events"))]
        for place in places:
            await asyncio.to_thread(asking.ask, place, COUNT.get(place, EXAMPLES))
        # What goes on without end ends when the portal does.
        portal.app[CLOSING].set()
        await asyncio.to_thread(asking.ask, ("GET", "/live/events"))
        for place in (LAST, ("GET", "/sign-in")):
            await asyncio.to_thread(asking.ask, place, 2)
        await portal.app[RUNS].finished("court")
    _reached(asking.seen, role)


def _reached(seen, role):
    """Each route that is this role's was passed, and each that is not was refused."""
    for (method, path), operation in OPERATIONS.items():
        answers = {(status, kind) for m, p, status, kind in seen if (m, p) == (method, path)}
        if TABLE[method, path] is STRANGERS or role in TABLE[method, path]:
            done = {each for each in answers if each[0] in operation.answers}
            signed_in = {each for each in done if each != (303, "/sign-in")}
            # Nobody has a certificate here.
            assert signed_in or path in ("/sign-out", "/sign-in/certificate"), (method, path)
            if path != "/static/{name}":
                assert {(200, kind) for kind in operation.answers.get(200, ())} <= done, path
        else:
            statuses = {status for status, _ in answers}
            assert 403 in statuses, (method, path, statuses)
            assert statuses <= {403, 404}, (method, path, statuses)
