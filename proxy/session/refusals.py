"""What the session itself refuses, and how a refusal looks on the wire.

A refused text is replaced by one the server's own parser must reject, so that the order of
answers, the transaction status and the skipping up to Sync are the server's and therefore true.
The error that comes back carries the nonce of the text and is replaced by the reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from proxy.names import RuleName
from proxy.policy.decision import Decision, StatementClass, Verdict
from proxy.session.plan import Plan, Timing
from proxy.wire.postgres.backend import Severity, encode_fields

INSUFFICIENT_PRIVILEGE: Final = "42501"
# What the server says when a prepared statement has to be prepared again; drivers do so on seeing
# this SQLSTATE with this routine.
_CACHED_PLAN_CHANGED: Final = "0A000"
_REVALIDATION: Final = "RevalidateCachedQuery"


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


def _refuse(rule: str, reason: str) -> Decision:
    return Decision(Verdict.REFUSE, RuleName(rule), None, reason, StatementClass.OTHER)


def _pass(rule: str) -> Decision:
    return Decision(Verdict.PASS, RuleName(rule), None, "", StatementClass.OTHER)


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
TOO_MUCH_HELD: Final = _refuse(
    "too-much-held", "the session holds too many prepared statements and portals: close some"
)
STALE_STATEMENT: Final = _refuse(
    "stale-statement",
    "cached plan must not change result type: prepare the statement again, "
    "the policy, the catalogue or search_path has changed",
)
PROTOCOL_VIOLATION: Final = _refuse("protocol-violation", "the client broke the wire protocol")
NO_PRINCIPAL: Final = _refuse(
    "no-principal", "no principal of the policy matches this user, database and address"
)
# Names that SQL made (PREPARE, DECLARE): judged then, but not known here. The server decides.
UNKNOWN_STATEMENT: Final = Plan(
    _pass("unknown-statement"), "", timing=Timing.FIRST, guarded=True, settle=True
)
UNKNOWN_PORTAL: Final = Plan(
    _pass("unknown-portal"), "", timing=Timing.FIRST, guarded=True, settle=True
)


def encode_refusal(decision: Decision, codec: str, *, stale: bool) -> bytes:
    """The ErrorResponse a client gets for `decision`."""
    hint = f"rule {decision.rule}"
    if decision.article is not None:
        hint += f", {decision.article}"
    fields = {
        "S": Severity.ERROR.value,
        "V": Severity.ERROR.value,
        "C": _CACHED_PLAN_CHANGED if stale else INSUFFICIENT_PRIVILEGE,
        "M": decision.reason,
        "H": hint,
    }
    if stale:
        fields["R"] = _REVALIDATION
    return encode_fields(
        {letter: text.replace("\0", "").encode(codec, "replace") for letter, text in fields.items()}
    )
