"""Signing in: both factors, no code twice, a new session each time, and all of it recorded."""

import time

import pytest

from ledger.accounts.attempts import PAIR_MAX
from ledger.accounts.codes import STEP_SECONDS, code_at
from ledger.portal.context import DOORKEEPER, LOOKS
from tests.unit.ledger.portal.house import GAO, LIN, house


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr("ledger.accounts.doorkeeper.DELAY_SECONDS", 0.0)
    # Told at the end and not before, however long a test takes.
    monkeypatch.setattr("ledger.accounts.doorkeeper._SUM_UP_SECONDS", 1e6)


async def test_who_has_both_factors_is_in_and_it_is_recorded(tmp_path):
    async with house(tmp_path) as portal:
        async with portal.signed_in() as lin:
            assert (await lin.get("/")).status == 200
            assert (await lin.get("/sign-in")).headers["Location"] == "/"
            answer = await lin.send("/", "/sign-out", {})
            assert answer.headers["Location"] == "/sign-in"
            assert (await lin.get("/")).headers["Location"] == "/sign-in"
        (came, first), (went, second) = portal.recorded()
    assert (came["event"], went["event"]) == ("sign-in", "sign-out")
    assert came["role"] == "supervisor"
    assert came["session"] == went["session"]
    assert came["supervisor"] == portal.looks.pseudonyms.of("supervisor", "lin")
    assert "lin" not in str(came)
    assert first["supervisor"] == second["supervisor"] == "lin"


@pytest.mark.parametrize(
    "other",
    [{"password": "another, and long enough"}, {"code": "000000"}, {"name": "nobody"},
     {"name": "qin"}, {"code": ""}, {"code": "\u0661" * 6}, {"name": "<script>"}],
    ids=["password", "code", "nobody", "code of another", "no code", "digits of another", "markup"],
)  # fmt: skip
async def test_without_one_of_them_nobody_is_in_and_it_is_not_said_which(tmp_path, other):
    async with house(tmp_path) as portal, portal.browser() as stranger:
        answer = await stranger.sign_in(LIN, **other)
        assert answer.status == 403
        assert "用户名、口令或动态码不正确" in answer.text
        assert "<script>" not in answer.text
        assert (await stranger.get("/")).headers["Location"] == "/sign-in"


async def test_a_code_is_good_once_even_after_a_restart(tmp_path):
    code = code_at(LIN.code, int(time.time()) // STEP_SECONDS + 1)
    async with house(tmp_path) as portal, portal.browser() as lin, portal.browser() as thief:
        assert (await lin.sign_in(LIN, code=code)).status == 303
        assert (await thief.sign_in(LIN, code=code)).status == 403
        assert (await thief.sign_in(LIN, code=code_at(LIN.code, 1))).status == 403
    async with house(tmp_path) as portal, portal.browser() as thief:
        assert (await thief.sign_in(LIN, code=code)).status == 403


async def test_the_session_is_a_new_one_and_the_one_before_ends(tmp_path):
    async with house(tmp_path) as portal, portal.signed_in() as lin:
        jar = lin.session.cookie_jar
        before = {cookie.key: cookie.value for cookie in jar}["fengcun-portal"]
        form = await portal_form(portal)
        cookies = {"Cookie": f"fengcun-portal={before}; fengcun-portal-visit={form[0]}"}
        right = {"visit_token": form[1], "name": "gao", "code": lin.code(GAO)}
        async with portal.browser() as other:
            answer = await other.post(
                "/sign-in", {**right, "password": "synthetic, and long enough"}, **cookies
            )
            assert answer.status == 303
            assert answer.headers["Set-Cookie"].startswith("fengcun-portal=")
            assert before not in answer.headers["Set-Cookie"]
        assert (await lin.get("/")).headers["Location"] == "/sign-in"


async def portal_form(portal):
    async with portal.browser() as somebody:
        page = await somebody.get("/sign-in")
        visit = {c.key: c.value for c in somebody.session.cookie_jar}["fengcun-portal-visit"]
        return visit, page.hidden("visit_token")


async def test_a_form_of_another_visit_signs_nobody_in(tmp_path):
    async with house(tmp_path) as portal, portal.browser() as one, portal.browser() as other:
        token = (await one.get("/sign-in")).hidden("visit_token")
        await other.get("/sign-in")
        right = {"name": "lin", "password": "synthetic, and long enough", "code": one.code(LIN)}
        for given in (token, "", "é"):
            answer = await other.post("/sign-in", {"visit_token": given, **right})
            assert answer.status == 403
            assert "表单已失效" in answer.text


async def test_after_a_few_failures_nobody_of_that_name_may_try_and_it_is_summed_up(tmp_path):
    async with house(tmp_path) as portal, portal.browser() as thief:
        for _ in range(PAIR_MAX):
            assert (await thief.sign_in(LIN, password="wrong, and long enough")).status == 403
        answer = await thief.sign_in(LIN)
        assert answer.status == 429
        assert int(answer.headers["Retry-After"]) > 0
    ((header, payload),) = portal.recorded()
    assert (header["event"], header["observed_count"]) == ("refused", PAIR_MAX)
    assert payload == {"officers": {"lin": PAIR_MAX}, "sources": {"127.0.0.1": PAIR_MAX}}


async def test_what_cannot_be_recorded_lets_nobody_in(tmp_path):
    async with house(tmp_path) as portal, portal.browser() as lin:
        portal.app[LOOKS]._sequencer.fail(OSError("no disk"))
        answer = await lin.sign_in()
        assert answer.status == 503
        assert "平台自身的记录无法写入" in answer.text
        assert "Set-Cookie" not in answer.headers
        assert not portal.app[DOORKEEPER]._sittings._kept
        assert (await lin.get("/")).headers["Location"] == "/sign-in"


async def test_the_cookie_is_out_of_reach(tmp_path):
    async with house(tmp_path) as portal, portal.browser() as lin:
        cookie = (await lin.sign_in()).headers["Set-Cookie"]
        assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))


async def test_without_tls_there_is_no_certificate_to_sign_in_with(tmp_path):
    async with house(tmp_path) as portal, portal.browser() as stranger:
        token = (await stranger.get("/sign-in")).hidden("visit_token")
        answer = await stranger.post("/sign-in/certificate", {"visit_token": token})
        assert answer.status == 403
        assert "此证书未登记" in answer.text
