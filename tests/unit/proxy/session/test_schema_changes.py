"""A session that changes the schema: nothing is judged by what was known before."""

from proxy.names import RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.session.commands import Analyse
from proxy.session.plan import Plan, Timing
from tests.unit.proxy.session.playbook import (
    BOUND,
    DONE,
    PARSED,
    READY,
    SYNC,
    SYNTAX_ERROR,
    Plans,
    Play,
    bind,
    execute,
    parse,
    query,
)

CHANGE = Plan(
    Decision(Verdict.PASS, RuleName("schema-change"), None, "", StatementClass.DDL),
    "change", timing=Timing.FIRST, settle=True, guarded=True,
)  # fmt: skip
AT_ONCE = Plan(CHANGE.decision, "change", settle=True, guarded=True)


def changed() -> Play:
    play = Play(Plans({"change": CHANGE}))
    play.client(query("change"))
    assert not play.upstream
    play.durable()
    assert play.upstream == query("change")
    return play


def test_the_next_text_waits_for_the_answer_and_then_for_the_catalogue():
    play = changed()
    play.client(query("t"))
    assert not play.upstream
    play.server(DONE, READY)
    (asked,) = [c for c in play.commands if isinstance(c, Analyse)]
    assert (asked.text, bool(asked.scene.unread)) == ("", True)
    # What comes of the question says that the catalogue was read; the text is looked up anew.
    play.planned(Plan(CHANGE.decision, "anything"))
    assert play.upstream == query("t")
    assert not play.plans.scenes[-1].unread


def test_a_prepared_statement_is_not_bound_before_the_catalogue_is_read():
    play = Play(Plans({"change": CHANGE}))
    play.client(parse("t", b"s"), SYNC).server(PARSED, READY)
    play.client(query("change")).durable()
    play.server(DONE, READY)
    assert [c.text for c in play.commands if isinstance(c, Analyse)] == [""]
    play.client(bind(b"s"), SYNC)
    assert not play.upstream
    play.planned(Plan(CHANGE.decision, ""))
    assert bind(b"s") in play.upstream


def in_one_segment() -> Play:
    play = Play(Plans({"change": AT_ONCE}))
    play.client(parse("t", b"s"), bind(b"s", b"p")).server(PARSED, BOUND)
    return play.client(parse("change"), bind(), execute()).durable().server(PARSED, BOUND, DONE)


def refused(play: Play) -> bool:
    return [r.decision.rule for r in play.records] == ["schema-change-alone"]


def test_before_its_transaction_ends_no_text_is_taken():
    assert refused(in_one_segment().client(parse("u")))


def test_before_its_transaction_ends_no_statement_is_bound():
    assert refused(in_one_segment().client(bind(b"s")))


def test_before_its_transaction_ends_no_portal_is_run():
    assert refused(in_one_segment().client(execute(b"p")))


def test_its_transaction_can_be_ended():
    play = in_one_segment()
    play.plans.known["COMMIT"] = Plan(
        Decision(Verdict.PASS, RuleName("rule"), None, "", StatementClass.TRANSACTION), "COMMIT"
    )
    play.client(parse("COMMIT"))
    assert parse("COMMIT") in play.upstream
    assert not play.records


def test_after_a_refusal_the_change_is_asked_about_all_the_same():
    play = in_one_segment()
    play.client(parse("u"), SYNC).durable()
    play.server(SYNTAX_ERROR, READY)
    assert [c for c in play.commands if isinstance(c, Analyse)]
