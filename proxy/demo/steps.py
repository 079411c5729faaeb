"""The steps in which applications ask. Each compares, and returns a `Scene` only if all it claims
holds."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from proxy.demo.agency import Agency
from proxy.demo.cast import Cast
from proxy.demo.client import Client
from proxy.demo.identity import IDENTITY_CHARACTERS
from proxy.demo.register import Register
from proxy.demo.scene import (
    Answer,
    Entry,
    Lines,
    Panel,
    Refusal,
    Rows,
    Scene,
    Words,
    require,
)

INSUFFICIENT_PRIVILEGE = "42501"
OPERATOR = "021377"
ABSENT = "无此人 nobody"
DIRECT = Words("直连数据库", "straight from the database")
PROXIED = Words("经过封存", "through Fengcun")
_LABEL = "含犯罪记录封存信息"
_CAUSES_MAX = 4
_PUBLISHED_SECONDS_MAX = 30.0
_LOOK_AGAIN_SECONDS = 0.2


@dataclass(slots=True)
class Stage:
    """What the steps work with. ``seen`` is the number of ledger entries already looked at."""

    agency: Agency
    register: Register
    cast: Cast
    direct_port: int
    proxy_port: int
    desk_port: int
    seen: int = 0

    def both(self, user: str, text: str) -> tuple[Answer, Answer]:
        """The answers to one statement of one login, without and with Fengcun."""
        with Client(user, self.direct_port) as direct, Client(user, self.proxy_port) as proxied:
            return direct.ask(text), proxied.ask(text)

    def written(self, *kinds: str, count: int) -> tuple[Entry, ...]:
        """The entries of these kinds since the last look: durable at once, they are published
        soon after. Raises `ClaimFailed` unless as many come."""
        deadline = time.monotonic() + _PUBLISHED_SECONDS_MAX
        while len(found := self.agency.entries(*kinds, start=self.seen)) < count:
            require(time.monotonic() < deadline, "the ledger holds what was just done")
            time.sleep(_LOOK_AGAIN_SECONDS)
        require(len(found) == count, "the ledger holds what was just done and nothing else")
        self.seen = found[-1].index + 1
        return found

    def recorded(self, verdict: str, count: int = 1) -> Entry:
        """The last of as many decisions since the last look, which must have this verdict."""
        last = self.written("decision", count=count)[-1]
        require(last.word("verdict") == verdict, f"the ledger says {verdict}")
        return last


Step = Callable[[Stage], Scene]


def police_open_a_file(stage: Stage) -> Scene:
    """实施办法第5条: the minor is gone from a joint case, the file is labelled."""
    text = (
        "SELECT p.name, s.term_months, c.label\n"
        "FROM case_file c JOIN case_person cp USING (case_id)\n"
        "     JOIN person p USING (person_id) LEFT JOIN sentence s USING (cp_id)\n"
        f"WHERE c.case_no = '{stage.cast.case_no}' ORDER BY p.person_id"
    )
    direct, proxied = stage.both("police", text)
    minor, adult = stage.cast.minor.name, stage.cast.adult.name
    require(column(direct, "name") == [minor, adult], "the database holds both offenders")
    require(column(proxied, "name") == [adult], "the sealed offender is not shown, the other is")
    require(column(proxied, "label") == [_LABEL], "the file carries the label")
    require(_columns(direct) == _columns(proxied), "the answer has the shape it always had")
    return Scene(
        Words("派出所打开这份案卷", "The police open the file"),
        Words(
            f"两人共同盗窃：{minor}时年十六岁，{adult}已成年。",
            f"Two people stole together: {minor} was sixteen, {adult} an adult.",
        ),
        "police",
        text,
        (Panel(DIRECT, direct), Panel(PROXIED, proxied)),
        Words(
            "应用一字未改：未成年人不再出现，案卷自动加上标识。",
            "The application is unchanged: the minor is gone, the file is labelled.",
        ),
        stage.recorded("strip"),
    )


def platform_is_refused(stage: Stage) -> Scene:
    """实施办法第10条: no platform, whatever it asks."""
    text = "SELECT * FROM case_person"
    direct, proxied = stage.both("bgcheck", text)
    count = len(stage.register.rows["case_person"])
    require(isinstance(direct, Rows) and len(direct.rows) == count, "the database gives all rows")
    require(
        isinstance(proxied, Refusal) and proxied.sqlstate == INSUFFICIENT_PRIVILEGE,
        "the platform gets SQLSTATE 42501",
    )
    entry = stage.recorded("refuse")
    require(
        isinstance(proxied, Refusal)
        and all(entry.word(name) in proxied.hint for name in ("rule", "article"))
        and "第10条" in entry.word("article"),
        "what the platform is told and what the ledger says are the same rule and article",
    )
    return Scene(
        Words("背调平台想要整张表", "A background-check platform wants the table"),
        Words(
            "雇主请了一家背景调查平台；它有数据库账号。",
            "The employer hired a background-check platform, which has a login.",
        ),
        "bgcheck",
        text,
        (Panel(DIRECT, Lines((f"{count:,} 行 rows",))), Panel(PROXIED, proxied)),
        Words(
            "不向任何平台提供，没有哪项配置能放开；所据条文同时记入账本。",
            "No platform is given any, and no setting changes that; the ledger has the article.",
        ),
        entry,
    )


def statistics_leave_them_out(stage: Stage) -> Scene:
    """Counts are answers too: they must not tell how many records are sealed."""
    text = (
        "SELECT c.cause, count(*) FROM case_file c JOIN case_person cp USING (case_id)\n"
        f"WHERE cp.role = 'CONVICT' GROUP BY c.cause ORDER BY 2 DESC, 1 LIMIT {_CAUSES_MAX}"
    )
    direct, proxied = stage.both("police", text)
    require(_counts(direct) == _convicts(stage.register, set()), "the database counts everyone")
    require(
        _counts(proxied) == _convicts(stage.register, stage.register.sealed),
        "through Fengcun exactly the sealed are left out",
    )
    require(_counts(direct) != _counts(proxied), "somebody is sealed")
    return Scene(
        Words("年度统计报表", "The yearly statistics"),
        Words(
            "计数也会泄密：少了谁，多了谁，一减便知。",
            "A count tells as well: one has only to subtract.",
        ),
        "police",
        text,
        (Panel(DIRECT, direct), Panel(PROXIED, proxied)),
        Words(
            "封存的不计入；两组数字都与生成数据时另行算出的相等。",
            "The sealed are not counted; both columns are what was worked out apart.",
        ),
        stage.recorded("strip"),
    )


def writes_miss_what_is_sealed(stage: Stage) -> Scene:
    """An UPDATE finds what a SELECT would, and says so in its count."""
    minor, adult = stage.cast.minor.judgment_no, stage.cast.adult.judgment_no
    text = f"UPDATE sentence SET fine = 1 WHERE judgment_no = '{minor}'"
    check = f"SELECT fine FROM sentence WHERE judgment_no = '{minor}'"
    with (
        Client("agency_app", stage.direct_port) as direct,
        Client("agency_app", stage.proxy_port) as proxied,
    ):
        direct.ask("BEGIN")
        straight = direct.ask(text)
        direct.ask("ROLLBACK")
        visible = proxied.ask(f"UPDATE sentence SET fine = NULL WHERE judgment_no = '{adult}'")
        through = proxied.ask(text)
        require(_tag(straight) == "UPDATE 1", "the row is there")
        require(_tag(visible) == "UPDATE 1", "what may be seen can be written")
        require(_tag(through) == "UPDATE 0", "a sealed row is not there to be written")
        require(column(direct.ask(check), "fine") == [None], "the sealed row is as it was")
    return Scene(
        Words("办案系统修改他的判决", "The case system changes his judgment"),
        Words(
            "写操作先入账，后执行；被封存的行，它同样看不见。",
            "A write is recorded before it is sent, and does not see a sealed row either.",
        ),
        "agency_app",
        text,
        (Panel(DIRECT, straight), Panel(PROXIED, through)),
        Words(
            "UPDATE 0，与没有这一行时一样；数据未变。",
            "UPDATE 0, as if there were no such row, and nothing has changed.",
        ),
        stage.recorded("strip", count=2),
    )


def drip_meets_the_budget(stage: Stage) -> Scene:
    """One person at a time, until the policy's limit for an hour: whoever it is counts alike."""
    limit = stage.agency.people_an_hour
    numbers = _people(stage, limit + 1)
    with Client("desk", stage.proxy_port) as desk:
        answers = [desk.ask(_one_person(number)) for number in numbers]
    found = [answer for answer in answers if isinstance(answer, Rows)]
    last = answers[-1]
    require(len(found) == limit and found == answers[:-1], f"{limit} people are answered")
    require(
        isinstance(last, Refusal)
        and last.sqlstate == INSUFFICIENT_PRIVILEGE
        and "subject-budget" in last.hint,
        "the next one is refused for the budget",
    )
    entries = stage.written("decision", count=limit + 1)
    require(len({str(each.header.get("subjects")) for each in entries[:-1]}) == limit, "all differ")
    require(len({each.word("operator") for each in entries}) == 1, "one operator asked for them")
    require(entries[-1].word("rule") == "subject-budget", "the refusal is in the ledger")
    shown_count = sum(len(answer.rows) for answer in found)
    require(0 < shown_count < limit, "some of them are shown and some are not")
    rows = (("一行 one row", str(shown_count)), (ABSENT, str(limit - shown_count)))
    return Scene(
        Words("窗口有人逐个查，想攒一份名单", "Somebody at the counter collects a list"),
        Words(
            f"{OPERATOR} 号一次只查一个人，一小时内查到第 {limit + 1} 个。",
            f"Number {OPERATOR} asks for one person at a time: {limit} in an hour, and one more.",
        ),
        "desk",
        _one_person("…"),
        (
            Panel(
                Words(f"第 1 至 {limit} 人", f"people 1 to {limit}"),
                Rows(("答复 answer", "人数 people"), rows, ""),
            ),
            Panel(Words(f"第 {limit + 1} 人", f"person {limit + 1}"), last),
        ),
        Words(
            "封存的、查无此人的、有记录的，一律计数；按日、按月、按年另有上限。",
            "Sealed, unknown or on record: each counts. Day, month and year have limits, too.",
        ),
        entries[-1],
    )


