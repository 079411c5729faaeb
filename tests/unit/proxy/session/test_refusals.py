"""A refusal says why, in the client's encoding, and its poison is no valid text anywhere."""

from dataclasses import replace

import postgast
import pytest

from proxy.names import Article, RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.policy.wording import in_chinese
from proxy.session import refusals
from proxy.session.refusals import Poison, encode_refusal
from proxy.wire.postgres.backend import Severity, decode_fields

DECISION = Decision(
    Verdict.REFUSE, RuleName("sealed"), Article("实施办法第10条"), "封存", StatementClass.SELECT
)


def test_a_refusal_names_its_rule_and_article():
    fields = decode_fields(encode_refusal(DECISION, "gbk"))
    assert fields["C"] == b"42501"
    assert fields["M"].decode("gbk") == "封存"
    assert fields["H"].decode("gbk") == "rule sealed, 实施办法第10条"


@pytest.mark.parametrize("codec", ["utf-8", "gbk", "gb18030", "gb2312"])
def test_a_refusal_says_in_chinese_what_its_rule_means(codec):
    decision = replace(DECISION, rule=RuleName("platform-protected"), reason="not for platforms")
    fields = decode_fields(encode_refusal(decision, codec))
    assert fields["D"].decode(codec) == in_chinese(decision.rule)
    assert list(fields) == ["S", "V", "C", "M", "D", "H"]


@pytest.mark.parametrize(
    "codec", ["latin-1", "ascii", "cp932", "big5", "euc_jp", "cp949", "cp1252"]
)
def test_what_an_encoding_cannot_express_is_left_out(codec):
    decision = replace(DECISION, rule=RuleName("platform-protected"), reason="not for platforms")
    fields = decode_fields(encode_refusal(decision, codec))
    assert (fields["M"], fields["H"]) == (b"not for platforms", b"rule platform-protected")
    assert "D" not in fields


def test_a_refusal_of_the_whole_session_is_fatal():
    fields = decode_fields(encode_refusal(refusals.NO_PRINCIPAL, "utf-8", Severity.FATAL))
    assert (fields["S"], fields["C"], fields["H"]) == (b"FATAL", b"28000", b"rule no-principal")


def test_a_stale_statement_is_what_drivers_prepare_again():
    fields = decode_fields(encode_refusal(refusals.STALE_STATEMENT, "utf-8"))
    assert (fields["C"], fields["R"]) == (b"0A000", b"RevalidateCachedQuery")


def test_the_poison_is_rejected_by_the_servers_grammar_and_quoted_whole():
    poison = Poison(b"0" * 32)
    with pytest.raises(postgast.PgQueryError):
        postgast.parse(poison.text.decode())
    assert len(poison.name) <= 63
    assert poison.nonce in poison.text


@pytest.mark.parametrize(
    "decision",
    [value for value in vars(refusals).values() if isinstance(value, Decision)],
    ids=lambda decision: decision.rule,
)
def test_the_sessions_own_refusals_say_what_is_wrong(decision):
    assert decision.verdict is Verdict.REFUSE
    assert decision.reason
