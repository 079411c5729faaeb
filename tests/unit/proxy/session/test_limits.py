"""What may be sent, and the longest of each."""

from proxy.session.limits import DIVISIBLE, MessageLimits, client_tags
from proxy.wire.postgres import frontend


def test_texts_and_values_have_their_own_limits():
    tags = client_tags(MessageLimits(text_bytes_max=10, bind_bytes_max=20, copy_bytes_max=30))
    assert tags[frontend.QUERY] == 11  # with the terminator
    assert tags[frontend.PARSE] > 10
    assert tags[frontend.BIND] == tags[frontend.FUNCTION_CALL] == 20
    assert tags[frontend.COPY_DATA] == 30
    assert tags[frontend.SYNC] == tags[frontend.TERMINATE] == tags[frontend.COPY_DONE] == 0


def test_what_only_a_password_needs_is_not_taken():
    assert frontend.PASSWORD not in client_tags(MessageLimits())


def test_only_what_may_be_cut_anywhere_comes_in_pieces():
    assert set(DIVISIBLE) == {frontend.COPY_DATA}


def test_a_thousand_sessions_share_one_list():
    assert client_tags(MessageLimits(10)) is client_tags(MessageLimits(10))
    assert client_tags(MessageLimits(10)) is not client_tags(MessageLimits(11))
