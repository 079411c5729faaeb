"""Messages in order: names, segments, settling, and what is refused on the way."""

import pytest

from proxy.policy.decision import StatementClass, Verdict
from proxy.session.commands import Analyse, End, Record, ToClient, ToServer
from proxy.session.plan import DropStatement, Plan, SetSearchPath, Timing
from proxy.wire.postgres.backend import encode_fields
from proxy.wire.postgres.frontend import TERMINATE_MESSAGE
from tests.unit.proxy.session.playbook import (
    BOUND,
    CLOSED,
    DONE,
    FLUSH,
    PARSED,
    POISON,
    PRINCIPAL,
    READY,
    REFUSAL,
    ROW,
    SYNC,
    SYNTAX_ERROR,
    UNSEALED,
    Plans,
    Play,
    answer,
    bind,
    close,
    decision,
    describe,
    error,
    execute,
    parse,
    query,
    refusal,
)

FIRST = Plan(decision(kind=StatementClass.DELETE), "DELETE", timing=Timing.FIRST)
MOVE = Plan(
    decision(kind=StatementClass.SESSION),
    "SET search_path = other",
    effects=(SetSearchPath(("other",)),),
    settle=True,
)


def prepared(play, text="SELECT 1", name=b"s"):
    return play.client(parse(text, name), SYNC).server(PARSED, READY)


def test_messages_that_need_no_judging_pass_as_they_came():
    sent = describe(b"S", b"s") + close(b"P", b"p") + FLUSH + SYNC
    assert Play().client(sent).upstream == sent


def test_a_rewritten_parse_keeps_its_name_and_types():
    plans = Plans({"SELECT a": Plan(decision(), "SELECT b")})
    assert Play(plans).client(parse("SELECT a", b"s")).upstream == parse("SELECT b", b"s")


def test_a_name_of_the_same_segment_is_used_at_once():
    play = Play().client(parse("SELECT 1", b"s"), bind(b"s"), execute(), SYNC)
    assert play.upstream.endswith(SYNC)
    assert play.records[0].decision.rule == "rule"


def test_a_name_still_pending_in_an_earlier_segment_is_waited_for():
    play = Play().client(parse("SELECT 1", b"s"), SYNC, bind(b"s"), execute(), SYNC)
    assert play.records == []
    assert play.upstream == parse("SELECT 1", b"s") + SYNC
    play.server(PARSED, READY)
    assert play.kinds == [ToClient, Record, ToServer]
    assert play.records[0].text == b"SELECT 1"


def test_if_that_definition_fails_the_older_one_counts():
    play = prepared(Play(), "SELECT old")
    play.client(parse("SELECT new", b"s"), SYNC, bind(b"s"), SYNC)
    play.server(error(b"42P05"), READY)
    assert play.records[0].text == b"SELECT old"


def test_a_skipped_close_leaves_the_name_as_it_was():
    play = prepared(Play(), "SELECT 1")
    play.client(parse("broken"), close(b"S", b"s"), SYNC).server(error(), READY)
    play.client(bind(b"s"), SYNC)
    assert play.records[0].text == b"SELECT 1"


def test_a_close_that_was_done_makes_the_name_unknown():
    play = prepared(Play()).client(close(b"S", b"s"), SYNC).server(CLOSED, READY)
    play.client(bind(b"s"), SYNC)
    assert play.records[0].decision.rule == "unknown-statement"


def test_deallocate_makes_the_name_unknown():
    plans = Plans(
        {"D": Plan(decision(), "D", effects=(DropStatement("s"),), settle=True)},
    )
    play = prepared(Play(plans)).client(query("D"), bind(b"s"), SYNC)
    assert [record.text for record in play.records] == [b"D"]
    play.server(DONE, READY)
    assert play.records[0].decision.rule == "unknown-statement"


@pytest.mark.parametrize(
    ("message", "rule"),
    [(bind(b"nobody"), "unknown-statement"), (execute(b"nobody"), "unknown-portal")],
)
def test_names_that_nobody_judged_are_refused(message, rule):
    play = Play().client(message, SYNC)
    assert play.records[0].decision.rule == rule
    assert play.records[0].decision.verdict is Verdict.REFUSE
    assert message not in play.upstream
    assert POISON in play.upstream


def test_a_simple_query_makes_the_unnamed_statement_unknown():
    play = Play().client(parse("SELECT 1"), SYNC).server(PARSED, READY)
    play.client(query("SELECT 2")).server(DONE, READY)
    assert play.client(bind(), SYNC).records[0].decision.rule == "unknown-statement"


