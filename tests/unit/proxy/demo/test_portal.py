"""The demo's portal lets its prosecutor in, and nobody else."""

import base64
import re
import urllib.parse
import urllib.request
from base64 import b32encode
from pathlib import Path

import pytest

from ledger.accounts.codes import code_at
from proxy.demo.agency import NAME, Agency
from proxy.demo.month import history
from proxy.demo.portal import PASSPHRASE, PORTAL_PASSWORD, PROSECUTOR, Portal, open_portal


@pytest.fixture
def agency(tmp_path: Path) -> Agency:
    found = Agency(tmp_path)
    found.create_keys_and_ledger()
    return found


def post(opener: urllib.request.OpenerDirector, url: str, base: str, **form: str) -> str:
    data = urllib.parse.urlencode(form).encode()
    request = urllib.request.Request(url, data, {"Origin": base.rstrip("/")})
    with opener.open(request) as answer:
        return str(answer.read().decode())


def hidden(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="([^"]*)"', page)
    assert found is not None, page
    return found[1]


def test_its_prosecutor_signs_in_and_unlocks_the_key(agency: Agency, tmp_path: Path):
    """Over two logs: that of the demo, and one beside it."""
    other = Agency(tmp_path / "other")
    other.home.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("proxy.demo.agency.ORIGIN", history.ORIGIN)
        other.create_keys_and_ledger()
    portal = open_portal(agency, history.Month(other.log, other.public_key, 1))
    try:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor())
        with opener.open(portal.url) as answer:
            form = answer.read().decode()
        first = post(
            opener, f"{portal.url}sign-in", portal.url, visit_token=hidden(form, "visit_token"),
            name=PROSECUTOR, password=PORTAL_PASSWORD, code=portal.code(),
        )  # fmt: skip
        assert NAME in first
        assert history.NAME in first
        with opener.open(f"{portal.url}unlock") as answer:
            token = hidden(answer.read().decode(), "form_token")
        unlocked = post(
            opener, f"{portal.url}unlock", portal.url, form_token=token, to="/unlock",
            passphrase=PASSPHRASE,
        )  # fmt: skip
        assert "procuratorate" in unlocked
    finally:
        assert portal.child.stop() == 0
    assert PASSPHRASE not in (agency.home / "portal.log").read_text()


def test_codes_are_those_of_the_standard(monkeypatch):
    """RFC 6238 appendix B."""
    secret = base64.b32decode(base64.b32encode(b"12345678901234567890"))
    monkeypatch.setattr("proxy.demo.portal.time.time", lambda: 59.0)
    assert Portal(child=None, url="", secret=secret).code() == "287082"


def test_no_code_is_given_twice_and_none_that_the_portal_would_not_take(monkeypatch):
    clock = [59.0]
    waited = []

    def sleep(seconds):
        waited.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr("proxy.demo.portal.time.time", lambda: clock[0])
    monkeypatch.setattr("proxy.demo.portal.time.sleep", sleep)
    portal = Portal(child=None, url="", secret=b"12345678901234567890")
    assert [portal.code(), portal.code()] == ["287082", "359152"]
    assert waited == []
    assert portal.code() == "969429"
    assert 60.0 <= clock[0] < 61.0
    clock[0] = 300.0
    assert portal.code() == code_at(b32encode(b"12345678901234567890").decode(), 10)
