"""Batch checks over real HTTP: begun, followed, read; by the API and on the page."""

import asyncio
import json
import time
from dataclasses import replace

import pytest

from proxy.desk.front.application import TABLES
from proxy.desk.front.description import describe
from tests.unit.proxy.desk.counter import (
    APPROVER,
    BATCH,
    CLERK,
    OTHER,
    PERSON,
    ListGate,
    Site,
)
from tests.unit.proxy.desk.front.house import open_house

WAITS_SECONDS_MAX = 60.0


@pytest.fixture
def gate():
    return ListGate(OTHER)


@pytest.fixture
async def house(tmp_path, gate):
    async with open_house(Site(tmp_path), tmp_path, gate=gate) as opened:
        yield opened


async def granted(house, application=BATCH):
    number = await house.applied(application)
    assert (await house.api(APPROVER, "POST", f"/applications/{number}/grant")).status == 200
    return number


async def ended(house, number):
    deadline = time.monotonic() + WAITS_SECONDS_MAX
    while True:
        reply = await house.api(CLERK, "GET", f"/applications/{number}/batch")
        assert reply.status == 200, reply.text
        if not reply.json()["running"]:
            return reply.json()
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


@pytest.mark.requirement("D11")
async def test_from_the_beginning_to_the_file(house, gate):
    number = await granted(house)
    gate.goes_on.clear()
    reply = await house.api(CLERK, "POST", f"/applications/{number}/batch", json={"run": 1})
    begun = {"runs": 0, "running": True, "done": 0, "people": 2, "problem": None}
    assert (reply.status, reply.json()) == (202, begun)
    early = await house.api(CLERK, "GET", f"/applications/{number}/batch/1")
    assert (early.status, early.json()["code"]) == (404, "unknown-run")
    gate.goes_on.set()
    assert (await ended(house, number))["runs"] == 1
    found = (await house.api(CLERK, "GET", f"/applications/{number}/batch/1")).json()
    assert found == {
        "permit": number, "run": 1,
        "answers": [
            {"number": PERSON, "answer": "no-record"}, {"number": OTHER, "answer": "record"},
        ],
    }  # fmt: skip
    file = await house.api(CLERK, "GET", f"/applications/{number}/batch/1.csv")
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert file.headers["Content-Disposition"] == f'attachment; filename="{number}-1.csv"'
    assert file.headers["Cache-Control"] == "no-store"
    assert file.body.decode("utf-8-sig").splitlines()[1] == f"{PERSON},无 / no record to report"


@pytest.mark.requirement("D11", "E5")
async def test_answers_of_sealed_and_clean_are_as_long_and_say_the_same(house):
    """The gate knows no difference; nor does what is made of its answer."""
    answers = []
    for person in (PERSON, "999999198001010011"):
        number = await granted(house, replace(BATCH, subjects=(person,)))
        reply = await house.api(CLERK, "POST", f"/applications/{number}/batch")
        assert reply.status == 202
        assert (await ended(house, number))["runs"] == 1
        for path in ("", "/1", "/1.csv"):
            reply = await house.api(CLERK, "GET", f"/applications/{number}/batch{path}")
            same = reply.text.replace(person, "").replace(number, "")
            answers.append((path, same, reply.headers["Content-Length"]))
    assert answers[:3] == answers[3:]


@pytest.mark.requirement("D11")
async def test_why_it_came_to_nothing_is_said_in_both_languages(house, gate):
    number = await granted(house)
    gate.fails_after = 0
    await house.api(CLERK, "POST", f"/applications/{number}/batch", json={})
    problem = (await ended(house, number))["problem"]
    assert problem["code"] == "database"
    assert problem["title_zh"]
    gate.fails_after = None
    await house.api(CLERK, "POST", f"/applications/{number}/batch", json={})
    assert (await ended(house, number))["problem"] is None


async def test_who_is_no_clerk_and_what_is_no_run(house):
    number = await granted(house)
    path = f"/applications/{number}/batch"
    for officer, method, where, body, status in (
        (APPROVER, "POST", path, {"run": 1}, 403),
        (APPROVER, "GET", path, None, 403),
        (APPROVER, "GET", f"{path}/1.csv", None, 403),
        (CLERK, "POST", path, {"run": 0}, 422),
        (CLERK, "POST", path, {"run": "1"}, 422),
        (CLERK, "POST", path, {"run": 1, "more": 1}, 422),
        (CLERK, "POST", path, {"run": 2}, 404),
        (CLERK, "GET", f"{path}/0", None, 404),
        (CLERK, "GET", f"{path}/1.csv", None, 404),
        (CLERK, "GET", "/applications/xk-1/batch", None, 404),
    ):
        how = {} if body is None else {"json": body}
        assert (await house.api(officer, method, where, **how)).status == status, (method, where)
    assert (await house.send("GET", f"/api/v1{path}")).status == 401


async def test_where_nothing_looks_up_there_is_no_check(tmp_path):
    async with open_house(Site(tmp_path), tmp_path) as house:
        number = await granted(house)
        reply = await house.api(CLERK, "POST", f"/applications/{number}/batch")
        assert (reply.status, reply.json()["code"]) == (503, "no-look-up")
        clerk = await house.browser(CLERK)
        assert "名单核查 <" not in (await clerk.get(f"/applications/{number}")).text


@pytest.mark.requirement("D11")
async def test_on_the_page_it_is_a_button_a_count_and_a_file(house, gate):
    number = await granted(house)
    place = f"/applications/{number}"
    clerk = await house.browser(CLERK)
    assert 'id="batch"' in (await clerk.get(place)).text
    gate.goes_on.clear()
    reply = await clerk.post(f"{place}/batch", {"run": "1"})
    assert (reply.status, reply.headers["Location"]) == (303, place)
    page = (await clerk.get(place)).text
    assert 'http-equiv="refresh"' in page
    assert "正在核查：0 / 2 人" in page
    gate.goes_on.set()
    await ended(house, number)
    page = await clerk.get(place)
    assert 'http-equiv="refresh"' not in page.text
    assert f'href="{place}/batch/1.csv"' in page.text
    # The form once more, as a browser sends it again: the check that was done.
    await clerk.post(f"{place}/batch", {"run": "1"})
    assert (await ended(house, number))["runs"] == 1
    file = await clerk.get(f"{place}/batch/1.csv")
    assert (file.status, PERSON in file.text) == (200, True)
    wrong = await clerk.post(f"{place}/batch", {"run": "x"})
    assert (wrong.status, "不符合要求" in wrong.text) == (422, True)
    forged = await clerk.post(f"{place}/batch", {"run": "2"}, form_token="guessed")
    assert forged.status == 403
    approver = await house.browser(APPROVER)
    assert 'id="batch"' not in (await approver.get(place)).text
    assert (await approver.get(f"{place}/batch/1.csv")).status == 403


def test_the_description_has_them():
    described = describe(TABLES)
    paths = described["paths"]
    one = "/api/v1/applications/{number}/batch"
    assert {one, f"{one}/{{run}}", f"{one}/{{run}}.csv"} <= paths.keys()
    assert set(paths[one]) == {"post", "get"}
    assert "202" in paths[one]["post"]["responses"]
    assert json.dumps(described)
