"""Styles, scripts, and where the switch of the language leads."""

import pytest

from ledger.portal.pages.static import own_place
from tests.unit.ledger.portal.house import house


async def test_files_are_served_to_anybody_and_no_others_are(tmp_path):
    async with house(tmp_path) as portal, portal.browser() as stranger:
        answer = await stranger.get("/static/portal.css")
        assert answer.headers["Content-Type"].startswith("text/css")
        for name in ("accounts.toml", "..%2faccounts.toml", "%2e%2e/cli.py", "portal.css/"):
            assert (await stranger.get(f"/static/{name}")).status == 404


@pytest.mark.parametrize("place", ["/", "/entries?kind=permit&after=a%3A1", "/logs/%E5%85%AC"])
def test_a_place_of_ours_is_kept(place):
    assert own_place(place) == place


@pytest.mark.parametrize(
    "place",
    ["", "//evil.example", "https://evil.example/", "/\\evil.example", "\\\\evil.example",
     "/a\nb", "/a\r\nSet-Cookie: a=b", "javascript:alert(1)", "/\t/evil.example", "/公安"],
)  # fmt: skip
def test_any_other_is_the_first_page(place):
    assert own_place(place) == "/"
