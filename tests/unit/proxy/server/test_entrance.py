"""What strangers are told, and what is kept of them."""

import pytest

from proxy.policy.wording import ending_in_chinese
from proxy.server.encryption import Secured
from proxy.server.entrance import (
    EncryptionRequired,
    TookTooLong,
    TooManyConnections,
    UnknownDatabase,
    codec_asked_for,
    stranger,
)
from proxy.wire.postgres.parameters import admit
from proxy.wire.postgres.startup import StartupMessage


@pytest.mark.parametrize(
    ("kind", "sqlstate"),
    [
        (TookTooLong, "28000"),
        (EncryptionRequired, "28000"),
        (TooManyConnections, "53300"),
        (UnknownDatabase, "3D000"),
    ],
)
def test_each_has_the_servers_sqlstate_and_is_said_in_chinese(kind, sqlstate):
    assert kind("x").sqlstate == sqlstate
    assert ending_in_chinese(kind.label)


def test_a_stranger_belongs_to_nobody_and_has_a_name_of_its_own():
    parameters = (("user", "u"), ("database", "d"), ("application_name", "报表"))
    admission = admit(StartupMessage(0, parameters))
    first = stranger(admission, "10.0.0.1", Secured(subject="CN=desk"))
    second = stranger(admission, "10.0.0.1", None)
    assert first.session != second.session
    assert (first.principal, first.user, first.certificate) == (None, "u", "CN=desk")
    assert (second.database, second.application_name, second.certificate) == ("d", "报表", None)


@pytest.mark.parametrize(
    ("written", "codec"),
    [
        ("", "utf-8"), ("utf-8", "utf-8"), ("gbk", "gbk"), ("euc-cn", "gb2312"), ("SJIS", "cp932"),
        ("latin10", "ascii"), ("\udcff", "ascii"),
    ],
)  # fmt: skip
def test_a_stranger_is_told_in_the_encoding_that_was_asked_for(written, codec):
    assert codec_asked_for(written) == codec
