"""The running portal does what its description says: asked by schemathesis, as each role."""

import asyncio
import warnings

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
    QIN,
    court,
    house,
    identity_file,
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
EXAMPLES = 8
# Signing out is last: then the others go on as a stranger's, which is described as well.
LAST = ("POST", "/sign-out")
REAL = {"index": [0, 2, 3, 5, 9], "number": ["{opinion}"]}
"""What is there is asked for as often as what was made up."""
RIGHT = {
    ("POST", "/opinions/new"): {"log": "court", "entries": "3", "text": "虚构"},
    ("POST", "/logs/{log}/pack"): {"entries": "3-4"},
    ("POST", "/unlock"): {"passphrase": PASSPHRASE},
    ("POST", "/person"): {"number": "999999200001010011"},
    ("POST", "/opinions/{number}"): {"step": "issued", "due": "2099-01-01", "text": "虚构"},
    ("POST", "/sign-in"): {"name": "lin", "password": "wrong", "code": "000000"},
}


def test_every_route_has_its_row_and_no_row_is_left_over():
    assert OPERATIONS.keys() == {(route.method, route.path) for route in ROUTES}
    assert OPERATIONS.keys() == TABLE.keys()


@pytest.fixture
async def portal(tmp_path):
    small, source = court(tmp_path / "court")
    identity = identity_file(tmp_path)
    async with house(tmp_path / "state", [source], identity=identity) as made:
        await until_indexed(made, 6)
        for pace in made.app[PACES].values():
            pace._burst = 1_000_000
        yield made
    small.close()


class Asking:
    """Schemathesis beside the portal's loop: one session, and which statuses were seen where."""

    def __init__(self, portal, document, cookies, tokens, opinion):
        self.schema = schemathesis.openapi.from_dict(document)
        self.schema.config.update(base_url=portal.base)
        self.schema.config.generation.update(with_security_parameters=False)
        self.base, self.cookies, self.tokens, self.opinion = portal.base, cookies, tokens, opinion
        self.seen = set()

    def operation(self, place):
        method, path = place
        return self.schema[path][method]

    def ask(self, place, count=EXAMPLES):
        operation = self.operation(place)

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
        """With the token of the session, and now and then with what is really there."""
        for name, values in REAL.items():
            if name in case.path_parameters and draw.draw(st.booleans()):
                real = draw.draw(st.sampled_from(values))
                case.path_parameters[name] = self.opinion if real == "{opinion}" else real
        if place[0] == "POST" and isinstance(case.body, dict):
            if place in RIGHT and draw.draw(st.booleans()):
                case.body |= RIGHT[place]
            case.body |= {name: self.tokens[name] for name in self.tokens if name in case.body}

    def send(self, place, case, headers):
        answer = case.call(headers=headers, cookies=self.cookies, allow_redirects=False)
        case.validate_response(answer, checks=CHECKS)
        kind = answer.headers.get("content-type", [""])[0].split(";")[0]
        self.seen.add((*place, answer.status_code, kind))


async def asking_of(portal, browser):
    answer = await browser.get("/openapi.json")
    cookies = {each.key: each.value for each in browser.session.cookie_jar}
    form, visit = await browser.get("/"), ""
    async with portal.browser() as stranger:
        visit = (await stranger.get("/sign-in")).hidden("visit_token")
        cookies |= {
            each.key: each.value for each in stranger.session.cookie_jar if "visit" in each.key
        }
    tokens = {"form_token": form.hidden("form_token"), "visit_token": visit}
    async with portal.signed_in(LIN) as lin:
        draft = await lin.send("/opinions/new", "/opinions/new", RIGHT["POST", "/opinions/new"])
    opinion = draft.headers["Location"].rpartition("/")[2]
    import json

    return Asking(portal, json.loads(answer.text), cookies, tokens, opinion)


@pytest.mark.parametrize("role", Role)
async def test_it_answers_as_it_is_described(portal, role):
    async with portal.signed_in(OF_ROLE[role]) as browser:
        if role is not Role.AUDITOR:
            await unlock(browser, PASSPHRASE)
        asking = await asking_of(portal, browser)
        places = [place for place in OPERATIONS if place not in (LAST, ("GET", "/live/events"))]
        with warnings.catch_warnings():
            for place in places:
                import time; t=time.time()
                await asyncio.to_thread(asking.ask, place)
                print(place, round(time.time()-t,2))
            portal.app[CLOSING].set()
            await asyncio.to_thread(asking.ask, ("GET", "/live/events"))
            await asyncio.to_thread(asking.ask, LAST, 2)
        await portal.app[RUNS].finished("court")
    _reached(asking.seen, role)


def _reached(seen, role):
    """Each route that is this role's was passed, and each that is not was refused."""
    for method, path in OPERATIONS:
        statuses = {status for m, p, status, _ in seen if (m, p) == (method, path)}
        if TABLE[method, path] is STRANGERS or role in TABLE[method, path]:
            assert statuses & {200, 303}, (method, path, statuses)
        else:
            assert statuses <= {403, 404}, (method, path, statuses)
            assert 403 in statuses
