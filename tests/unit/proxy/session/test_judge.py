"""A text is judged as the server reads it, and a plan is used in the scene it was made in."""

from dataclasses import replace

import pytest

from proxy.names import QualifiedName
from proxy.policy.decision import Verdict
from proxy.policy.permit import Permit, Scope
from proxy.session import refusals
from proxy.session.commands import Analyse
from proxy.session.judge import Judge
from proxy.session.mirror import Mirror
from proxy.session.names import Statement
from proxy.session.plan import Plan
from proxy.statement.tags import Tags
from tests.unit.proxy.session.playbook import PRINCIPAL, REFUSAL, Plans, decision


def judge(plans, codec="utf-8"):
    return Judge(Mirror(PRINCIPAL, "app", ("pg_catalog",), codec), plans)


def test_an_unchanged_text_is_the_clients_own_bytes():
    raw = b"SELECT 1"
    judged = judge(Plans()).judge(raw)
    assert judged.upstream is raw
    assert judged.changed is None


def test_a_changed_text_is_in_the_sessions_encoding():
    plans = Plans({"封": Plan(decision(), "封存")})
    judged = judge(plans, "gbk").judge("封".encode("gbk"))
    assert (judged.upstream, judged.changed) == ("封存".encode("gbk"), "封存")


@pytest.mark.parametrize(
    ("plan", "raw", "codec"),
    [
        (REFUSAL, b"t", "utf-8"),
        (Plan(REFUSAL.decision, "t"), b"t", "utf-8"),
        (Plan(decision(), None), b"t", "utf-8"),
        (Plan(decision(), "封存"), b"t", "latin-1"),
        (Plan(decision(), "a\0b"), b"t", "utf-8"),
        (Plan(decision(), "t"), b"\xff", "utf-8"),
    ],
    ids=["refused", "refused-with-text", "no-text", "cannot-encode", "nul", "not-text"],
)
def test_whatever_is_not_clearly_admitted_is_refused(plan, raw, codec):
    assert judge(Plans({"t": plan}), codec).judge(raw).upstream is None


@pytest.mark.parametrize("ascii_only", [False, True])
def test_where_the_database_reads_otherwise_only_ascii_is_judged(ascii_only):
    plans = Plans({"t": Plan(decision(), "封")}, misread=frozenset({"gbk"}))
    judging = judge(plans, "gbk")
    raw = b"SET client_encoding TO UTF8"
    assert judging.judge(raw, ascii_only=ascii_only).upstream is raw
    for text in ("封".encode("gbk"), b"t"):
        judged = judging.judge(text, ascii_only=ascii_only)
        assert judged.upstream is None
        assert judged.plan.decision is refusals.ENCODING_MISREAD
    assert judge(plans, "gb18030").judge("封".encode("gbk")).upstream is not None


def test_a_question_is_asked_once_and_its_answer_used_once():
    judging = judge(Plans(slow={"t"}))
    assert judging.judge(b"t") is None
    assert judging.waiting
    assert isinstance(judging.question(), Analyse)
    judging.planned(Plan(decision(), "t"))
    assert not judging.waiting
    assert judging.judge(b"t") is not None
    judging.taken()
    assert judging.judge(b"t") is None


def test_an_answer_to_another_text_is_not_used():
    judging = judge(Plans(slow={"t", "u"}))
    judging.judge(b"t")
    judging.planned(Plan(decision(), "t"))
    assert judging.judge(b"u") is None


def test_a_prepared_statement_is_looked_at_again_when_anything_changed():
    plans = Plans()
    judging = judge(plans)
    scene = judging._mirror.scene
    statement = Statement(b"t", "t", "t", Plan(decision(), "t"), scene, generation=1)
    assert judging.judge_again(statement) is statement.plan.decision
    assert plans.scenes == []
    plans.generation = 2
    judging.judge_again(statement)
    assert statement.generation == 2
    plans.generation = 3
    plans.slow.add("t")
    assert judging.judge_again(statement) is None


PERMIT = Permit("q-1", PRINCIPAL.name, Scope.CONVICTION, ("P0001",), 0.0, 1.0)
PROTECTED = Plan(replace(decision(Verdict.STRIP), relations=(QualifiedName("base", "a"),)), "t")


def test_permits_are_asked_for_where_something_protected_is_touched():
    plans = Plans({"t": PROTECTED}, granted=(PERMIT,))
    judging = judge(plans)
    assert judging.judge(b"SELECT 1").permits == ()
    assert judging.judge(b"t").permits == (PERMIT,)
    assert [scene.permits for scene in plans.scenes] == [(), (), (PERMIT,)]
    plans.granted = (replace(PERMIT, operator="u1"), replace(PERMIT, case="c1"))
    assert judging.judge(b"t").permits == ()


def test_both_questions_about_a_text_are_asked_and_answered():
    plans = Plans({"t": PROTECTED}, slow={"t"}, granted=(PERMIT,))
    judging = judge(plans)
    asked = []
    while judging.judge(b"t") is None:
        asked.append(judging.question().scene.permits)
        judging.planned(PROTECTED)
    assert asked == [(), (PERMIT,)]


def test_what_was_prepared_under_a_permit_is_judged_again_without_it():
    plans = Plans({"t": PROTECTED}, granted=(PERMIT,))
    judging = judge(plans)
    statement = judging.statement(b"t", judging.judge(b"t"))
    assert judging.judge_again(statement) is PROTECTED.decision
    plans.granted = ()
    plans.known["t"] = replace(PROTECTED, text="narrower")
    assert judging.judge_again(statement) is refusals.STALE_STATEMENT
    assert judging.judge_again(statement) is refusals.STALE_STATEMENT


def test_a_permit_has_ended_where_one_does_not_count_that_was_used():
    plans = Plans(granted=(PERMIT,))
    judging = judge(plans)
    used = replace(PROTECTED, decision=replace(PROTECTED.decision, permits=("q-1",)))
    assert not judging.permit_ended(PROTECTED, PROTECTED)
    assert not judging.permit_ended(used, used)
    plans.granted = (replace(PERMIT, operator="u1"),)
    assert judging.permit_ended(used, used)
    assert not judging.permit_ended(used, replace(used, tags=Tags(operators=("u1",))))


def test_one_that_is_used_up_counts_for_nothing_that_is_not_open_yet():
    plans = Plans({"t": PROTECTED}, granted=(PERMIT, replace(PERMIT, number="q-2")))
    judging = judge(plans)
    used = replace(PROTECTED, decision=replace(PROTECTED.decision, permits=("q-1",)))
    judging.use_up(("q-1",))
    assert [each.number for each in judging.judge(b"t").permits] == ["q-2"]
    assert not judging.permit_ended(used, used)
    assert judging.counted(used) is None


def test_uses_are_counted_of_those_permits_that_say_how_often():
    limited = replace(PERMIT, uses_max=3)
    plans = Plans(granted=(limited, replace(PERMIT, number="q-2")))
    judging = judge(plans)
    used = replace(PROTECTED, decision=replace(PROTECTED.decision, permits=("q-1", "q-2")))
    assert judging.counted(PROTECTED) == ()
    assert judging.counted(used) == (limited,)
    assert judging.counted(replace(used, text=None)) == ()
    plans.granted = (limited,)
    assert judging.counted(used) is None
