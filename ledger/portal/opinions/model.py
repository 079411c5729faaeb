"""An opinion (纠正意见) and its steps (实施办法第22条; 检察规则第552条至第554条). Pure.

    drafted ──▶ issued ──▶ replied ──▶ closed
       │          │  ▲       │   ▲
       ▼          ▼  │       ▼   │
    withdrawn    urged,     upheld, where what was contested stands: a new reply is due
                escalated

Each step is an entry of the supervisor's own log, and an opinion is what its entries make of it:
nothing else is kept, so nothing else can differ from them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from ledger.portal.access import Role
from ledger.portal.words import Words

REEXAMINATION_DAYS: Final = 7
"""Within which a contested opinion is looked at again (检察规则第554条)."""
ENTRIES_MAX: Final = 256
"""That one opinion can be about: as many as the header of an entry holds."""


class Step(StrEnum):
    """The words `event` of an entry of kind ``opinion``; a reply is one of kind ``reply``."""

    DRAFTED = "drafted"
    WITHDRAWN = "withdrawn"
    ISSUED = "issued"
    URGED = "urged"
    ESCALATED = "escalated"
    REPLIED = "replied"
    UPHELD = "upheld"
    CLOSED = "closed"


class Result(StrEnum):
    """What the agency replied."""

    ACCEPTED = "accepted"  # 采纳, and says what it will do
    CORRECTED = "corrected"  # 已纠正
    CONTESTED = "contested"  # 说明理由


class NotNow(Exception):
    """The step cannot follow what was done so far. `words` says why."""

    def __init__(self, chinese: str, english: str) -> None:
        self.words = Words(chinese, english)
        super().__init__(english)


@dataclass(frozen=True, slots=True)
class Act:
    """One step. ``number`` is the opinion's, ``log`` and ``entries`` what it is about; ``by`` is
    who took it, ``on`` the day in China. ``due`` is the last day for a reply."""

    step: Step
    number: str
    by: str
    on: date
    log: str = ""
    entries: tuple[int, ...] = ()
    due: date | None = None
    result: Result | None = None


@dataclass(frozen=True, slots=True)
class Opinion:
    """As far as it has come."""

    number: str
    log: str
    entries: tuple[int, ...]
    step: Step
    last_on: date
    issued_on: date | None = None
    due: date | None = None
    replied_on: date | None = None
    result: Result | None = None
    urged_count: int = 0
    escalated: bool = False

    @property
    def reexamine_by(self) -> date | None:
        """The last day to look again at what was contested; None: nothing waits for that."""
        if self.step is not Step.REPLIED or self.result is not Result.CONTESTED:
            return None
        return self.last_on + timedelta(days=REEXAMINATION_DAYS)

    @property
    def over(self) -> bool:
        """Nothing more can be done."""
        return self.step in (Step.WITHDRAWN, Step.CLOSED)

    def overdue_days(self, today: date) -> int:
        """How long the reply has been due; 0: it is not."""
        waiting = Step.REPLIED in _AFTER[self.step]
        return max(0, (today - self.due).days) if waiting and self.due is not None else 0

    @property
    def feedback_days(self) -> int | None:
        """Days from service to the reply; None: there is none."""
        if self.issued_on is None or self.replied_on is None:
            return None
        return (self.replied_on - self.issued_on).days


_AFTER: Final[dict[Step, frozenset[Step]]] = {
    Step.DRAFTED: frozenset({Step.WITHDRAWN, Step.ISSUED}),
    Step.ISSUED: frozenset({Step.REPLIED, Step.URGED, Step.ESCALATED}),
    Step.URGED: frozenset({Step.REPLIED, Step.URGED, Step.ESCALATED}),
    Step.ESCALATED: frozenset({Step.REPLIED, Step.URGED}),
    Step.REPLIED: frozenset({Step.UPHELD, Step.CLOSED}),
    Step.UPHELD: frozenset({Step.REPLIED, Step.URGED, Step.ESCALATED}),
    Step.WITHDRAWN: frozenset(),
    Step.CLOSED: frozenset(),
}

MAY: Final[dict[Step, frozenset[Role]]] = {
    Step.DRAFTED: frozenset({Role.SUPERVISOR, Role.CHIEF}),
    Step.WITHDRAWN: frozenset({Role.SUPERVISOR, Role.CHIEF}),
    Step.ISSUED: frozenset({Role.CHIEF}),
    Step.URGED: frozenset({Role.SUPERVISOR, Role.CHIEF}),
    Step.ESCALATED: frozenset({Role.CHIEF}),
    Step.REPLIED: frozenset({Role.SUPERVISOR, Role.CHIEF}),
    Step.UPHELD: frozenset({Role.CHIEF}),
    Step.CLOSED: frozenset({Role.SUPERVISOR, Role.CHIEF}),
}
"""Who takes which step: a written notice is the chief's (检察规则第552条)."""


def next_steps(opinion: Opinion | None, role: Role, today: date) -> frozenset[Step]:
    """What somebody of that role could do on that day."""
    if opinion is None:
        allowed = {Step.DRAFTED}
    else:
        allowed = set(_AFTER[opinion.step])
        if not opinion.overdue_days(today):
            allowed -= {Step.URGED, Step.ESCALATED}
        if opinion.result is not Result.CONTESTED:
            allowed -= {Step.UPHELD}
    return frozenset(step for step in allowed if role in MAY[step])


def after(opinion: Opinion | None, act: Act) -> Opinion:
    """The opinion with one more step. Raises `NotNow`."""
    if opinion is None:
        return _drafted(act)
    if act.step not in _AFTER[opinion.step]:
        raise NotNow(
            "该意见目前不能进行此步骤", f"an opinion that is {opinion.step} cannot be {act.step}"
        )
    if act.on < opinion.last_on:
        raise NotNow("日期早于上一步骤", "this is before the step before it")
    following = replace(opinion, step=act.step, last_on=act.on)
    match act.step:
        case Step.ISSUED:
            return replace(following, issued_on=act.on, due=_due(act))
        case Step.UPHELD:
            if opinion.result is not Result.CONTESTED:
                raise NotNow("该意见未被提出异议", "nobody contested it")
            return replace(following, due=_due(act))
        case Step.URGED | Step.ESCALATED:
            if not opinion.overdue_days(act.on):
                raise NotNow("答复期限未满", "the reply is not overdue")
            urged_count = opinion.urged_count + (act.step is Step.URGED)
            escalated = opinion.escalated or act.step is Step.ESCALATED
            return replace(following, urged_count=urged_count, escalated=escalated)
        case Step.REPLIED:
            if act.result is None:
                raise NotNow("须载明答复结果", "say what the reply is")
            return replace(following, replied_on=act.on, result=act.result)
        case _:
            return following


def _due(act: Act) -> date:
    if act.due is None or act.due < act.on:
        raise NotNow("须载明答复期限，且不早于送达之日", "say until when a reply is due")
    return act.due


def _drafted(act: Act) -> Opinion:
    if act.step is not Step.DRAFTED:
        raise NotNow("没有该编号的意见", "there is no opinion of that number")
    if not act.log or not 0 < len(act.entries) <= ENTRIES_MAX:
        raise NotNow(
            f"须指明所涉记录，至多 {ENTRIES_MAX} 条", f"name the entries, {ENTRIES_MAX} at most"
        )
    return Opinion(act.number, act.log, act.entries, Step.DRAFTED, act.on)