def test_executing_again_is_recorded_again():
    play = Play().client(parse("SELECT 1"), bind(), execute(rows_max=1), execute(rows_max=1), SYNC)
    assert [record.unit.number for record in play.records] == [1, 2]
    play.durable().server(PARSED, BOUND, ROW, answer("s"), ROW, DONE, READY)
    assert [report.unit.rows_count for report in play.reports] == [1, 1]


def test_a_write_waits_at_its_bind_and_runs_without_waiting_again():
    play = Play(Plans({"DELETE": FIRST})).client(parse("DELETE"), bind(), execute(), SYNC)
    assert play.upstream == parse("DELETE")
    assert play.durable().upstream == bind() + execute() + SYNC


def test_executing_a_write_again_waits_again():
    plans = Plans({"DELETE": FIRST})
    play = Play(plans).client(parse("DELETE"), bind()).durable()
    play.client(execute(rows_max=1)).client(execute(rows_max=1))
    assert play.kinds == [Record]
    assert play.durable().upstream == execute(rows_max=1)


def test_what_waits_for_its_record_is_sent_though_the_server_skips_it():
    play = Play(Plans({"DELETE": FIRST})).client(parse("x"), parse("DELETE", b"d"), bind(b"d"))
    assert play.server(PARSED, error()).reports == []
    play.durable()
    assert play.upstream == bind(b"d")
    (report,) = play.reports
    assert report.unit.error == "skipped"
    assert play.client(execute(), SYNC).upstream == SYNC
    assert play.server(READY).reports == []


def test_writes_in_a_pipeline_are_recorded_while_the_first_waits():
    play = Play(Plans({"DELETE": FIRST})).client(query("DELETE"), query("DELETE"), query("x"))
    assert [record.unit.number for record in play.records] == [1, 2, 3]
    assert play.upstream == b""
    assert play.durable(1).upstream == query("DELETE")
    assert play.durable(2).upstream == query("DELETE") + query("x")


def test_who_leaves_behind_a_write_that_waits_leaves_after_it():
    play = Play(Plans({"DELETE": FIRST})).client(query("DELETE"), TERMINATE_MESSAGE, query("x"))
    assert play.kinds == [Record]
    play.durable()
    assert play.kinds == [ToServer, End]
    assert play.upstream == query("DELETE") + TERMINATE_MESSAGE


@pytest.mark.parametrize("sent", [b"\x03rubbish", execute()[:4] + b"\xff"])
def test_what_came_before_a_violation_is_sent(sent):
    play = Play(Plans({"DELETE": FIRST})).client(query("DELETE"), answer("?"), query("x"))
    assert play.kinds == [Record]
    play.client(sent).durable()
    assert play.upstream == query("DELETE")
    assert (play.kinds[0], play.kinds[-1]) == (ToServer, End)


def test_a_client_that_does_not_wait_is_not_read_for_ever():
    play = Play(Plans({"DELETE": FIRST})).client(query("DELETE"))
    for _ in range(100_000):
        if not play.session.wants_client_bytes:
            break
        play.client(query("x" * 1000))
    assert not play.session.wants_client_bytes
    assert len(play.durable().upstream) > 256 * 1024


def test_a_new_path_is_waited_for_and_then_counts():
    plans = Plans({MOVE.text: MOVE})
    play = Play(plans).client(query(MOVE.text), query("SELECT 1"))
    assert play.upstream == query(MOVE.text)
    play.server(DONE, READY)
    assert play.upstream == query("SELECT 1")
    assert plans.scenes[-1].search_path == ("pg_catalog", "other")


def test_a_new_path_of_an_earlier_segment_is_waited_for_until_it_is_committed():
    plans = Plans({MOVE.text: MOVE})
    play = Play(plans).client(parse(MOVE.text), bind(), execute(), SYNC, parse("SELECT 1"), SYNC)
    assert play.server(PARSED, BOUND, DONE).upstream == b""
    assert play.server(error(b"23503"), READY).upstream == parse("SELECT 1") + SYNC
    assert plans.scenes[-1].search_path == ("pg_catalog", "public")


