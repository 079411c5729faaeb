"""Letting in: a second factor is asked last, and a failure of it is one like any other."""

import pytest

from ledger.accounts.attempts import PAIR_MAX
from ledger.accounts.doorkeeper import Doorkeeper, Login, NotLoggedIn, TooManyAttempts
from ledger.accounts.roster import Roster
from ledger.accounts.sittings import IDLE_SECONDS, Way
from tests.unit.ledger.accounts.people import LI, PASSWORD, PEOPLE


class Door:
    def __init__(self, file):
        file.touch()
        self.now = 0.0
        self.told, self.counted, self.ended, self.asked = [], [], [], []
        self.right = True
        self.keeper = Doorkeeper(
            Roster(file, lambda _: PEOPLE, ValueError), told=self.told.append,
            counted=self.counted.append, ended=self.ended.append, clock=lambda: self.now,
            pause=self.pause,
        )  # fmt: skip

    async def pause(self, seconds):
        pass

    def second(self, account):
        self.asked.append(account)
        return self.right

    async def check(self, password=PASSWORD):
        return await self.keeper.check(LI.name, password, "10.0.0.1", self.second)


@pytest.fixture
def door(tmp_path):
    return Door(tmp_path / "accounts")


async def test_both_have_to_be_right(door):
    assert await door.check() == LI
    with pytest.raises(NotLoggedIn):
        await door.check("wrong")
    assert door.asked == [LI]
    door.right = False
    with pytest.raises(NotLoggedIn):
        await door.check()
    assert door.counted == [Login.LET_IN, Login.REFUSED, Login.REFUSED]


async def test_wrong_codes_lock_like_wrong_passwords_and_are_told_once(door):
    door.right = False
    for _ in range(PAIR_MAX):
        with pytest.raises(NotLoggedIn):
            await door.check()
    door.right = True
    with pytest.raises(TooManyAttempts):
        await door.check()
    assert len(door.asked) == PAIR_MAX
    door.keeper.close()
    assert [each.count for each in door.told] == [PAIR_MAX]


async def test_who_is_idle_is_out_without_asking_for_anything(door):
    token, sitting = door.keeper.begin(LI, Way.PAGE)
    door.now = IDLE_SECONDS
    door.keeper.sweep()
    assert door.ended == [sitting]
    assert await door.keeper.find(token, Way.PAGE) is None
