"""Who is logged in, and until when."""

from dataclasses import replace

import pytest

from proxy.desk.officers import Account
from proxy.desk.sittings import (
    IDLE_SECONDS,
    OF_AN_OFFICER_MAX,
    WHOLE_SECONDS,
    Sittings,
    Way,
)  # fmt: skip
from tests.unit.proxy.desk.counter import CLERK, SECOND
from tests.unit.proxy.desk.front.house import ACCOUNTS, HASH

ACCOUNT = ACCOUNTS[CLERK.name]


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def sittings(now):
    return Sittings(lambda: now[0])


def test_a_token_is_its_officers_and_good_for_one_way(sittings):
    token, sitting = sittings.begin(ACCOUNT, Way.API)
    assert sittings.find(token, Way.API, ACCOUNTS) is sitting
    assert sittings.find(token, Way.PAGE, ACCOUNTS) is None
    for other in ("", token[:-1], token + "x", "\ud800"):
        assert sittings.find(other, Way.API, ACCOUNTS) is None
    assert token not in repr(sittings._kept)


def test_it_ends_when_it_was_not_used(sittings, now):
    token, _ = sittings.begin(ACCOUNT, Way.PAGE)
    for _ in range(3):
        now[0] += IDLE_SECONDS - 1
        assert sittings.find(token, Way.PAGE, ACCOUNTS)
    now[0] += IDLE_SECONDS
    assert sittings.find(token, Way.PAGE, ACCOUNTS) is None
    now[0] -= IDLE_SECONDS
    assert sittings.find(token, Way.PAGE, ACCOUNTS) is None


def test_it_ends_at_the_latest_however_it_is_used(sittings, now):
    token, _ = sittings.begin(ACCOUNT, Way.PAGE)
    while now[0] + IDLE_SECONDS / 2 < WHOLE_SECONDS:
        now[0] += IDLE_SECONDS / 2
        assert sittings.find(token, Way.PAGE, ACCOUNTS)
    now[0] = WHOLE_SECONDS
    assert sittings.find(token, Way.PAGE, ACCOUNTS) is None


@pytest.mark.parametrize(
    "accounts",
    [{}, {CLERK.name: Account(replace(CLERK, roles=SECOND.roles), HASH)},
     {CLERK.name: Account(CLERK, replace(HASH, salt=b"x" * 16))}],
    ids=["removed", "other roles", "other password"],
)  # fmt: skip
def test_it_ends_when_the_account_is_another(sittings, accounts):
    token, _ = sittings.begin(ACCOUNT, Way.PAGE)
    assert sittings.find(token, Way.PAGE, accounts) is None
    assert sittings.find(token, Way.PAGE, ACCOUNTS) is None


def test_an_officer_has_a_few_at_a_time(sittings):
    tokens = [sittings.begin(ACCOUNT, Way.API)[0] for _ in range(OF_AN_OFFICER_MAX + 2)]
    alive = [sittings.find(token, Way.API, ACCOUNTS) is not None for token in tokens]
    assert alive == [False] * 2 + [True] * OF_AN_OFFICER_MAX


def test_a_form_token_is_of_one_login(sittings):
    one, other = (sittings.begin(ACCOUNT, Way.PAGE)[1] for _ in range(2))
    assert one.has_form_token(one.form_token)
    for wrong in (other.form_token, "", "é", "\ud800"):
        assert not one.has_form_token(wrong)


def test_logging_out(sittings):
    token, _ = sittings.begin(ACCOUNT, Way.API)
    sittings.end(token)
    sittings.end("never there")
    assert sittings.find(token, Way.API, ACCOUNTS) is None