def test_a_new_path_inside_a_segment_is_flushed_out_of_the_server():
    plans = Plans({MOVE.text: MOVE})
    play = Play(plans).client(parse(MOVE.text), bind(), execute(), parse("SELECT 1"), SYNC)
    assert play.upstream == parse(MOVE.text) + bind() + execute() + FLUSH
    play.server(PARSED, BOUND, DONE)
    assert play.upstream == parse("SELECT 1") + SYNC
    assert plans.scenes[-1].search_path == ("pg_catalog", "other")


TO_GBK = Plan(
    decision(kind=StatementClass.SESSION), "SET client_encoding = GBK", settle=True, turns=True
)
IS_GBK = answer("S", b"client_encoding\0GBK\0")


def changing_to_gbk(text, *known):
    plans = Plans({TO_GBK.text: TO_GBK, **dict(known)})
    return Play(plans).client(parse(TO_GBK.text), bind(), execute(), text, SYNC)


def test_in_the_segment_that_changes_the_encoding_only_ascii_is_read():
    """The server tells the new encoding before ReadyForQuery, and reads in it at once."""
    play = changing_to_gbk(parse("SELECT E'好\\', x --'"))
    play.server(PARSED, BOUND, DONE)
    assert play.records[0].decision.rule == "text-encoding"
    assert POISON in play.upstream
    assert changing_to_gbk(parse("SELECT 1")).server(PARSED, BOUND, DONE).records == []


def test_nor_is_anything_but_ascii_sent_there():
    rewritten = ("SELECT 1", Plan(decision(), "SELECT '封'"))
    play = changing_to_gbk(parse("SELECT 1"), rewritten).server(PARSED, BOUND, DONE)
    assert play.records[0].decision.rule == "text-encoding"


def test_after_that_segment_the_next_text_waits_for_the_new_encoding():
    play = changing_to_gbk(b"")
    play.client(answer("Q", "封".encode("gbk") + b"\0"))
    assert play.commands == []
    assert play.server(PARSED, BOUND, DONE).records == []
    assert play.server(IS_GBK, READY).records[0].codec == "gbk"


def test_a_query_in_that_segment_is_waited_for_in_its_place():
    play = Play(Plans({TO_GBK.text: TO_GBK}))
    play.client(parse(TO_GBK.text), bind(), execute(), query("SELECT 1"), query("SELECT 2"))
    play.server(PARSED, BOUND, DONE)
    assert play.upstream == query("SELECT 1")
    assert play.server(DONE, IS_GBK, READY).upstream == query("SELECT 2")


def test_a_statement_prepared_under_another_path_is_judged_again():
    plans = Plans({MOVE.text: MOVE, "SELECT t": Plan(decision(), "SELECT a.t")})
    play = prepared(Play(plans), "SELECT t")
    play.client(query(MOVE.text)).server(DONE, READY).durable()
    plans.known["SELECT t"] = Plan(decision(), "SELECT b.t")
    play.client(bind(b"s"), execute(), SYNC)
    assert play.records[0].decision.rule == "stale-statement"
    assert bind(b"s") not in play.upstream
    play.server(SYNTAX_ERROR, READY).durable()
    assert b"C0A000\0" in play.released
    assert b"RRevalidateCachedQuery\0" in play.released


def test_a_statement_whose_text_stays_the_same_is_bound_under_its_new_decision():
    plans = Plans({"SELECT t": Plan(decision(), "SELECT t")})
    play = prepared(Play(plans), "SELECT t")
    newer = Plans({"SELECT t": Plan(FIRST.decision, "SELECT t")}, generation=2)
    play.session.use(newer, PRINCIPAL)
    assert play.client(bind(b"s"), SYNC).records[0].decision is FIRST.decision


def test_a_statement_that_a_new_policy_refuses_is_refused_at_its_bind():
    play = prepared(Play())
    play.session.use(Plans({"SELECT 1": REFUSAL}, generation=2), PRINCIPAL)
    play.client(bind(b"s"), execute(), SYNC)
    assert play.records[0].decision is REFUSAL.decision
    play.server(SYNTAX_ERROR, READY).durable()
    assert play.released == refusal() + READY


def test_an_answer_of_the_old_policy_is_not_used_under_the_new_one():
    play = Play(Plans(slow={"t"})).client(query("t"))
    play.session.use(Plans({"t": REFUSAL}, generation=2), PRINCIPAL)
    play.planned(Plan(decision(), "t"))
    assert play.upstream == query(POISON.decode())


