"""Applications of the month and what became of each: granted in time and too late, used, over,
taken back, refused, not decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial
from typing import Final

from proxy.demo.agency import COUNTER, PLATFORM
from proxy.demo.agency import COURT as COURT_PRINCIPAL
from proxy.demo.month.diary import Diary
from proxy.demo.month.papers import Window, Wish
from proxy.demo.month.roster import Citizen, Roster, moment
from proxy.demo.month.traffic import COURT, POLICE, Officer, Traffic
from proxy.desk.model import Dossier, Purpose, RefusalGround, RevocationReason, Standing
from proxy.policy.permit import Scope

POLICE_PRINCIPAL: Final = "police-application"
_COURT_UNIT: Final = "虚构法院"
_POLICE_UNIT: Final = "虚构派出所"
_BATCH_COUNT: Final = 6
_DAY_SECONDS: Final = 86_400
_LOOK_SECONDS: Final = 30


class _File:
    """One application from step to step."""

    def __init__(self, diary: Diary, window: Window, wish: Wish) -> None:
        self._diary, self._window, self._wish = diary, window, wish
        self._dossier: Dossier | None = None

    def received(self, at: float) -> _File:
        self._diary.note(at, self._receive)
        return self

    def granted(self, at: float) -> _File:
        """And over when its days are, unless it is taken back before."""
        self._diary.note(at, self._grant)
        over = at + self._wish.valid_days * _DAY_SECONDS + _LOOK_SECONDS
        self._diary.note(over, self._expire)
        return self

    def refused(self, at: float, ground: RefusalGround, rule: str | None = None) -> _File:
        self._diary.note(at, partial(self._refuse, ground, rule))
        return self

    def revoked(self, at: float, reason: RevocationReason) -> _File:
        self._diary.note(at, partial(self._revoke, reason))
        return self

    def checked(self, at: float) -> _File:
        self._diary.note(at, self._check)
        return self

    async def _receive(self) -> None:
        self._dossier = await self._window.receive(self._wish)

    async def _grant(self) -> None:
        self._dossier = await self._window.grant(self._known())

    async def _refuse(self, ground: RefusalGround, rule: str | None) -> None:
        await self._window.refuse(self._known(), ground, rule)

    async def _revoke(self, reason: RevocationReason) -> None:
        await self._window.revoke(self._known(), reason)
        self._dossier = None

    async def _expire(self) -> None:
        if self._dossier is not None:
            await self._window.expire(self._dossier)

    async def _check(self) -> None:
        await self._window.check(self._known(), self._wish.people)

    def _known(self) -> Dossier:
        assert self._dossier is not None
        return self._dossier


def apply_for_permits(
    diary: Diary, days: Sequence[date], window: Window, traffic: Traffic, roster: Roster
) -> None:
    """Note all of them. ``days`` are working days, the oldest first."""
    _of_courts(diary, days, window, traffic, roster)
    _of_police(diary, days, window, traffic, roster)
    _of_others(diary, days, window, roster)


def _of_courts(
    diary: Diary, days: Sequence[date], window: Window, traffic: Traffic, roster: Roster
) -> None:
    def file(case: str, citizen: Citizen, scope: Scope, valid_days: int) -> _File:
        return _File(
            diary, window,
            Wish(
                COURT_PRINCIPAL, Standing.JUDICIAL, _COURT_UNIT, Purpose.CASE,
                "criminal-procedure-286", scope, "审理案件需要（虚构）", [citizen], case,
                valid_days,
            ),
        )  # fmt: skip

    def used(officer: Officer, at: tuple[date, int, int], citizen: Citizen, case: str) -> None:
        day, hour, minute = at
        step = partial(traffic.for_case, officer, day, citizen, case, permitted=True)
        diary.note(moment(day, hour, minute), step)

    # Granted in time, used, and over.
    first, case = roster.sealed(), traffic.case(days[0])
    file(case, first, Scope.FULL, 10).received(moment(days[0], 10)).granted(moment(days[1], 11))
    for at in ((days[1], 15, 5), (days[2], 10, 12), (days[3], 16, 31)):
        used(COURT[0], at, first, case)
    # Taken back; who asks again sees nothing.
    second, case = roster.sealed(), traffic.case(days[3])
    granted = file(case, second, Scope.FULL, 20)
    granted.received(moment(days[3], 9, 20)).granted(moment(days[4], 9, 50))
    used(COURT[1], (days[5], 10, 30), second, case)
    granted.revoked(moment(days[8], 14), RevocationReason.PURPOSE_EXCEEDED)
    for minute in (0, 4):
        again = partial(traffic.for_case, COURT[1], days[8], second, case, permitted=False)
        diary.note(moment(days[8], 15, minute), again)
    # In force still.
    third, case = roster.sealed(), traffic.case(days[-4])
    latest = file(case, third, Scope.CONVICTION, 30)
    latest.received(moment(days[-4], 14, 40)).granted(moment(days[-3], 10, 5))
    for at in ((days[-2], 11, 0), (days[-1], 9, 45)):
        used(COURT[0], at, third, case)


def _of_police(
    diary: Diary, days: Sequence[date], window: Window, traffic: Traffic, roster: Roster
) -> None:
    """One that was granted after five working days, when the law gives three (第16条)."""
    citizen, case = roster.sealed(), traffic.case(days[2])
    wish = Wish(
        POLICE_PRINCIPAL, Standing.JUDICIAL, _POLICE_UNIT, Purpose.CASE, "criminal-procedure-286",
        Scope.FULL, "侦查案件需要（虚构）", [citizen], case,
    )  # fmt: skip
    late = _File(diary, window, wish)
    late.received(moment(days[2], 14, 15)).granted(moment(days[7], 16, 20))
    use = partial(traffic.for_case, POLICE[4], days[8], citizen, case, permitted=True)
    diary.note(moment(days[8], 9, 30), use)
    child = Wish(
        POLICE_PRINCIPAL, Standing.JUDICIAL, _POLICE_UNIT, Purpose.MISSING_CHILD,
        "minors-protection-103", Scope.MISSING_CHILD, "查找失踪未成年人（虚构）",
        [roster.anybody()], traffic.case(days[11]),
    )  # fmt: skip
    found = _File(diary, window, child)
    found.received(moment(days[11], 9, 5)).granted(moment(days[11], 9, 40))


def _of_others(diary: Diary, days: Sequence[date], window: Window, roster: Roster) -> None:
    """A school's list, a platform, a company, and two that wait: one of them too long."""

    def file(wish: Wish, at: float) -> _File:
        return _File(diary, window, wish).received(at)

    people = [roster.anybody() for _ in range(_BATCH_COUNT)]
    school = Wish(
        COUNTER, Standing.UNIT, "虚构幼儿园", Purpose.CLOSE_CONTACT, "minors-protection-62",
        Scope.BATCH, "招聘教职工（虚构）", people,
    )  # fmt: skip
    batch = file(school, moment(days[5], 9, 10)).granted(moment(days[6], 10, 20))
    batch.checked(moment(days[7], 14, 35))
    platform = Wish(
        PLATFORM, Standing.PLATFORM, "虚构背调平台", Purpose.CLOSE_CONTACT,
        "minors-protection-62", Scope.CONVICTION, "受雇主委托核查应聘人员（虚构）",
        [roster.anybody()],
    )  # fmt: skip
    at = moment(days[9], 11, 5)
    refused = file(platform, at)
    refused.refused(at, RefusalGround.PLATFORM_OR_BULK, "platform-standing")
    company = Wish(
        COUNTER, Standing.UNIT, "虚构旅行社", Purpose.STATUTORY_CHECK, "tour-guides",
        Scope.CONVICTION, "录用导游（虚构）", [roster.anybody()],
    )  # fmt: skip
    without_basis = file(company, moment(days[10], 10, 30))
    without_basis.refused(moment(days[11], 15, 45), RefusalGround.MISMATCH)
    file(company, moment(days[-7], 16, 10))
    file(school, moment(days[-1], 16, 25))
