"""Logging in to the page: whose cookie it is, and whose it never becomes."""

from tests.unit.proxy.desk.counter import APPROVER, CLERK
from tests.unit.proxy.desk.front.house import PASSWORD, Browser

COOKIE = "fengcun-desk"


async def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(house):
    visitor = Browser(house)
    await visitor.get("/login")
    reply = await visitor.post("/login", {"officer": CLERK.name, "password": PASSWORD})
    (cookie,) = reply.headers.getall("Set-Cookie")
    assert cookie.startswith(f"{COOKIE}=")
    for word in ("HttpOnly", "SameSite=Strict", "Path=/"):
        assert word in cookie
    for word in ("Secure", "Expires", "Max-Age", "Domain"):
        assert word not in cookie


async def test_a_login_never_takes_a_token_that_was_there_before(house):
    visitor = Browser(house)
    await visitor.get("/login")
    visitor.cookies[COOKIE] = "chosen-by-somebody-else"
    await visitor.post("/login", {"officer": CLERK.name, "password": PASSWORD})
    assert visitor.cookies[COOKIE] != "chosen-by-somebody-else"
    victim = Browser(house)
    victim.cookies[COOKIE] = "chosen-by-somebody-else"
    assert (await victim.get("/")).headers["Location"] == "/login"


async def test_a_second_login_ends_the_first_of_the_same_browser(house):
    visitor = await house.browser(CLERK)
    before = dict(visitor.cookies)
    await visitor.get("/login")
    await visitor.post("/login", {"officer": APPROVER.name, "password": PASSWORD})
    old = Browser(house)
    old.cookies = before
    assert (await old.get("/")).status == 303


async def test_a_wrong_password_says_no_more_than_a_wrong_name(house):
    pages = []
    for name in (CLERK.name, "nobody-here"):
        visitor = Browser(house)
        await visitor.get("/login")
        reply = await visitor.post("/login", {"officer": name, "password": "wrong"})
        assert (reply.status, COOKIE in visitor.cookies) == (403, False)
        assert name not in reply.text
        pages.append(reply.text.replace(visitor.form_token, ""))
    assert pages[0] == pages[1]


async def test_nobody_is_logged_in_by_a_form_of_another_site(house):
    forged = Browser(house)
    fields = {"officer": CLERK.name, "password": PASSWORD}
    for token in ("", "x", "é"):
        assert (await forged.post("/login", fields, form_token=token)).status in (403, 422)
    await forged.get("/login")
    other = Browser(house)
    await other.get("/login")
    reply = await forged.post("/login", fields, form_token=other.form_token)
    assert reply.status == 403
    cross = await forged.post("/login", fields, headers={"Sec-Fetch-Site": "cross-site"})
    assert cross.status == 403
    assert COOKIE not in forged.cookies


async def test_logging_out_ends_the_token_and_takes_the_cookie(house):
    visitor = await house.browser(CLERK)
    stolen = dict(visitor.cookies)
    reply = await visitor.post("/logout")
    assert reply.headers["Location"] == "/login"
    thief = Browser(house)
    thief.cookies = stolen
    assert (await thief.get("/")).headers["Location"] == "/login"


async def test_a_login_with_other_fields_is_refused(house):
    visitor = Browser(house)
    await visitor.get("/login")
    fields = {"officer": CLERK.name, "password": PASSWORD, "next": "//evil.example"}
    assert (await visitor.post("/login", fields)).status == 422
