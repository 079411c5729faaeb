"""The steps in which applications ask. Each compares, and returns a `Scene` only if all it claims
holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from proxy.demo.agency import Agency
from proxy.demo.cast import Cast
from proxy.demo.client import Client
from proxy.demo.register import Register
from proxy.demo.scene import (
    Answer,
    Decision,
    Lines,
    Panel,
    Refusal,
    Rows,
    Scene,
    Words,
    require,
)

INSUFFICIENT_PRIVILEGE = "42501"
_DIRECT = Words("直连数据库", "straight from the database")
_PROXIED = Words("经过封存", "through Fengcun")
_LABEL = "含犯罪记录封存信息"
_CAUSES_MAX = 4


@dataclass(slots=True)
class Stage:
    """What the steps work with. ``seen`` is the number of ledger entries already looked at."""

    agency: Agency
    register: Register
    cast: Cast
    direct_port: int
    proxy_port: int
    seen: int = 0

    def both(self, user: str, text: str) -> tuple[Answer, Answer]:
        """The answers to one statement of one login, without and with Fengcun."""
        with Client(user, self.direct_port) as direct, Client(user, self.proxy_port) as proxied:
            return direct.ask(text), proxied.ask(text)

    def recorded(self, verdict: str) -> Decision:
        """The newest decision since the last look, which must have this verdict."""
        found = list(self.agency.decisions(start=self.seen))
        require(bool(found), "the ledger holds a decision on what was just asked")
        self.seen = found[-1].index + 1
        require(found[-1].word("verdict") == verdict, f"the ledger says {verdict}")
        return found[-1]


Step = Callable[[Stage], Scene]


def desk_opens_a_file(stage: Stage) -> Scene:
    """实施办法第5条: the minor is gone from a joint case, the file is labelled."""
    text = (
        "SELECT p.name, s.term_months, c.label\n"
        "FROM case_file c JOIN case_person cp USING (case_id)\n"
        "     JOIN person p USING (person_id) LEFT JOIN sentence s USING (cp_id)\n"
        f"WHERE c.case_no = '{stage.cast.case_no}' ORDER BY p.person_id"
    )
    direct, proxied = stage.both("desk", text)
    minor, adult = stage.cast.minor.name, stage.cast.adult.name
    require(_column(direct, "name") == [minor, adult], "the database holds both offenders")
    require(_column(proxied, "name") == [adult], "the sealed offender is not shown, the other is")
    require(_column(proxied, "label") == [_LABEL], "the file carries the label")
    require(_columns(direct) == _columns(proxied), "the answer has the shape it always had")
    return Scene(
        Words("派出所打开一份案卷", "A police desk opens a case file"),
        Words(
            f"两人共同盗窃：{minor}时年十六岁，依法封存；{adult}已成年。",
            f"Two people stole together: {minor} was sixteen and is sealed, {adult} was an adult.",
        ),
        "desk",
        text,
        (Panel(_DIRECT, direct), Panel(_PROXIED, proxied)),
        Words(
            "应用一字未改，未成年人不再出现，案卷自动加上标识。",
            "The application is unchanged; the minor is gone and the file is labelled.",
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
        Words("背调平台想要整张表", "A background-check platform wants the whole table"),
        Words(
            "封存的数据不向任何平台提供，没有哪项配置能放开。",
            "Sealed data are given to no platform, and no setting changes that.",
        ),
        "bgcheck",
        text,
        (Panel(_DIRECT, Lines((f"{count:,} rows",))), Panel(_PROXIED, proxied)),
        Words(
            "同一条规则、同一个条文，既告知平台，也记入账本。",
            "The platform is told the same rule and article that the ledger records.",
        ),
        entry,
    )


def sealed_means_absent(stage: Stage) -> Scene:
    """实施办法第15条: the same certificate as for somebody who never had a record."""
    cast = stage.cast
    with Client("desk", stage.proxy_port) as proxied, Client("desk", stage.direct_port) as direct:
        sealed = proxied.messages(_has_record(cast.minor.id_no))
        absent = proxied.messages(_has_record(cast.stranger_id_no))
        convicted = proxied.messages(_has_record(cast.adult.id_no))
        known = direct.ask(_has_record(cast.minor.id_no))
    require(_column(known, "found") == ["True"], "the database knows the sealed person")
    require(len(sealed) > 2 and sealed == absent, "both answers are the same, byte for byte")
    require(convicted != absent, "an adult's record is still found")
    return Scene(
        Words("开具无犯罪记录证明", "A certificate of no criminal record"),
        Words(
            f"同一问题问两个人：被封存的{cast.minor.name}，和库中没有的 {cast.stranger_id_no}。",
            f"One question, two people: {cast.minor.name}, who is sealed, and"
            f" {cast.stranger_id_no}, who is in no table.",
        ),
        "desk",
        _has_record("…"),
        (
            Panel(Words("被封存的人", "the sealed person"), Lines(_readable(sealed))),
            Panel(Words("从无记录的人", "a person without any record"), Lines(_readable(absent))),
        ),
        Words(
            "两个答复逐字节相同；成年人的记录照常查得到。",
            "The two answers are the same byte for byte; an adult's record is still found.",
        ),
        stage.recorded("strip"),
    )


def statistics_leave_them_out(stage: Stage) -> Scene:
    """Counts are answers too: they must not tell how many records are sealed."""
    text = (
        "SELECT c.cause, count(*) FROM case_file c JOIN case_person cp USING (case_id)\n"
        f"WHERE cp.role = 'CONVICT' GROUP BY c.cause ORDER BY 2 DESC, 1 LIMIT {_CAUSES_MAX}"
    )
    direct, proxied = stage.both("desk", text)
    require(_counts(direct) == _convicts(stage.register, set()), "the database counts everyone")
    require(
        _counts(proxied) == _convicts(stage.register, stage.register.sealed),
        "through Fengcun exactly the sealed are left out",
    )
    require(_counts(direct) != _counts(proxied), "somebody is sealed")
    return Scene(
        Words("统计报表", "A statistical report"),
        Words("计数也会泄密，封存的不计入。", "A count tells too: the sealed are not counted."),
        "desk",
        text,
        (Panel(_DIRECT, direct), Panel(_PROXIED, proxied)),
        Words(
            "两列都与生成数据时另行算出的数字相等。",
            "Both equal what was worked out apart, when the data were made up.",
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
        require(_column(direct.ask(check), "fine") == [None], "the sealed row is as it was")
    return Scene(
        Words("修改一份被封存的判决", "Changing a judgment that is sealed"),
        Words(
            "写操作同样看不见被封存的行；决定先入账，后执行。",
            "Writes do not see sealed rows either, and are recorded before they are sent.",
        ),
        "agency_app",
        text,
        (Panel(_DIRECT, straight), Panel(_PROXIED, through)),
        Words(
            "UPDATE 0，与没有这一行时一样；数据未变。",
            "UPDATE 0, as if there were no such row, and nothing has changed.",
        ),
        stage.recorded("strip"),
    )


def _has_record(id_no: str) -> str:
    return (
        "SELECT EXISTS (SELECT 1 FROM person p JOIN case_person cp USING (person_id)\n"
        f"  WHERE p.id_no = '{id_no}' AND cp.role = 'CONVICT') AS found"
    )


def _readable(messages: tuple[str, ...]) -> tuple[str, ...]:
    """Without the direction, which is the same in all of them."""
    return tuple(" ".join(message.split()[1:]) for message in messages)


def _columns(answer: Answer) -> tuple[str, ...]:
    return answer.columns if isinstance(answer, Rows) else ()


def _column(answer: Answer, name: str) -> list[str | None] | None:
    """The values of a column; None for an answer that has no such column."""
    if not isinstance(answer, Rows) or name not in answer.columns:
        return None
    return [row[answer.columns.index(name)] for row in answer.rows]


def _tag(answer: Answer) -> str | None:
    return answer.tag if isinstance(answer, Rows) else None


def _counts(answer: Answer) -> list[tuple[str | None, ...]]:
    return list(answer.rows) if isinstance(answer, Rows) else []


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
