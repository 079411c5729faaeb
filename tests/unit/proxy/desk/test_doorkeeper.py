"""Logging in: what is tried, what it costs, and what the ledger is told."""

import asyncio

import pytest

from ledger.accounts import doorkeeper as module
from ledger.accounts.attempts import LOCK_SECONDS, PAIR_MAX
from ledger.accounts.doorkeeper import DELAY_SECONDS, NotLoggedIn, TooManyAttempts
from ledger.accounts.passwords import PasswordHash
from ledger.accounts.sittings import Way
from proxy.desk.doorkeeper import RULE, Doorkeeper
from proxy.desk.officers import Roster, write_officers
from proxy.telemetry.metrics import Metrics
from tests.unit.proxy.desk.counter import CLERK
from tests.unit.proxy.desk.front.house import ACCOUNTS, PASSWORD


class Door:
    def __init__(self, directory):
        self.file = directory / "officers.toml"
        write_officers(self.file, ACCOUNTS)
        self.findings = []
        self.pauses = []
        self.now = 0.0
        self.metrics = Metrics()
        self.keeper = Doorkeeper(
            Roster(self.file), self, self.metrics, clock=lambda: self.now, pause=self.pause
        )

    def finding(self, finding):
        self.findings.append(finding)

    async def pause(self, seconds):
        self.pauses.append(seconds)

    async def fails(self, name, password="wrong", source="10.0.0.1"):
        with pytest.raises(NotLoggedIn) as caught:
            await self.keeper.check(name, password, source)
        return str(caught.value)

    def count(self, result):
        return self.metrics.registry.get_sample_value(
            "fengcun_desk_logins_total", {"result": result}
        )


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path)


async def test_a_right_password_lets_in(door):
    account = await door.keeper.check(CLERK.name, PASSWORD, "10.0.0.1")
    assert account.officer == CLERK
    assert (door.count("let-in"), door.pauses) == (1, [])
    token, _ = door.keeper.begin(account, Way.API)
    assert (await door.keeper.find(token, Way.API)).account == account


async def test_a_name_that_is_nobodys_costs_what_a_wrong_password_does(door, monkeypatch):
    tried = []
    fits = PasswordHash.fits

    def counted(self, password):
        tried.append((self.n, self.r, self.p))
        return fits(self, password)

    monkeypatch.setattr(PasswordHash, "fits", counted)
    texts = {await door.fails(name) for name in (CLERK.name, "nobody", "no name/", "\ud800")}
    assert len(texts) == len(set(tried)) == 1
    assert len(tried) == 4
    assert door.pauses == [DELAY_SECONDS] * 4
    assert door.count("refused") == 4


@pytest.mark.parametrize("name", [CLERK.name, "nobody"])
async def test_after_a_few_failures_not_even_the_right_password_is_looked_at(door, name):
    for _ in range(PAIR_MAX):
        await door.fails(name)
    with pytest.raises(TooManyAttempts) as caught:
        await door.keeper.check(name, PASSWORD, "10.0.0.1")
    assert caught.value.retry_seconds == LOCK_SECONDS
    assert door.count("locked") == 1
    door.now += LOCK_SECONDS
    if name == CLERK.name:
        assert await door.keeper.check(name, PASSWORD, "10.0.0.1")


async def test_many_at_once_do_not_get_more_tries(door):
    tries = [door.keeper.check(CLERK.name, "wrong", "10.0.0.1") for _ in range(20)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    failed = [each for each in results if isinstance(each, NotLoggedIn)]
    assert PAIR_MAX <= len(failed) <= PAIR_MAX + module._AT_ONCE_MAX - 1
    assert len(failed) + sum(isinstance(each, TooManyAttempts) for each in results) == 20


async def test_who_waits_is_bounded(door, monkeypatch):
    monkeypatch.setattr(module, "_WAITING_MAX", 3)
    tries = [door.keeper.check(f"n{n}", "wrong", f"10.0.0.{n}") for n in range(10)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(each, TooManyAttempts) for each in results) == 7


async def test_the_ledger_is_told_once_of_all_that_failed_and_nothing_of_what_was_typed(door):
    await door.fails(CLERK.name)
    await door.fails("my-secret-typed-here", source="10.0.0.2")
    assert door.findings == []
    door.keeper.close()
    (finding,) = door.findings
    assert (finding.rule, finding.observed_count) == (RULE, 2)
    assert finding.content == {
        "officers": {CLERK.name: 1, "?": 1},
        "sources": {"10.0.0.1": 1, "10.0.0.2": 1},
    }
    door.keeper.close()
    assert len(door.findings) == 1


async def test_the_ledger_is_told_in_time(door, monkeypatch):
    monkeypatch.setattr(module, "_SUM_UP_SECONDS", 0.01)
    await door.fails(CLERK.name)
    async with asyncio.timeout(20):
        while not door.findings:
            await asyncio.sleep(0.01)


async def test_who_was_removed_is_out_at_once(door):
    account = await door.keeper.check(CLERK.name, PASSWORD, "10.0.0.1")
    token, _ = door.keeper.begin(account, Way.PAGE)
    write_officers(door.file, {})
    assert await door.keeper.find(token, Way.PAGE) is None
    await door.fails(CLERK.name, PASSWORD)
