"""Who is logged in, and until when."""

from dataclasses import replace

import pytest

from ledger.accounts.sittings import (
    IDLE_SECONDS,
    OF_AN_ACCOUNT_MAX,
    WHOLE_SECONDS,
    Sittings,
    Way,
)  # fmt: skip
from tests.unit.ledger.accounts.people import HASH, LI, PEOPLE, WANG


@pytest.fixture
def now():
    return [0.0]


@pytest.fixture
def gone():
    return []


@pytest.fixture
def sittings(now, gone):
    return Sittings(lambda: now[0], gone.append)


def test_a_token_is_its_officers_and_good_for_one_way(sittings):
    token, sitting = sittings.begin(LI, Way.API)
    assert sittings.find(token, Way.API, PEOPLE) is sitting
    assert sittings.find(token, Way.PAGE, PEOPLE) is None
    for other in ("", token[:-1], token + "x", "\ud800"):
        assert sittings.find(other, Way.API, PEOPLE) is None
    assert token not in repr(sittings._kept)


def test_it_ends_when_it_was_not_used(sittings, now):
    token, _ = sittings.begin(LI, Way.PAGE)
    for _ in range(3):
        now[0] += IDLE_SECONDS - 1
        assert sittings.find(token, Way.PAGE, PEOPLE)
    now[0] += IDLE_SECONDS
    assert sittings.find(token, Way.PAGE, PEOPLE) is None
    now[0] -= IDLE_SECONDS
    assert sittings.find(token, Way.PAGE, PEOPLE) is None


def test_it_ends_at_the_latest_however_it_is_used(sittings, now):
    token, _ = sittings.begin(LI, Way.PAGE)
    while now[0] + IDLE_SECONDS / 2 < WHOLE_SECONDS:
        now[0] += IDLE_SECONDS / 2
        assert sittings.find(token, Way.PAGE, PEOPLE)
    now[0] = WHOLE_SECONDS
    assert sittings.find(token, Way.PAGE, PEOPLE) is None


@pytest.mark.parametrize(
    "accounts",
    [{}, {LI.name: WANG}, {LI.name: replace(LI, password=replace(HASH, salt=b"x" * 16))}],
    ids=["removed", "another", "other password"],
)  # fmt: skip
def test_it_ends_when_the_account_is_another(sittings, accounts):
    token, _ = sittings.begin(LI, Way.PAGE)
    assert sittings.find(token, Way.PAGE, accounts) is None
    assert sittings.find(token, Way.PAGE, PEOPLE) is None


def test_an_officer_has_a_few_at_a_time(sittings):
    tokens = [sittings.begin(LI, Way.API)[0] for _ in range(OF_AN_ACCOUNT_MAX + 2)]
    alive = [sittings.find(token, Way.API, PEOPLE) is not None for token in tokens]
    assert alive == [False] * 2 + [True] * OF_AN_ACCOUNT_MAX


def test_a_form_token_is_of_one_login(sittings):
    one, other = (sittings.begin(LI, Way.PAGE)[1] for _ in range(2))
    assert one.has_form_token(one.form_token)
    for wrong in (other.form_token, "", "é", "\ud800"):
        assert not one.has_form_token(wrong)


def test_logging_out(sittings):
    token, _ = sittings.begin(LI, Way.API)
    sittings.end(token)
    sittings.end("never there")
    assert sittings.find(token, Way.API, PEOPLE) is None


def test_who_is_out_is_told_whatever_ended_it(sittings, now, gone):
    kept = [sittings.begin(LI, Way.PAGE) for _ in range(3)]
    sittings.end(kept[0][0])
    sittings.find(kept[1][0], Way.PAGE, {})
    assert gone == [kept[0][1], kept[1][1]]
    now[0] += IDLE_SECONDS - 1
    sittings.sweep()
    assert len(gone) == 2
    now[0] += 1
    sittings.sweep()
    sittings.sweep()
    assert gone == [each for _, each in kept]
    for _ in range(OF_AN_ACCOUNT_MAX + 1):
        sittings.begin(LI, Way.PAGE)
    assert len(gone) == 4
