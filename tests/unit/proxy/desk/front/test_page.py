"""The page: what officers do on it, and what the page makes of what was written into a form."""

from dataclasses import replace

import pytest

from proxy.desk.front.page import read_application_form
from proxy.desk.front.shapes import Malformed
from proxy.desk.model import State
from tests.unit.proxy.desk.counter import APPROVER, BATCH, BOTH, CASE, CLERK, SECOND
from tests.unit.proxy.desk.front.house import as_form

EVIL = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>&{{7*7}}"


async def apply(house, application=CASE, officer=CLERK):
    clerk = await house.browser(officer)
    await clerk.get("/applications/new")
    reply = await clerk.post("/applications", as_form(application))
    assert reply.status == 303, reply.text
    return reply.headers["Location"]


async def test_apply_grant_and_revoke_by_forms(house):
    place = await apply(house)
    approver = await house.browser(APPROVER)
    page = await approver.get(place)
    assert "待审批" in page.text
    reply = await approver.post(f"{place}/grant")
    assert (reply.status, reply.headers["Location"]) == (303, place)
    assert "已许可" in (await approver.get("/")).text
    assert len(house.desk.permits()) == 1
    await approver.get(place)
    await approver.post(f"{place}/revoke", {"reason": "wrongly-granted"})
    assert "许可有误" in (await approver.get(place)).text
    assert house.desk.permits() == ()


async def test_a_refusal_leads_to_its_document(house):
    place = await apply(house, BATCH)
    approver = await house.browser(APPROVER)
    await approver.get(place)
    await approver.post(f"{place}/refuse", {"ground": "incomplete"})
    assert f'href="{place}/refusal"' in (await approver.get(place)).text
    paper = await approver.get(f"{place}/refusal")
    assert paper.headers["Content-Type"].startswith("text/plain")
    assert "不许可查询决定书" in paper.text


async def test_the_form_leads_to_the_undertaking_that_has_to_be_signed_before(house):
    clerk = await house.browser(CLERK)
    assert 'href="/undertaking"' in (await clerk.get("/applications/new")).text
    paper = await clerk.get("/undertaking")
    assert paper.headers["Content-Type"].startswith("text/plain")
    assert "保密义务告知" in paper.text


async def test_a_form_that_is_wrong_comes_back_as_it_was_filled_in(house):
    clerk = await house.browser(CLERK)
    await clerk.get("/applications/new")
    form = {**as_form(CASE), "handler_identity": "999999198001010012"}
    reply = await clerk.post("/applications", form)
    assert reply.status == 422
    assert "证件号码校验位不正确" in reply.text
    assert 'aria-describedby="handler_identity-wrong"' in reply.text
    assert form["reason"] in reply.text
    empty = await clerk.post("/applications", {"unit": "合成单位"})
    assert (empty.status, empty.text.count("未填写") > 10) == (422, True)
    assert house.desk.dossiers() == ()


@pytest.mark.parametrize("name", ["unit", "letter", "handler_name", "reason", "use"])
async def test_what_is_written_into_a_field_is_text_wherever_it_is_shown(house, name):
    place = await apply(house, replace(CASE, **{name: EVIL}))
    officers = [await house.browser(CLERK), await house.browser(APPROVER)]
    for officer in officers:
        for path in ("/", place):
            page = (await officer.get(path)).text
            assert "<script" not in page
            assert "<img" not in page
    assert "&lt;script&gt;" in page
    assert "49" not in page.split("{{7*7}}")[0][-40:]
    assert "{{7*7}}" in page


async def test_what_comes_back_in_a_form_is_text_too(house):
    clerk = await house.browser(CLERK)
    await clerk.get("/applications/new")
    for name in as_form(CASE):
        evil = f"</textarea>{EVIL}"
        reply = await clerk.post("/applications", {"letter": EVIL, name: evil})
        assert reply.status == 422
        assert "<script" not in reply.text
        assert "<img" not in reply.text


async def test_buttons_are_for_those_who_may(house):
    place = await apply(house, CASE, BOTH)
    for officer, may in ((CLERK, False), (BOTH, False), (APPROVER, True)):
        page = await (await house.browser(officer)).get(place)
        assert (f'action="{place}/grant"' in page.text) is may
    assert "本人受理的申请由其他负责人审批" in (await (await house.browser(BOTH)).get(place)).text
    assert "/applications/new" not in (await (await house.browser(SECOND)).get("/")).text


async def test_who_took_it_in_cannot_grant_by_a_form_of_their_own_making(house):
    place = await apply(house, CASE, BOTH)
    both = await house.browser(BOTH)
    await both.get(place)
    reply = await both.post(f"{place}/grant")
    assert reply.status == 403
    assert "受理人不得审批本人受理的申请" in reply.text
    assert house.desk.dossiers()[0].state is State.RECEIVED


async def test_the_register_says_what_is_overdue(house):
    await apply(house)
    clerk = await house.browser(CLERK)
    assert "已逾期" not in (await clerk.get("/")).text
    later = house.desk._clock() + 5 * 86_400
    house.desk._clock = lambda: later
    assert "已逾期" in (await clerk.get("/?state=received")).text
    assert "没有申请" in (await clerk.get("/?state=granted")).text


async def test_the_register_goes_on_on_the_next_page(house):
    for _ in range(3):
        await apply(house)
    clerk = await house.browser(CLERK)
    page = (await clerk.get("/?limit=2")).text
    assert "offset=2" in page
    assert "共 3 件" in page
    assert "offset=0" in (await clerk.get("/?limit=2&offset=2")).text
    assert (await clerk.get("/?limit=0")).status == 422


async def test_every_page_stands_without_a_script(house):
    place = await apply(house)
    approver = await house.browser(APPROVER)
    for path in ("/", "/applications/new", place, "/login", "/nowhere"):
        text = (await approver.get(path)).text
        for inline in ("<script", "<style", " style=", " onclick=", "javascript:"):
            assert inline not in text


def test_a_form_is_read_as_it_was_meant():
    form = {**as_form(CASE), "operator": " ", "uses_max": "", "case": f" {CASE.case} "}
    assert read_application_form(form).application() == CASE


@pytest.mark.parametrize(
    ("name", "text"),
    [("valid_days", "10.0"), ("valid_days", "-1"), ("valid_days", "１０"), ("uses_max", "1e2"),
     ("scope", "everything"), ("received_on", "yesterday"), ("more", "x"),
     ("undertaking_sha256", "AB" * 32), ("subjects", "\r\n \r\n")],
)  # fmt: skip
def test_a_form_that_is_not_understood_is_refused(name, text):
    with pytest.raises(Malformed) as caught:
        read_application_form({**as_form(CASE), name: text})
    assert text not in repr(caught.value.fields)
