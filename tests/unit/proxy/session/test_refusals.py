"""A refusal says why, in the client's encoding, and its poison is no valid text anywhere."""

import postgast
import pytest

from proxy.names import Article, RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.session import refusals
from proxy.session.refusals import Poison, encode_refusal
from proxy.wire.postgres.backend import decode_fields

DECISION = Decision(
    Verdict.REFUSE, RuleName("sealed"), Article("实施办法第10条"), "封存", StatementClass.SELECT
)


def test_a_refusal_names_its_rule_and_article():
    fields = decode_fields(encode_refusal(DECISION, "gbk"))
    assert fields["C"] == b"42501"
    assert fields["M"].decode("gbk") == "封存"
    assert fields["H"].decode("gbk") == "rule sealed, 实施办法第10条"


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
