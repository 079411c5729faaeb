"""Rows that a client sends: the server reads as rows what was taken as rows, and nothing else."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from proxy.errors import ProtocolViolation
from proxy.policy.decision import StatementClass
from proxy.session.copying import ROWS, Rows
from proxy.session.operation import Copying, Kind, Operation
from proxy.wire.postgres.backend import decode_fields
from proxy.wire.postgres.framer import Frame
from tests.unit.proxy.session.copying_server import Mode, Server
from tests.unit.proxy.session.playbook import (
    BOUND,
    COPIED,
    COPY,
    COPY_DONE,
    COPY_FAIL,
    DONE,
    FLUSH,
    PARSED,
    READY,
    REFUSAL,
    SYNC,
    SYNTAX_ERROR,
    TAKING,
    UNSEALED,
    Plans,
    Play,
    answer,
    bind,
    copy_data,
    decision,
    describe,
    error,
    execute,
    parse,
    query,
    refusal,
)

ROW = copy_data(b"1\n")
KNOWN = {"COPY": COPY, "bad": REFUSAL}
ANYTHING_ELSE = {
    "query": query("SELECT 1"),
    "parse": parse("SELECT 1"),
    "bind": bind(),
    "describe": describe(b"P"),
    "execute": execute(),
    "call": answer("F", b"\0" * 10),
}


def copying(*, extended=False):
    """A session whose server takes rows."""
    play = Play(Plans(KNOWN))
    if extended:
        play.client(parse("COPY"), bind()).durable().client(execute())
        return play.server(PARSED, BOUND, TAKING)
    return play.client(query("COPY")).durable().server(TAKING)


def test_nothing_is_taken_before_the_server_says_whether_it_takes_rows():
    play = Play(Plans(KNOWN)).client(query("COPY"), ROW, COPY_DONE, query("SELECT 1"))
    assert play.durable().upstream == query("COPY")
    assert play.server(TAKING).upstream == ROW + COPY_DONE + query("SELECT 1")
    assert len(play.records) == 1


def test_if_it_does_not_the_rows_are_nobodys_and_the_next_statement_is_judged():
    play = Play(Plans(KNOWN)).client(query("COPY"), ROW, COPY_DONE, query("bad")).durable()
    play.server(error(), READY)
    assert ROW not in play.upstream
    assert query("bad") not in play.upstream
    assert play.records[0].decision is REFUSAL.decision


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
def test_rows_and_their_end_pass_as_they_came(extended):
    play = copying(extended=extended)
    assert play.client(ROW, copy_data(b""), ROW).upstream == ROW + copy_data(b"") + ROW
    assert play.client(COPY_DONE, SYNC).upstream == COPY_DONE + SYNC
    play.server(COPIED, READY) if not extended else play.server(COPIED)
    assert play.server(READY).ended is None
    assert [report.unit.error for report in play.reports] in ([], [None])


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
@pytest.mark.parametrize("message", ANYTHING_ELSE.values(), ids=ANYTHING_ELSE)
def test_a_statement_among_the_rows_ends_the_session(extended, message):
    play = copying(extended=extended).client(ROW, message)
    assert play.upstream == ROW
    assert decode_fields(play.ended.farewell)["C"] == b"08P01"


@pytest.mark.parametrize("extended", [False, True], ids=["simple", "extended"])
def test_what_the_server_ignores_among_the_rows_is_not_sent(extended):
    """Had it failed meanwhile, it would act upon them."""
    play = copying(extended=extended).client(FLUSH, ROW, SYNC, SYNC, ROW)
    assert play.upstream == ROW + ROW


def test_a_client_that_does_not_know_that_it_copies_may_send_sync_behind_it():
    play = Play(Plans(KNOWN)).client(parse("COPY"), bind(), describe(b"P"), execute(), SYNC)
    assert play.durable().upstream == bind() + describe(b"P") + execute()
    assert play.server(PARSED, BOUND, answer("n"), TAKING).upstream == b""
    assert play.client(ROW, COPY_DONE, SYNC).upstream == ROW + COPY_DONE + SYNC
    play.server(COPIED, READY)
    assert [report.unit.number for report in play.reports] == [1]
    assert play.session.idle


@pytest.mark.parametrize("end", [COPY_DONE, COPY_FAIL], ids=["done", "fail"])
def test_after_their_end_messages_are_statements_again(end):
    play = copying().client(ROW, end, query("SELECT 1"), ROW, end)
    assert play.upstream == ROW + end + query("SELECT 1")
    assert play.ended is None


def test_a_failure_in_the_middle_makes_the_rest_nobodys():
    play = copying().client(ROW).server(error(b"23505"), READY)
    assert play.reports[0].unit.error == "23505"
    assert play.client(ROW, COPY_DONE, query("SELECT 1")).upstream == query("SELECT 1")
    assert play.server(DONE, READY).durable().session.idle


def test_in_the_extended_protocol_the_rest_is_skipped_to_the_next_sync():
    play = copying(extended=True).client(ROW).server(error(b"23505"))
    assert play.client(ROW, COPY_FAIL, query("SELECT 1"), SYNC).upstream == SYNC
    assert play.server(READY).session.idle


def test_what_was_pipelined_behind_the_end_of_a_failed_copy_is_skipped_with_it():
    play = copying(extended=True).client(ROW, COPY_DONE, parse("SELECT 1"), bind(), execute(), SYNC)
    play.server(error(), READY).durable()
    assert [report.unit.error for report in play.reports] == ["22012", "skipped"]
    assert play.session.idle


def test_a_copy_behind_something_that_fails_is_skipped_and_takes_no_rows():
    play = Play(Plans(KNOWN)).client(parse("broken"), parse("COPY", b"c"), bind(b"c")).durable()
    play.client(execute(), ROW, query("SELECT 1")).server(error())
    assert play.client(COPY_DONE, SYNC).upstream == SYNC
    assert play.server(READY).session.idle


def test_a_refused_copy_takes_no_rows():
    play = Play(Plans({"COPY": REFUSAL})).client(query("COPY"), ROW, COPY_DONE).durable()
    assert ROW not in play.upstream
    assert play.server(SYNTAX_ERROR, READY).released == refusal() + READY
    assert play.client(ROW, COPY_DONE).commands == []


def test_a_portal_that_copied_is_recorded_again_and_waited_for_again():
    play = copying(extended=True).client(COPY_DONE, execute(rows_max=1), ROW)
    assert [record.timing for record in play.records] == [COPY.timing]
    assert play.durable().upstream == execute(rows_max=1)
    assert play.server(COPIED, error(b"55000")).client(ROW, SYNC).upstream == SYNC


@pytest.mark.parametrize(
    "message",
    [answer("c", b"x"), answer("f"), answer("f", b"x"), answer("f", b"a\0b\0"), answer("S", b"x")],
)
def test_malformed_ends_of_rows_end_the_session(message):
    assert copying().client(ROW, message).ended is not None


def test_leaving_among_the_rows_is_passed_on_and_final():
    play = copying().client(ROW, answer("X"), COPY_DONE)
    assert play.upstream == ROW + answer("X")
    assert play.ended is not None


@pytest.mark.parametrize("came", [COPIED, READY, TAKING, DONE], ids=["C", "Z", "G", "C-other"])
def test_a_server_that_is_done_before_the_rows_are_ends_the_session(came):
    play = copying().client(ROW).server(came)
    assert decode_fields(play.ended.farewell)["C"] == b"08006"


@pytest.mark.parametrize("came", [COPIED, READY, answer("H", b"\0\0\0"), answer("D", b"\0\0")])
def test_a_server_that_takes_no_rows_for_a_copy_ends_the_session(came):
    assert Play(Plans(KNOWN)).client(query("COPY")).durable().server(came).ended is not None


def test_rows_are_not_waited_for_where_none_were_asked_for():
    rows = Rows()
    rows.sent(Operation(Kind.QUERY, 0))
    assert (rows.undecided, rows.wanted) == (False, False)
    rows.sent(operation := Operation(Kind.QUERY, 0, copying=Copying.ASKED))
    assert (rows.undecided, rows.wanted) == (True, False)
    operation.copying = Copying.TAKING
    assert (rows.undecided, rows.wanted) == (False, True)
    with pytest.raises(ProtocolViolation, match="0x51"):
        rows.passed(Frame(ord("Q"), query("SELECT 1")))
    operation.failed = True
    assert (rows.undecided, rows.wanted) == (False, False)
    assert {*map(chr, ROWS)} == {"d", "c", "f"}


MESSAGES = [
    *(query("COPY"), query("SELECT 1"), query("bad")),
    *(parse("COPY"), parse("SELECT 1"), parse("bad"), bind(), execute()),
    *(SYNC, FLUSH, ROW, COPY_DONE, COPY_FAIL),
]
EVENTS = ["read", "answer", "durable", "cancel", "settle"]
# What sensible clients do, so that the rest is tried where it matters.
COURSES = [
    (query("COPY"), "settle", "settle"),
    (parse("COPY") + bind() + execute(), *["settle"] * 4),
    (parse("COPY") + bind() + execute() + SYNC, *["settle"] * 4),
    (ROW, "settle", COPY_DONE, "settle"),
    (ROW, "cancel", "settle"),
    (SYNC, "settle", "settle"),
]
STEPS = st.lists(
    st.sampled_from([*((step,) for step in [*MESSAGES, *EVENTS]), *COURSES, *COURSES]), max_size=20
).map(lambda courses: [step for course in courses for step in course])


@settings(max_examples=max(400, settings().max_examples))
@given(STEPS, st.data())
def test_however_it_interleaves_the_server_reads_rows_as_rows_and_statements_as_statements(
    steps, data
):
    play, server = Play(Plans(KNOWN)), Server(lambda: data.draw(st.integers(0, 5)) == 0)
    coming = b""
    for step in [*steps, *["settle"] * 80]:
        if isinstance(step, bytes):
            server.feed(play.client(step[:6]).upstream + play.client(step[6:]).upstream)
        if step in ("durable", "settle"):
            server.feed(play.durable().upstream)
        if step in ("read", "settle"):
            coming += server.step()
        if step == "cancel":
            coming += server.cancel()
        if step in ("answer", "settle"):
            size = len(coming) if step == "settle" else data.draw(st.integers(0, len(coming)))
            server.feed(play.server(coming[:size]).upstream)
            coming = coming[size:]
        if play.ended is not None:
            assert decode_fields(play.ended.farewell)["C"] == b"08P01"
            assert server.mode is Mode.ROWS or coming
            return
    assert (coming, server.behind) == (b"", False)
    assert server.mode is not Mode.STATEMENTS or not play.session.holding


def test_where_nothing_is_sealed_rows_may_come_among_other_statements():
    several = replace(COPY, decision=decision(kind=StatementClass.MULTIPLE), text="several")
    play = Play(Plans({"several": several}), UNSEALED).client(query("several"))
    play.durable().client(ROW, COPY_DONE, ROW, COPY_DONE, query("after"))
    assert play.upstream == b""
    assert play.server(answer("T", b"\0\0"), DONE).upstream == b""
    assert play.server(TAKING).upstream == ROW + COPY_DONE
    assert play.server(COPIED).upstream == b""
    assert play.server(TAKING).upstream == ROW + COPY_DONE
    assert play.server(COPIED, READY).upstream == query("after")


def test_where_nothing_is_sealed_rows_that_nobody_takes_are_dropped():
    several = replace(COPY, decision=decision(kind=StatementClass.MULTIPLE), text="several")
    play = Play(Plans({"several": several}), UNSEALED).client(query("several"))
    play.durable().client(ROW, COPY_DONE, query("after"))
    assert play.server(error(), READY).upstream == query("after")
