"""Forms: whose they are, and what is not one."""

import pytest

from proxy.desk.front.forms import cookie_name
from proxy.desk.front.routes import Front
from tests.unit.proxy.desk.counter import APPROVER, CASE, CLERK
from tests.unit.proxy.desk.front.house import Browser, as_form


def test_over_tls_the_cookie_has_the_prefix_that_browsers_hold_to_this_host():
    assert cookie_name(Front(None, None, None, secure=True)).startswith("__Host-")
    assert not cookie_name(Front(None, None, None)).startswith("__")


@pytest.mark.parametrize("token", ["", "wrong", "é", "another"])
async def test_a_form_without_the_token_of_its_login_does_nothing(house, token):
    number = await house.applied(CASE)
    approver, other = await house.browser(APPROVER), await house.browser(APPROVER)
    if token == "another":
        token = other.form_token
    for path, fields in (
        ("/applications", as_form(CASE)),
        (f"/applications/{number}/grant", {}),
        (f"/applications/{number}/refuse", {"ground": "mismatch"}),
        ("/logout", {}),
    ):
        reply = await approver.post(path, fields, form_token=token)
        assert reply.status in (403, 415, 422), path
    assert house.desk.permits() == ()
    assert len(house.desk.dossiers()) == 1
    assert (await approver.get("/")).status == 200


async def test_a_form_that_another_site_sent_is_refused_even_with_its_token(house):
    number = await house.applied(CASE)
    approver = await house.browser(APPROVER)
    for site in ("cross-site", "same-site"):
        reply = await approver.post(
            f"/applications/{number}/grant", headers={"Sec-Fetch-Site": site}
        )
        assert reply.status == 403
    assert house.desk.permits() == ()


async def test_a_token_of_the_api_is_no_cookie_and_a_cookie_no_token(house):
    visitor = Browser(house)
    visitor.cookies["fengcun-desk"] = await house.token(CLERK)
    assert (await visitor.get("/")).headers["Location"] == "/login"
    page = await house.browser(CLERK)
    cookie = page.cookies["fengcun-desk"]
    for headers in (
        {"Cookie": f"fengcun-desk={cookie}"},
        {"Authorization": f"Bearer {cookie}"},
    ):
        reply = await house.send("GET", "/api/v1/applications", headers=headers)
        assert reply.status == 401


async def test_every_form_sends_who_is_not_logged_in_to_the_login(house):
    visitor = Browser(house)
    number = await house.applied(CASE)
    for path in ("/", "/applications/new", f"/applications/{number}"):
        assert (await visitor.get(path)).headers["Location"] == "/login"
    for path in ("/applications", f"/applications/{number}/grant", "/logout"):
        assert (await visitor.post(path)).headers["Location"] == "/login"


@pytest.mark.parametrize(
    ("data", "kind", "status"),
    [
        (b"form_token=x&form_token=y", "application/x-www-form-urlencoded", 422),
        (b"form_token=%ff", "application/x-www-form-urlencoded", 422),
        (b"form_token", "application/x-www-form-urlencoded", 422),
        (b"\xff=1", "application/x-www-form-urlencoded", 422),
        (b"&".join(b"a%d=1" % n for n in range(100)), "application/x-www-form-urlencoded", 422),
        (b'{"form_token": "x"}', "application/json", 415),
        (b"--x--", "multipart/form-data; boundary=x", 415),
        (b"form_token=x", "text/plain", 415),
        (b"", "", 415),
    ],
)
async def test_what_is_no_form_is_refused(house, data, kind, status):
    clerk = await house.browser(CLERK)
    headers = {"Cookie": f"fengcun-desk={clerk.cookies['fengcun-desk']}"}
    if kind:
        headers["Content-Type"] = kind
    reply = await house.send("POST", "/applications", data=data, headers=headers)
    assert reply.status == status
    assert house.desk.dossiers() == ()
