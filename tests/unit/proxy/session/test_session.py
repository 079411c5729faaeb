"""Playbooks of a whole session: what came in, what must go out, in which order."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.wording import in_chinese
from proxy.session import refusals
from proxy.session.commands import Analyse, End, Record, ToClient, ToServer
from proxy.session.limits import MessageLimits
from proxy.session.plan import Plan, Timing
from proxy.session.session import Rest, Session
from proxy.wire.postgres.backend import decode_fields
from tests.unit.proxy.session.playbook import (
    BOUND,
    CLOSED,
    COPIED,
    COPY,
    COPY_DONE,
    DONE,
    FLUSH,
    NONCE,
    OPENED,
    PARSED,
    POISON,
    READY,
    REFUSAL,
    ROW,
    SYNC,
    SYNTAX_ERROR,
    TAKING,
    Plans,
    Play,
    answer,
    bind,
    close,
    copy_data,
    decision,
    error,
    execute,
    parse,
    query,
    refusal,
)


def test_a_read_is_recorded_sent_and_held_until_durable():
    play = Play().client(query("SELECT 1"))
    assert play.kinds == [Record, ToServer]
    assert play.upstream == query("SELECT 1")
    assert play.server(ROW, DONE, READY).commands == []
    assert play.durable().released == ROW + DONE + READY


def test_an_answer_that_comes_after_the_record_is_durable_passes_at_once():
    play = Play().client(query("SELECT 1")).durable()
    assert play.server(ROW, DONE, READY).kinds[0] is ToClient


def test_the_ledger_hears_before_the_database_does():
    first = Plan(decision(), "DELETE", timing=Timing.FIRST)
    play = Play(Plans({"DELETE": first})).client(query("DELETE"))
    assert play.kinds == [Record]
    assert play.durable().upstream == query("DELETE")


def test_nothing_overtakes_a_message_that_waits_for_its_record():
    first = Plan(decision(), "DELETE", timing=Timing.FIRST)
    play = Play(Plans({"DELETE": first})).client(query("DELETE"), query("SELECT 1"))
    assert play.kinds == [Record, Record]
    play.durable()
    assert play.upstream == query("DELETE") + query("SELECT 1")


def test_a_refused_query_becomes_poison_and_its_error_the_reason():
    play = Play(Plans({"bad": REFUSAL})).client(query("bad"))
    assert play.kinds == [Record, ToServer]
    assert play.upstream == query(POISON.decode())
    play.server(SYNTAX_ERROR, READY)
    assert play.commands == []
    assert play.durable().released == refusal() + READY


def test_a_refused_parse_skips_to_sync_as_the_server_does():
    play = Play(Plans({"bad": REFUSAL}))
    play.client(parse("bad"), bind(), execute(), SYNC)
    assert len(play.records) == 1
    assert POISON in play.upstream
    assert play.upstream.endswith(SYNC)
    assert bind() not in play.upstream
    play.durable().server(SYNTAX_ERROR, READY)
    assert play.released == refusal() + READY
    assert Play(play.plans).client(query("SELECT 1")).upstream == query("SELECT 1")


def test_a_text_that_has_to_be_analysed_holds_what_comes_after_it():
    play = Play(Plans(slow={"new"})).client(query("new"), query("SELECT 1"))
    assert play.kinds == [Analyse]
    play.planned(Plan(decision(), "newer"))
    assert play.upstream == query("newer") + query("SELECT 1")
    assert play.records[0].sent == "newer"


def test_bound_statements_are_recorded_once_with_their_first_execution():
    play = Play().client(parse("SELECT 1"), bind(), execute(), SYNC)
    assert len(play.records) == 1
    play.server(PARSED, BOUND, ROW, DONE, READY).durable()
    (report,) = play.reports
    assert (report.unit.number, report.unit.rows_count, report.unit.error) == (1, 1, None)


def test_a_report_follows_the_last_byte_of_its_answer():
    play = Play().client(query("SELECT 1")).durable().server(ROW, error(), READY)
    assert [type(c).__name__ for c in play.commands] == ["ToClient", "Report"]
    assert play.reports[0].unit.error == "22012"


@pytest.mark.parametrize("end", [close(b"P", b""), bind(), SYNC], ids=["close", "bind", "sync"])
def test_what_was_bound_and_is_never_executed_has_its_outcome(end):
    play = Play().client(parse("SELECT 1"), bind(), end, SYNC).durable()
    play.server(PARSED, BOUND, {close(b"P", b""): CLOSED, bind(): BOUND, SYNC: READY}[end])
    reports = [*play.reports, *play.server(READY if end != SYNC else b"").reports]
    assert reports[0].unit.error == "skipped"
    assert {report.unit.number for report in reports} == {r + 1 for r in range(play.last_number)}


def test_the_end_closes_every_decision_once():
    """One waits for its record, one is under way, one was bound, and one answer is held."""
    first = Plan(decision(), "DELETE", timing=Timing.FIRST)
    play = Play(Plans({"DELETE": first})).client(query("SELECT 1"), parse("SELECT 2"))
    play.client(bind(portal=b"p"), FLUSH).server(DONE, READY, PARSED, BOUND)
    play.client(parse("SELECT 3", b"s"), bind(b"s"), execute(), query("DELETE"))
    assert sorted(unit.number for unit in play.session.cut()) == [1, 2, 3, 4]
    assert play.session.cut() == []


def test_malformed_messages_end_the_session_and_are_recorded():
    play = Play().client(answer("Q", b"SELECT 1"))
    assert play.kinds == [Record, End]
    farewell = decode_fields(play.ended.farewell)
    assert farewell["C"] == b"08P01"
    assert "协议" in farewell["D"].decode()
    assert play.client(query("SELECT 1")).commands == []
    assert play.server(READY).commands == []


@pytest.mark.parametrize("tag", ["p", "Y", "\0"])
def test_passwords_and_unknown_types_end_the_session(tag):
    assert Play().client(answer(tag)).ended is not None


@pytest.mark.parametrize("tag", ["G", "W", "R", "K", "V", "v", "?"])
def test_messages_the_server_must_not_send_end_the_session(tag):
    play = Play().client(query("SELECT 1")).durable()
    assert decode_fields(play.server(answer(tag, b"\0" * 8)).ended.farewell)["C"] == b"08006"
    assert play.released == b""


def test_what_is_copied_out_is_released_and_counted():
    sent = (answer("H", b"\0\0\0"), answer("d", b"1\n"), answer("d"), answer("c"), DONE, READY)
    play = Play().client(query("SELECT 1")).durable().server(*sent)
    assert play.released == b"".join(sent)
    assert [report.unit.rows_count for report in play.reports] == [2]


def test_a_copy_that_takes_rows_is_under_way():
    play = Play(Plans({"COPY": COPY})).client(query("COPY")).durable().server(TAKING)
    assert not play.session.idle
    assert play.session.wants_client_bytes
    assert not play.client(copy_data(b"1\n"), COPY_DONE).session.idle
    assert play.server(COPIED, READY).session.idle


def test_rows_of_a_copy_leave_as_they_come_and_nothing_of_them_is_kept():
    play = Play(Plans({"COPY": COPY})).client(query("COPY")).durable().server(TAKING)
    play.client(copy_data(b"x" * 10_000_000)[:5])
    for _ in range(10):
        assert len(play.client(b"x" * 1_000_000).upstream) == 1_000_005
        assert play.session.wants_client_bytes
    assert play.client(COPY_DONE).upstream == COPY_DONE
    assert play.records == []


def test_rows_sent_before_the_server_takes_them_stop_the_reading_from_the_client():
    play = Play(Plans({"COPY": COPY})).client(query("COPY")).durable()
    rows = [copy_data(b"x" * 900_000)] * 5
    assert play.client(*rows).upstream == b""
    assert not play.session.wants_client_bytes
    assert play.server(TAKING).upstream == b"".join(rows)
    assert play.session.wants_client_bytes


def test_no_farewell_is_put_into_the_middle_of_a_row():
    play = Play().client(query("SELECT 1")).durable().server(ROW[:8])
    assert play.released == ROW[:8]
    assert play.server(ROW[8:], answer("G")).ended == End(None)


def test_when_the_server_hangs_up_what_it_said_is_released_first():
    play = Play().client(query("SELECT 1")).server(ROW, DONE, READY)
    assert play.session.server_lost() == []
    assert play.durable().kinds[0] is ToClient
    assert play.kinds[-1] is End


def test_termination_is_passed_on_and_final():
    play = Play().client(query("SELECT 1"), answer("X"), query("SELECT 2"))
    assert play.upstream == query("SELECT 1") + answer("X")
    assert play.ended == End(None)


def test_idle_means_that_nothing_is_under_way():
    play = Play()
    assert play.session.idle
    assert not play.client(query("SELECT 1")).session.idle
    assert not play.server(DONE, READY).session.idle
    assert play.durable().session.idle


def test_an_unread_client_is_not_read_from_while_it_waits():
    play = Play(Plans(slow={"new"})).client(query("new"))
    assert play.session.wants_client_bytes
    for _ in range(5):
        play.client(query("x" * 900_000))
    assert not play.session.wants_client_bytes


def test_an_unrecorded_answer_stops_the_reading_from_the_database():
    play = Play().client(query("SELECT 1"))
    big = answer("D", b"\0\1" + b"x" * 1_000_000)
    for _ in range(5):
        play.server(big)
    assert not play.session.wants_server_bytes
    assert play.durable().session.wants_server_bytes


@given(st.lists(st.binary(max_size=30), max_size=8), st.lists(st.binary(max_size=30), max_size=8))
def test_hostile_bytes_from_either_side_raise_nothing_and_release_nothing(client, server):
    session = Session(OPENED, Plans(), NONCE, MessageLimits())
    for data in client:
        commands = session.from_client(data)
        assert not any(isinstance(command, ToClient) for command in commands)
    for data in server:
        session.from_server(data)


@given(st.data())
def test_any_chunking_on_both_sides_gives_the_same_result(data):
    sent = query("a") + parse("b") + bind() + execute() + SYNC
    came = DONE + READY + PARSED + BOUND + ROW + DONE + READY
    play, upstream, released = Play(), b"", b""

    def pieces(stream):
        while stream:
            size = data.draw(st.integers(1, len(stream)))
            yield stream[:size]
            stream = stream[size:]

    for piece in pieces(sent):
        upstream += play.client(piece).upstream
    for piece in pieces(came):
        released += play.server(piece).released
        released += play.durable().released
    assert (upstream, released) == (sent, came)


@pytest.mark.parametrize("decided", [refusals.IDLE_SESSION, refusals.IDLE_IN_TRANSACTION])
def test_a_session_that_waits_too_long_is_recorded_and_told_in_two_languages(decided):
    play = Play()
    commands = play.session.expire(decided)
    assert [type(command) for command in commands] == [Record, End]
    fields = decode_fields(commands[1].farewell)
    assert (fields["S"], fields["D"].decode()) == (b"FATAL", in_chinese(decided.rule))
    assert fields["C"] in (b"57P05", b"25P03")
    assert play.session.expire(decided) == []
    assert play.session.rests is None


def test_what_a_session_does_while_its_client_says_nothing():
    play = Play()
    assert play.session.rests is Rest.BETWEEN
    play.client(query("BEGIN"))
    assert play.session.rests is None
    play.server(DONE, READY)
    assert play.session.rests is None  # held until the record is durable
    play.durable()
    assert play.session.rests is Rest.BETWEEN
    play.client(query("SELECT 1")).durable().server(DONE, answer("Z", b"T"))
    assert play.session.rests is Rest.IN_TRANSACTION
    play.client(query("SELECT 1")[:7])  # half a message is nothing yet
    assert play.session.rests is Rest.IN_TRANSACTION


def test_what_was_not_synced_yet_would_be_lost_by_an_end():
    """Nothing was answered with ReadyForQuery since, so the server has committed nothing."""
    play = Play().client(parse("SELECT 1") + bind() + execute()).durable()
    play.server(PARSED, BOUND, DONE)
    assert play.session.rests is Rest.IN_TRANSACTION
    assert not play.session.between_transactions
    play.client(SYNC)
    assert not play.session.between_transactions
    play.server(READY)
    assert play.session.between_transactions
    assert play.session.rests is Rest.BETWEEN
