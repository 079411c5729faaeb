"""The private key: held by one session, for as long as that lasts."""

import pytest

from ledger.accounts.attempts import PAIR_MAX
from ledger.accounts.sittings import IDLE_SECONDS
from ledger.portal.context import DOORKEEPER, KEYRING
from tests.unit.ledger.portal.house import house, identity_file

PASSPHRASE = "synthetic words here"


async def unlock(browser, passphrase, to="/"):
    return await browser.send("/unlock", "/unlock", {"passphrase": passphrase, "to": to})


@pytest.fixture
def identity(tmp_path):
    return identity_file(tmp_path / "keys")


def held(portal):
    return list(portal.app[KEYRING]._held.values())


async def test_the_right_passphrase_unlocks_for_this_session_alone(tmp_path, identity):
    async with house(tmp_path / "s", identity=identity) as portal, portal.signed_in() as lin:
        answer = await unlock(lin, PASSPHRASE, "/entries")
        assert answer.headers["Location"] == "/entries"
        assert [each.name for each in held(portal)] == ["procuratorate"]
        assert "重新锁定" in (await lin.get("/unlock")).text
        async with portal.signed_in() as again:
            assert "重新锁定" not in (await again.get("/unlock")).text
        answer = await lin.send("/unlock", "/lock", {"to": "//evil.example"})
        assert answer.headers["Location"] == "/"
        assert held(portal) == []
        payload = next(p for h, p in portal.recorded() if h["event"] == "unlock")
    assert payload["opened"] is True
    assert payload["identity"] == "procuratorate"


async def test_a_wrong_one_does_not_and_after_a_few_none_is_tried(tmp_path, identity):
    async with house(tmp_path / "s", identity=identity) as portal, portal.signed_in() as lin:
        for _ in range(PAIR_MAX):
            answer = await unlock(lin, "wrong words")
            assert answer.status == 403
            assert "口令不正确" in answer.text
            assert "wrong words" not in answer.text
        assert (await unlock(lin, PASSPHRASE)).status == 429
        assert held(portal) == []
        tried = [p["opened"] for h, p in portal.recorded() if h["event"] == "unlock"]
    assert tried == [False] * PAIR_MAX


async def test_it_is_dropped_at_sign_out_and_when_idle(tmp_path, identity, monkeypatch):
    async with house(tmp_path / "s", identity=identity) as portal:
        async with portal.signed_in() as lin:
            await unlock(lin, PASSPHRASE)
            await lin.send("/", "/sign-out", {})
            assert held(portal) == []
        async with portal.signed_in() as lin:
            await unlock(lin, PASSPHRASE)
            sittings = portal.app[DOORKEEPER]._sittings
            before = sittings._clock
            sittings._clock = lambda: before() + IDLE_SECONDS
            # Nobody asks for anything.
            portal.app[DOORKEEPER].sweep()
            assert held(portal) == []


async def test_a_session_that_ended_meanwhile_gets_no_key(tmp_path, identity):
    async with house(tmp_path / "s", identity=identity) as portal, portal.signed_in() as lin:
        keyring, unlocked = portal.app[KEYRING], portal.app[KEYRING].unlock

        def slow(passphrase):
            for sitting in list(portal.app[DOORKEEPER]._sittings._kept.values()):
                sitting.over = True
            return unlocked(passphrase)

        keyring.unlock = slow
        assert (await unlock(lin, PASSPHRASE)).headers["Location"] == "/sign-in"
        assert held(portal) == []


async def test_without_a_key_file_it_says_so(tmp_path):
    async with house(tmp_path / "s") as portal, portal.signed_in() as lin:
        page = await lin.get("/unlock")
        assert "未配置私钥文件" in page.text
        assert (await lin.send("/", "/unlock", {"passphrase": "x"})).status == 404
