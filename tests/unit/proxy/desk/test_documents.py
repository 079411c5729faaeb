"""Papers as text: a refusal says the same whether or not there is a record."""

import ast
import inspect
from dataclasses import fields, replace
from datetime import date, datetime

import pytest

from proxy.desk import documents
from proxy.desk.documents import (
    CHINA,
    GROUNDS,
    PURPOSES,
    SCOPES,
    refusal_decision,
    undertaking_form,
)
from proxy.desk.model import Dossier, Purpose, RefusalGround, State
from proxy.policy.permit import Scope
from tests.unit.proxy.desk.counter import AGENCY, CHECK, HANDLER, OTHER, PERSON

MOMENT = datetime(2026, 3, 2, 23, 0, tzinfo=CHINA)
DOSSIER = Dossier(
    "xk-20260302-aaaaaaaaaa",
    CHECK,
    State.REFUSED,
    MOMENT,
    "clerk",
    date(2026, 3, 5),
    decided_at=MOMENT,
    decided_by="chief",
    ground=RefusalGround.NO_BASIS,
)


@pytest.mark.requirement("D4")
@pytest.mark.parametrize("ground", RefusalGround)
def test_a_refusal_has_the_same_words_for_everybody(ground):
    """Whom it is about is not in it, so that two decisions cannot differ by that."""
    one = replace(DOSSIER, ground=ground)
    other = replace(one, application=replace(CHECK, subjects=(OTHER,)))
    assert refusal_decision(one) == refusal_decision(other)
    text = refusal_decision(one)
    assert GROUNDS[ground] in text
    for secret in (PERSON, HANDLER, CHECK.handler_name, "clerk", "chief"):
        assert secret not in text


@pytest.mark.requirement("D4")
def test_nothing_that_makes_a_decision_can_ask_for_data():
    module = ast.parse(inspect.getsource(documents))
    imported = {each.module for each in ast.walk(module) if isinstance(each, ast.ImportFrom)}
    assert {name for name in imported if name.startswith("proxy")} == {
        *("proxy.desk.model", "proxy.policy.permit")
    }
    # What the decision is given has no place for an answer of a database.
    assert not {"rows", "found", "record"} & {field.name for field in fields(Dossier)}


def test_a_decision_has_number_dates_ground_and_where_to_object():
    text = refusal_decision(DOSSIER)
    for part in (
        *("不许可查询决定书", "示例格式", DOSSIER.number, CHECK.unit, CHECK.letter, AGENCY),
        *("2026年3月2日", "第二百八十六条", "第十六条", "同级人民检察院"),
    ):
        assert part in text


def test_the_day_on_the_letter_is_the_day_of_receipt():
    dated = replace(DOSSIER, application=replace(CHECK, received_on=date(2026, 2, 27)))
    assert "收到日期：2026年2月27日" in refusal_decision(dated)


@pytest.mark.parametrize("state", [each for each in State if each is not State.REFUSED])
def test_there_is_no_decision_of_what_was_not_refused(state):
    with pytest.raises(ValueError):
        refusal_decision(replace(DOSSIER, state=state))


@pytest.mark.requirement("G1")
def test_the_undertaking_tells_the_duty_before_it_is_undertaken():
    text = undertaking_form(AGENCY)
    told, undertaken = text.split("三、承诺")
    for part in ("第十七条", "姓名、住所、照片", "可能推断出其身份", "公职人员", "第二十条"):
        assert part in told
    for part in ("已被告知上述义务", "目的和使用范围", "不转交", "知悉人员", AGENCY):
        assert part in undertaken


def test_every_ground_purpose_and_scope_has_its_words():
    assert (GROUNDS.keys(), PURPOSES.keys(), SCOPES.keys()) == (
        set(RefusalGround),
        set(Purpose),
        set(Scope),
    )
