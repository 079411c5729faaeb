"""config/examples/pinyin.toml on a real server says of any data what the model says."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, replace
from typing import Any

import psycopg
import pytest

from proxy.names import QualifiedName
from proxy.rewrite.predicate import compile_law
from proxy.settings import load_law
from proxy.settings.shipped import shipped_file
from tests.law.model import sealed
from tests.law.old_data import suspect, term
from tests.law.pinyin import Suspect, Verdict, read_term, story
from tests.seeds import seed_of
from tests.world import Database, PostgresWorld

pytestmark = pytest.mark.database

SEED = seed_of(__name__)
TERMS_COUNT, SUSPECTS_COUNT = 20_000, 8_000
EXAMPLE = shipped_file("examples/pinyin.toml")
HEAVY = [
    *("有期徒刑五年零一个月", "有期徒刑六年", "有期徒刑5年1个月", "判处有期徒刑十二年六个月。"),
    *("有期徒刑６年", "有期徒刑 五年 一个月", "有期徒刑五年一日", "有期徒刑六十一个月", "无期徒刑"),
    *("有期徒刑五年半", "有期徒刑二十五年", "有期徒刑十年,剥夺政治权利一年,并处罚金五千元"),
    *("死刑,缓期二年执行", "无期徒刑,剥夺政治权利终身", "死刑"),
    "盗窃罪有期徒刑三年,抢劫罪有期徒刑四年,决定执行有期徒刑六年",
]
NOT_HEAVY = [
    *(
        "有期徒刑五年",
        "有期徒刑三年六个月",
        "有期徒刑60个月",
        "有期徒刑四年十二个月",
        "拘役",
        "管制",
    ),
    *(
        "有期徒刑三年,缓刑五年",
        "有期徒刑二年,缓刑六年",
        "缓刑",
        "缓刑六年",
        "拘役六个月",
        "管制二年",
    ),
    *("有期徒刑", "有期徒刑二十六年", "有期徒刑六年,二审改判有期徒刑四年", "有期徒刑七年,减为四年"),
    *(
        "有期徒刑七年,后再审宣告无罪",
        "六年",
        "有期徒刑六",
        "徒刑六年",
        "",
        None,
        "无",
        "不详",
        "99",
    ),
    *(
        "有期徒刑999年",
        "非有期徒刑六年",
        "撤销有期徒刑六年",
        "有期徒刑六年(撤销)",
        "无期徒刑改判十年",
    ),
    "盗窃罪有期徒刑七年,决定执行有期徒刑五年",
]


@pytest.fixture(scope="module")
def legacy(postgres: PostgresWorld) -> Database:
    """The schema of the example, empty."""
    database = postgres.create_database()
    database.run(shipped_file("examples/pinyin.sql").read_text(encoding="utf-8"))
    return database


@dataclass(frozen=True, slots=True)
class Answer:
    """Which suspects the policy shows, and the law's date by the server's clock."""

    shown: list[bool]
    today: dt.date

    def wrong(self, suspects: list[Suspect]) -> Iterator[Suspect]:
        """Those whom policy and model judge in two ways."""
        for each, is_shown in zip(suspects, self.shown, strict=True):
            model = story(each)
            if is_shown == sealed(model, model.accused[0], self.today):
                yield each


def ask(database: Database, suspects: list[Suspect]) -> Answer:
    """The policy's answer; nothing of the suspects is left behind."""
    rule = compile_law(load_law(EXAMPLE))[QualifiedName("ajgl", "fzxyr")].shown
    assert rule is not None
    people = [(f"R{n}", "某", each.id_no, each.born) for n, each in enumerate(suspects)]
    accused = [
        (f"X{n}", f"A{n}", f"R{n}", each.began, each.ended, each.main_before, each.optout)
        for n, each in enumerate(suspects)
    ]
    numbered = [(n, verdict) for n, each in enumerate(suspects) for verdict in each.verdicts]
    verdicts = [
        (f"P{number:09}", f"X{n}", each.result, each.term, each.effective, each.valid)
        for number, (n, each) in enumerate(numbered)
    ]
    notices = [(n, notice) for n, each in enumerate(suspects) for notice in each.notices]
    with database.connect() as connection, connection.transaction(force_rollback=True):
        connection.execute("SET LOCAL search_path = ajgl")
        _copy(connection, "ryxx (rybh, xm, gmsfhm, csrq)", people)
        _copy(connection, "ajxx (ajbh)", [(f"A{n}",) for n in range(len(suspects))])
        _copy(connection, "fzxyr (xyrbh, ajbh, rybh, zaksrq, zajsrq, zyzxq, tybfc)", accused)
        _copy(connection, "pjxx (pjbh, xyrbh, pjjg, xq, sxrq, sfyx)", verdicts)
        _copy(
            connection, "fctzs (tzsbh, xyrbh, zt, jfyj, jfrq)",
            [(f"T{number}", f"X{n}", *notice) for number, (n, notice) in enumerate(notices)],
        )  # fmt: skip
        connection.execute("ANALYZE")
        text = f"SELECT r.xyrbh FROM ajgl.fzxyr AS r WHERE ({rule.render('r')}) IS TRUE"
        seen = {row[0].rstrip() for row in connection.execute(text.encode())}
        now = connection.execute("SELECT (now() AT TIME ZONE 'Asia/Shanghai')::date").fetchall()
    return Answer([f"X{n}" in seen for n in range(len(suspects))], now[0][0])


