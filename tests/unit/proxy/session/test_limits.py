"""What may be sent, and the longest of each."""

from proxy.session.limits import MessageLimits, client_tags
from proxy.wire.postgres import frontend


def test_texts_and_values_have_their_own_limits():
    tags = client_tags(MessageLimits(text_bytes_max=10, bind_bytes_max=20))
    assert tags[frontend.QUERY] == 10
    assert tags[frontend.PARSE] > 10
    assert tags[frontend.BIND] == tags[frontend.FUNCTION_CALL] == 20
    assert tags[frontend.SYNC] == tags[frontend.TERMINATE] == 0


def test_what_only_a_copy_or_a_password_needs_is_not_taken():
    assert not {ord(c) for c in "dcfp"} & client_tags(MessageLimits()).keys()