def _people(stage: Stage, count: int) -> list[str]:
    """Identity numbers: of the cast, of nobody, and of whoever comes first in the register."""
    cast = stage.cast
    known = [row[3] for row in stage.register.rows["person"] if isinstance(row[3], str)]
    others = [number for number in known if len(number) == IDENTITY_CHARACTERS]
    numbers = [cast.minor.id_no, cast.stranger.id_no, cast.adult.id_no, *others]
    return [*dict.fromkeys(numbers)][:count]


def _one_person(number: str) -> str:
    return f"/* operator={OPERATOR} */ SELECT name FROM person WHERE id_no = '{number}'"


def _columns(answer: Answer) -> tuple[str, ...]:
    return answer.columns if isinstance(answer, Rows) else ()


def column(answer: Answer, name: str) -> list[str | None] | None:
    """The values of a column; None for an answer that has no such column."""
    if not isinstance(answer, Rows) or name not in answer.columns:
        return None
    return [row[answer.columns.index(name)] for row in answer.rows]


def _tag(answer: Answer) -> str | None:
    return answer.tag if isinstance(answer, Rows) else None


def _counts(answer: Answer) -> list[tuple[str | None, ...]]:
    return [*answer.rows] if isinstance(answer, Rows) else []


def _convicts(register: Register, without: set[int]) -> list[tuple[str | None, ...]]:
    """What the report should say, from the rows that were loaded."""
    causes = {row[0]: str(row[3]) for row in register.rows["case_file"]}
    counted = Counter(
        causes[row[1]]
        for row in register.rows["case_person"]
        if row[3] == "CONVICT" and row[0] not in without
    )
    ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))[:_CAUSES_MAX]
    return [(cause, str(count)) for cause, count in ranked]
