"""What of the server's own words reaches a client."""

import pytest

from proxy.session.plan import Plan
from proxy.wire.postgres.backend import decode_fields, encode_fields
from tests.unit.proxy.session.playbook import (
    DONE,
    NONCE,
    READY,
    REFUSAL,
    ROW,
    SYNTAX_ERROR,
    UNSEALED,
    Plans,
    Play,
    answer,
    decision,
    error,
    query,
)

NOTICE = encode_fields({"S": b"NOTICE", "M": b"secret"}, tag=ord("N"))
GUARDED = Plans({"guarded": Plan(decision(), "guarded", guarded=True)})


def playing(text="plain", plans=GUARDED):
    return Play(plans).client(query(text)).durable()


def test_plain_answers_pass_untouched():
    came = ROW + ROW + DONE + NOTICE + error() + READY
    assert playing().server(came).released == came


def test_errors_about_protected_relations_lose_everything_but_their_kind():
    released = playing("guarded").server(ROW, error(b"23505"), READY).released
    assert b"secret" not in released
    assert released.startswith(ROW)
    assert released.endswith(READY)
    assert decode_fields(released[len(ROW) : -len(READY)])["C"] == b"23505"


def test_notices_about_protected_relations_do_not_pass():
    assert playing("guarded").server(NOTICE, DONE, READY).released == DONE + READY


def test_an_error_of_a_plain_statement_is_guarded_while_a_guarded_one_is_under_way():
    play = Play(GUARDED).client(query("plain"), query("guarded")).durable()
    assert b"secret" not in play.server(error(), READY).released


def test_notifications_never_pass():
    notification = answer("A", b"\0\0\0\1channel\0secret\0")
    assert playing().server(notification, DONE, READY).released == DONE + READY


def test_the_nonce_in_an_error_of_an_admitted_statement_ends_the_session():
    forged = error(message=b"invalid input: " + NONCE)
    assert playing().server(forged).ended is not None


def test_the_second_error_of_a_refused_query_cannot_pose_as_the_refusal():
    play = Play(Plans({"bad": REFUSAL})).client(query("bad")).durable()
    assert play.server(SYNTAX_ERROR, SYNTAX_ERROR).ended is not None


def test_turning_the_lexer_around_ends_the_session():
    status = answer("S", b"standard_conforming_strings\0off\0")
    assert playing().server(status).ended is not None


def test_parameters_pass():
    status = answer("S", b"TimeZone\0UTC\0")
    assert playing().server(status, DONE, READY).released == status + DONE + READY


@pytest.mark.parametrize("encoding", [b"EUC_KR", b"MULE_INTERNAL", b"\xff"])
def test_an_encoding_nobody_can_read_ends_the_session(encoding):
    status = answer("S", b"client_encoding\0" + encoding + b"\0")
    assert playing().server(status).ended is not None


def test_the_next_text_is_read_in_the_new_encoding():
    to_gbk = Plan(decision(), "to gbk", settle=True, turns=True)
    play = Play(Plans({"to gbk": to_gbk})).client(query("to gbk")).durable()
    play.server(answer("S", b"client_encoding\0GBK\0"), DONE, READY)
    play.client(answer("Q", "封存".encode("gbk") + b"\0"))
    assert play.records[0].codec == "gbk"
    assert play.plans.plan("封存").text == "封存"


def test_an_encoding_that_changes_though_nobody_set_it_ends_the_session():
    """By a function, or by the server's configuration: what was sent may have been misread."""
    assert playing().server(answer("S", b"client_encoding\0GBK\0")).ended is not None
    assert playing().server(answer("S", b"client_encoding\0UTF8\0")).ended is None


def test_an_encoding_that_changes_under_a_text_already_sent_ends_the_session():
    plans = Plans({"a": Plan(decision(), "a", turns=True)})
    play = Play(plans).client(query("a"), query("b")).durable()
    assert play.server(answer("S", b"client_encoding\0GBK\0")).ended is not None


def test_the_watermark_is_what_was_sent_when_the_chunk_came():
    play = Play().client(query("a")).server(DONE, READY)
    play.client(query("b"))
    assert play.durable(1).released == DONE + READY
    assert play.server(DONE, READY).released == b""
    assert play.durable(2).released == DONE + READY


NOTIFIED = answer("A", b"\0\0\0\1news\0word\0")
STATUSES = answer("S", b"standard_conforming_strings\0off\0") + answer(
    "S", b"client_encoding\0MULE_INTERNAL\0"
)


def test_notifications_and_settings_pass_where_nothing_is_sealed():
    play = Play(opened=UNSEALED).server(NOTIFIED, STATUSES)
    assert play.released == NOTIFIED + STATUSES
    assert play.session.codec == "ascii"


@pytest.mark.parametrize("came", [NOTIFIED, answer("S", b"client_encoding\0MULE_INTERNAL\0")])
def test_and_nowhere_else(came):
    assert came not in Play().server(came).released


def test_a_result_of_the_fast_path_that_nobody_asked_for_ends_the_session():
    result = answer("V", b"\xff\xff\xff\xff")
    assert result not in playing().server(result).released