def test_a_plan_asked_for_in_vain_is_asked_for_again_under_a_new_policy():
    play = Play(Plans(slow={"t"})).client(query("t"))
    play.session.use(Plans(slow={"t"}, generation=2), PRINCIPAL)
    assert play.planned(Plan(decision(), "t")).kinds == [Analyse]


def test_the_fast_path_call_is_refused():
    play = Play().client(answer("F", b"\0" * 10))
    assert play.records[0].decision.rule == "function-call"
    assert play.upstream == query(POISON.decode())


@pytest.mark.parametrize("message", [b"SELECT '\xff'\0", b"\xc0\xa7\0"])
def test_text_that_is_not_in_the_sessions_encoding_is_refused(message):
    play = Play().client(answer("Q", message))
    assert play.records[0].decision.rule == "text-encoding"
    assert play.upstream == query(POISON.decode())


def test_after_a_refusal_messages_up_to_sync_are_not_even_read():
    play = Play(Plans({"bad": REFUSAL})).client(parse("bad"), answer("P", b"malformed"), SYNC)
    assert play.ended is None
    assert len(play.records) == 1


def test_after_an_error_messages_up_to_sync_are_neither_judged_nor_sent():
    play = Play().client(parse("broken")).server(error())
    play.client(bind(), execute(), query("SELECT 1"), SYNC)
    assert (play.upstream, play.records) == (SYNC, [])


def test_long_texts_under_way_are_waited_for_and_not_refused():
    text = "SELECT '" + "x" * 900_000 + "'"
    play = Play().client(*[parse(text) for _ in range(12)], SYNC)
    assert play.upstream.endswith(FLUSH)
    sent, parsed_count = play.upstream, 0
    while not sent.endswith(SYNC):
        sent += play.server(PARSED).upstream
        parsed_count += 1
        assert play.records == []
    assert sent.replace(FLUSH, b"") == parse(text) * 12 + SYNC
    assert parsed_count < 12


@pytest.mark.parametrize("message", [parse("SELECT 1", b"s"), bind(b"0")], ids=["parse", "bind"])
def test_there_is_an_end_to_what_a_session_may_hold(message):
    play, text = Play(), "SELECT '" + "x" * 500_000 + "'"
    for number in range(6):
        assert not play.client(parse(text, b"%d" % number), SYNC).server(PARSED, READY).records
    play.client(message, SYNC)
    assert play.records[0].decision.rule == "too-much-held"
    play.server(SYNTAX_ERROR, READY).durable().client(close(b"S", b"5"), SYNC)
    play.server(CLOSED, READY).client(message, SYNC)
    assert "too-much-held" not in [record.decision.rule for record in play.records]


def test_there_is_an_end_to_the_messages_under_way():
    play = Play()
    play.client(SYNC * 10_001)
    assert play.upstream == SYNC * 10_000
    assert play.server(READY).upstream == SYNC


def test_an_error_of_the_server_while_a_refusal_is_under_way_is_its_own():
    play = Play(Plans({"bad": REFUSAL})).client(query("bad")).durable()
    timeout = encode_fields({"S": b"ERROR", "C": b"57014", "M": b"canceling statement"})
    assert play.server(timeout, READY).released == timeout + READY


@pytest.mark.parametrize("sent", [bind(b"theirs"), execute(b"theirs"), answer("F", b"\0" * 10)])
def test_where_nothing_is_sealed_unknown_names_and_calls_are_recorded_and_sent(sent):
    play = Play(opened=UNSEALED).client(sent)
    (record,) = play.records
    assert (record.decision.verdict, record.timing) == (Verdict.PASS, Timing.FIRST)
    assert play.upstream == b""
    assert play.durable().upstream == sent


def test_a_call_of_the_fast_path_is_answered_like_a_query():
    call = answer("F", b"\0" * 10)
    play = Play(opened=UNSEALED).client(call).durable()
    result = answer("V", b"\xff\xff\xff\xff")
    assert play.server(result, READY).released == result + READY
    assert play.client(call).durable().server(error(), READY).released == error() + READY
    assert (
        play.client(query("SELECT 1")).durable().server(ROW, DONE, READY).released
        == ROW + DONE + READY
    )


def test_where_nothing_is_sealed_bytes_of_any_encoding_are_sent():
    raw = b"Q\0\0\0\x0e" + b"SELECT \xff\xfe" + b"\0"
    play = Play(Plans({"SELECT \ufffd\ufffd": Plan(decision(), "x")}), UNSEALED)
    assert play.client(raw).upstream == raw