def _copy(connection: psycopg.Connection, target: str, rows: list[tuple[Any, ...]]) -> None:
    with connection.cursor().copy(f"COPY {target} FROM STDIN".encode()) as copy:
        for row in rows:
            copy.write_row(row)


def convicted(term: str | None) -> Suspect:
    """Somebody of unknown age, whom nothing but the term can lift out of sealing."""
    return Suspect(verdicts=(Verdict("有罪", term, "20200101"),))


def test_terms_are_read_as_people_read_them(legacy: Database):
    expected = [*(True for _ in HEAVY), *(False for _ in NOT_HEAVY)]
    texts = [*HEAVY, *NOT_HEAVY]
    suspects = [convicted(text) for text in texts]
    answer = ask(legacy, suspects)
    assert dict(zip(texts, answer.shown, strict=True)) == dict(zip(texts, expected, strict=True))
    assert list(answer.wrong(suspects)) == []


@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.requirement("A1", "A15")
def test_any_text_in_the_place_of_a_term_is_read_or_sealed_and_raises_nothing(
    legacy: Database, seed
):
    dice = random.Random(seed)
    texts = [term(dice) for _ in range(TERMS_COUNT)]
    suspects = [convicted(text) for text in texts]
    answer = ask(legacy, suspects)
    assert [each.verdicts[0].term for each in answer.wrong(suspects)] == []
    assert 1_000 < sum(answer.shown) < TERMS_COUNT - 1_000
    assert sum(read_term(text)[0] is not None for text in texts) > TERMS_COUNT // 4


@pytest.mark.parametrize("seed", [SEED])
@pytest.mark.requirement("A1", "A2", "A3", "A4", "A10", "A15", "A16", "A18")
def test_suspects_are_sealed_as_the_model_says(legacy: Database, seed):
    dice = random.Random(seed)
    suspects = [suspect(dice, today()) for _ in range(SUSPECTS_COUNT)]
    wrong = differing(legacy, suspects)
    while wrong is not None and (smaller := differing(legacy, list(simpler(wrong)))):
        wrong = smaller
    assert wrong is None, (seed, wrong)


def today() -> dt.date:
    return dt.datetime.now(dt.timezone(dt.timedelta(hours=8))).date()


def differing(database: Database, suspects: list[Suspect]) -> Suspect | None:
    """The first of them whom policy and model judge in two ways."""
    return next(ask(database, suspects).wrong(suspects), None)


def simpler(whole: Suspect) -> Iterator[Suspect]:
    for field in fields(whole):
        value = getattr(whole, field.name)
        if isinstance(value, tuple):
            for number in range(len(value)):
                rest = (*value[:number], *value[number + 1 :])
                yield _changed(whole, field.name, rest)
        elif value is not None:
            yield _changed(whole, field.name, None)


def _changed(whole: Suspect, name: str, value: Any) -> Suspect:
    return replace(whole, **{name: value})


WEAKENED: list[tuple[str, Callable[[str], str]]] = [
    ("the year is twelve months", lambda text: text.replace("12000)", "11000)")),
    ("five years exactly", lambda text: text.replace("60001", "60000")),
    ("the longest term", lambda text: text.replace("300000", "999000")),
    ("what may follow", lambda text: text.replace("))*[。.]?$", "))*")),
    ("the term that was decided", lambda text: text.replace(".*决定执行", "决定执行")),
    ("days that were", lambda text: text.replace(", 'YYYYMMDD') = w_.written", ", 'Y') <> ''")),
    (
        "wide digits",
        lambda text: text.replace("'０１２３４５６７８９　', '0123456789 '", "'　', ' '"),
    ),
]


@pytest.mark.parametrize("weaken", [each for _, each in WEAKENED], ids=[n for n, _ in WEAKENED])
def test_a_weaker_policy_is_noticed(legacy: Database, tmp_path, monkeypatch, weaken):
    written = EXAMPLE.read_text(encoding="utf-8")
    weaker = tmp_path / "policy.toml"
    weaker.write_text(weaken(written), encoding="utf-8")
    assert weaken(written) != written
    monkeypatch.setattr(f"{__name__}.EXAMPLE", weaker)
    dice = random.Random(286)
    terms = [convicted(term(dice)) for _ in range(4_000)]
    people = [suspect(dice, today()) for _ in range(3_000)]
    assert differing(legacy, [*terms, *people])
