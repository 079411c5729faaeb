"""What the session itself refuses, and how a refusal looks on the wire.

A refused text is replaced by one the server's own parser must reject, so that the order of
answers, the transaction status and the skipping up to Sync are the server's and therefore true.
The error that comes back carries the nonce of the text and is replaced by the reason.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

from proxy.errors import FengcunError
from proxy.names import Article, RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.policy.wording import ending_in_chinese, in_chinese
from proxy.wire.postgres.backend import Severity, encode_error
from proxy.wire.postgres.encoding import encode_exactly
from proxy.wire.postgres.frontend import Parse, encode_parse, encode_query

INSUFFICIENT_PRIVILEGE: Final = "42501"
SUBJECT_BUDGET: Final = RuleName("subject-budget")


@dataclass(frozen=True, slots=True)
class Poison:
    """The text sent in place of a refused one; `nonce` is random, 32 hex digits, one a session.

    Shorter than NAMEDATALEN, so that the server quotes it whole.
    """

    nonce: bytes

    @property
    def text(self) -> bytes:
        """A lone delimited identifier: a syntax error in every version."""
        return b'"fengcun_refused_' + self.nonce + b'"'

    @property
    def name(self) -> bytes:
        """A statement name no client uses, for refusing a message that is not a Parse."""
        return b"fengcun_refused_" + self.nonce

    def message(self, parse: Parse | None = None, *, query: bool) -> bytes:
        """What stands for a message that was refused: a Query for a Query, else a Parse."""
        if query:
            return encode_query(self.text)
        return encode_parse(Parse(self.name if parse is None else parse.name, self.text, b"\0\0"))


def _refuse(rule: str, reason: str) -> Decision:
    return Decision(Verdict.REFUSE, RuleName(rule), None, reason, StatementClass.OTHER)


def operator_required(decision: Decision) -> Decision:
    """In place of a decision about a statement that nobody can be named for."""
    refusal = _refuse(
        "operator-required",
        "say which person asks before a protected relation is touched: SET fengcun.operator, or"
        " another way that the policy names",
    )
    return _about(refusal, decision)


def _about(refusal: Decision, decision: Decision) -> Decision:
    return replace(refusal, statement_class=decision.statement_class, relations=decision.relations)


def bulk_access(decision: Decision) -> Decision:
    """In place of a decision about a statement whose people cannot be told, or are too many."""
    refusal = _refuse(
        "bulk-access",
        "name the people that are asked for by plain values, and no more of them in one statement"
        " than the policy admits",
    )
    return replace(_about(refusal, decision), article=Article("实施办法第10条"))


def subject_budget(decision: Decision) -> Decision:
    """In place of a decision about a statement that asks for more people than are left."""
    refusal = _refuse(
        SUBJECT_BUDGET,
        "the policy limits how many different people are asked for in a time, and it is reached",
    )
    return replace(_about(refusal, decision), article=Article("实施办法第10条"))


def row_limit(decision: Decision) -> Decision:
    """What an answer ends with that has more rows than the policy gives to one statement."""
    refusal = _refuse(
        "row-limit",
        "the answer has more rows than the policy gives to one statement: it was cut off",
    )
    return _about(refusal, decision)


NOT_IN_ENCODING: Final = _refuse(
    "text-encoding", "the statement is not valid text in the session's client_encoding"
)
CANNOT_ENCODE: Final = _refuse(
    "text-encoding", "the session's client_encoding cannot express what would have to be sent"
)
FUNCTION_CALL: Final = _refuse(
    "function-call", "the fast-path function call is not admitted: use SELECT"
)
ENCODING_UNKNOWN: Final = _refuse(
    "text-encoding",
    "after a change of the session's settings send Sync before any text that is not ASCII",
)
SESSION_CHANGE: Final = _refuse(
    "session-change",
    "send Sync between a change of search_path or client_encoding and what begins or ends a"
    " transaction: undone with it, later statements would be read otherwise",
)
ENCODING_MISREAD: Final = _refuse(
    "text-encoding",
    "this database converts the session's client_encoding otherwise than it is known to:"
    " only ASCII is served in it, SET client_encoding TO UTF8",
)
TOO_MUCH_HELD: Final = _refuse(
    "too-much-held", "the session holds too many prepared statements and portals: close some"
)
TOO_MANY_TEMPORARIES: Final = _refuse(
    "too-many-temporaries", "the session has too many temporary tables: drop some"
)
STALE_STATEMENT: Final = _refuse(
    "stale-statement",
    "cached plan must not change result type: prepare the statement again, "
    "the policy, the catalogue, search_path or a permit has changed",
)
SCHEMA_CHANGING: Final = _refuse(
    "schema-change-alone",
    "the schema is being changed: end the transaction, or send Sync, before anything else",
)
PROTOCOL_VIOLATION: Final = _refuse("protocol-violation", "the client broke the wire protocol")
NO_PRINCIPAL: Final = _refuse(
    "no-principal", "no principal of the policy matches this user, database and address"
)
PRINCIPAL_IS_FULL: Final = _refuse(
    "principal-connections", "too many connections of this principal: the policy limits them"
)
IDLE_SESSION: Final = _refuse(
    "idle-session", "terminating connection due to idle-session timeout of the proxy"
)
IDLE_IN_TRANSACTION: Final = _refuse(
    "idle-in-transaction", "terminating connection due to idle-in-transaction timeout of the proxy"
)
SLOW_CLIENT: Final = _refuse(
    "slow-client", "terminating connection: the client does not take what was sent to it"
)
# Whatever has a name was judged when it got it. A name not known here means nothing to the server,
# or something that nobody judged, such as a cursor that a function has opened.
UNKNOWN_STATEMENT: Final = _refuse("unknown-statement", "the prepared statement does not exist")
UNKNOWN_PORTAL: Final = _refuse("unknown-portal", "the cursor or portal does not exist")
OTHER_KIND: Final = _refuse(
    "other-kind-of-name", "FETCH and EXECUTE are served for SELECT, INSERT, UPDATE and DELETE only"
)
STALE_CURSOR: Final = _refuse(
    "stale-cursor",
    "the policy or the catalogue has changed since this WITH HOLD cursor was declared: close it"
    " and declare it again",
)
PERMIT_ENDED: Final = _refuse(
    "permit-ended",
    "this cursor was opened under a permit that has ended or is used up, or does not count for who"
    " asks now: close it",
)
_SQLSTATES: Final = {
    # Migration tools ask whether a table is there by reading it.
    "unknown-relation": "42P01",
    UNKNOWN_STATEMENT.rule: "26000",
    UNKNOWN_PORTAL.rule: "34000",
    # What the server says when a prepared statement has to be prepared again; drivers do so on
    # seeing this SQLSTATE with the routine below.
    STALE_STATEMENT.rule: "0A000",
    NO_PRINCIPAL.rule: "28000",
    PRINCIPAL_IS_FULL.rule: "53300",
    # As the server ends sessions by its settings of nearly the same names.
    IDLE_SESSION.rule: "57P05",
    IDLE_IN_TRANSACTION.rule: "25P03",
    SLOW_CLIENT.rule: "08006",
    "row-limit": "54000",
}
_REVALIDATION: Final = "RevalidateCachedQuery"


def encode_fatal(error: FengcunError, codec: str, rule: RuleName | None = None) -> bytes:
    """The ErrorResponse with which a connection ends, likewise in two languages: `rule` is that of
    the decision, where there was one."""
    detail = ending_in_chinese(error.label) if rule is None else in_chinese(rule)
    return encode_error(Severity.FATAL, error.sqlstate, str(error), detail=detail, encoding=codec)


def encode_refusal(decision: Decision, codec: str, severity: Severity = Severity.ERROR) -> bytes:
    """The ErrorResponse a client gets for `decision`: the reason, the rule's sentence in Chinese,
    its name and the article. Where `codec` has no Chinese, reason and name stand alone."""
    hint = f"rule {decision.rule}"
    if decision.article is not None:
        cited = f"{hint}, {decision.article}"
        hint = cited if encode_exactly(cited, codec) is not None else hint
    return encode_error(
        severity,
        _SQLSTATES.get(decision.rule, INSUFFICIENT_PRIVILEGE),
        decision.reason,
        detail=in_chinese(decision.rule),
        hint=hint,
        routine=_REVALIDATION if decision.rule == STALE_STATEMENT.rule else None,
        encoding=codec,
    )
