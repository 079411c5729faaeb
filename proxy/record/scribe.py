"""The decisions and outcomes of one session as entries.

The public header holds no text and no name of a person; the statement, its parameters and who sent
it are the payload, which the notary encrypts.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from ledger.client import EntryKind, HeaderValue, RawDraft, encode_header
from ledger.errors import InvalidDraft
from ledger.wire import PAYLOAD_BYTES_MAX
from proxy.names import PrincipalName
from proxy.payload import bound_values, encode_json, payload_opening, text_in_utf8
from proxy.policy.attribution import Attribution
from proxy.policy.budget import Request
from proxy.policy.decision import Decision
from proxy.record.recorder import Item, Recorder
from proxy.record.spending import request
from proxy.session.commands import Need, Record, Unit
from proxy.session.plan import Grant, Timing
from proxy.session.refusals import SUBJECT_BUDGET
from proxy.wire.postgres.startup import as_sent, legible

# What a payload that would be too long is cut to; JSON may write six bytes for one.
_CUT_BYTES: Final = 40_000
_CATALOGUE_DIGITS: Final = 14
_WORDINGS_MAX: Final = 64
_WORDING_BYTES_MAX: Final = 8_192
_RELATIONS_MAX: Final = 64
_SUBJECTS_MAX: Final = 256
_TOKEN_CHARACTERS_MAX: Final = 200
_NOT_IN_A_TOKEN: Final = re.compile(r"[^\w.]|\d{15,}")


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a session is, for its entries. `session` is random and means nothing elsewhere.
    `operator` and `case` are what was said when it began."""

    session: str
    principal: PrincipalName | None
    user: str
    database: str
    source: str
    application_name: str
    certificate: str | None = None
    operator: str = ""
    case: str = ""


@dataclass(frozen=True, slots=True)
class Basis:
    """What was in force: hex digests of the policy file and of the catalogue."""

    policy: str
    catalogue: str


@dataclass(frozen=True, slots=True)
class _Wording:
    """What entries about one statement share: the header line, and the payload's beginning."""

    decision: Decision
    basis: Basis
    header_line: bytes
    payload_start: str


_Key = tuple[bytes, str | None, Timing, Attribution, Grant | None]


class Scribe:
    """The entries of one session. `durable` is told the number of every record made durable,
    `invalid` when the ledger would not take one, after which the session must end."""

    def __init__(
        self,
        recorder: Recorder,
        identity: Identity,
        durable: Callable[[int], None],
        invalid: Callable[[], None],
    ) -> None:
        self._recorder = recorder
        self._identity = identity
        self._durable = durable
        self._invalid = invalid
        pseudonym = recorder.pseudonyms.of
        self._who: dict[str, HeaderValue] = {
            "principal": identity.principal or "none",
            "session": identity.session,
            "account": pseudonym("account", as_sent(identity.user)),
            "source": pseudonym("source", identity.source),
        }
        # The part of every payload that does not change, encoded once.
        who = {
            "user": legible(identity.user),
            "database": legible(identity.database),
            "source": identity.source,
            "application_name": legible(identity.application_name),
        }
        if identity.certificate is not None:
            who["certificate"] = identity.certificate
        self._payload_end = "," + encode_json(who).removeprefix("{")
        self._wordings: dict[_Key, _Wording] = {}

    def belong_to(self, principal: PrincipalName) -> None:
        """A new policy sees somebody else behind the session."""
        self._identity = replace(self._identity, principal=principal)
        self._who["principal"] = principal
        self._wordings.clear()

    def request(self, need: Need) -> Request:
        """What the session asks of its budget, by pseudonyms."""
        principal = self._identity.principal or PrincipalName("none")
        return request(need, principal, self._recorder.pseudonyms)

    def decision(self, record: Record, basis: Basis) -> None:
        """Submit a decision with this turn's batch."""
        try:
            wording = self._worded(record, basis)
        except InvalidDraft:
            self._invalid()
            return
        draft = RawDraft(wording.header_line, self._payload(record, wording.payload_start))
        self._recorder.add(Item(draft, record.unit, self._durable))
        if (metrics := self._recorder.metrics) is not None:
            decided = record.decision
            metrics.decided(decided.verdict, decided.rule, decided.statement_class)
            if decided.rule == SUBJECT_BUDGET:
                metrics.over_budget(self._identity.principal or "none")
            if decided.relations and record.attribution.operator is None:
                metrics.unattributed(self._identity.principal or "none")

    def _worded(self, record: Record, basis: Basis) -> _Wording:
        """A prepared statement is worded once, and not again each time it is executed."""
        key = (record.text, record.sent, record.timing, record.attribution, record.unit.grant)
        known = self._wordings.get(key)
        if known is not None and known.decision is record.decision and known.basis is basis:
            return known
        line = encode_header(EntryKind.DECISION, self._header(record, basis))
        wording = _Wording(record.decision, basis, line, payload_opening(record, PAYLOAD_BYTES_MAX))
        if record.values is not None and len(record.text) <= _WORDING_BYTES_MAX:
            if len(self._wordings) >= _WORDINGS_MAX:
                self._wordings.clear()
            self._wordings[key] = wording
        return wording

    def _header(self, record: Record, basis: Basis) -> dict[str, HeaderValue]:
        decision = record.decision
        pseudonym = self._recorder.pseudonyms.of
        header: dict[str, HeaderValue] = {
            "verdict": decision.verdict.value,
            "rule": decision.rule,
            "article": decision.article,
            "statement_class": decision.statement_class.value,
            **self._who,
            "policy": basis.policy,
            "catalogue": basis.catalogue[:_CATALOGUE_DIGITS] or None,
            "timing": record.timing.value,
            "statement_hmac": pseudonym("statement", text_in_utf8(record)),
            "attribution": record.attribution.basis,
        }
        for name in ("operator", "case"):
            if (value := getattr(record.attribution, name)) is not None:
                header[name] = pseudonym(name, value)
        if record.sent is not None:
            header["sent_hmac"] = pseudonym("statement", record.sent)
        grant = record.unit.grant
        if grant is not None and (grant.people or grant.reserved):
            named = [pseudonym(*each) for each in grant.people[:_SUBJECTS_MAX]]
            header["subjects"] = named or None
            header["subjects_count"] = _counted(grant)
        if len(decision.permits) == 1:
            header["permit"] = decision.permits[0]
        elif decision.permits:
            header["permits"] = list(decision.permits)
        if decision.relations:
            header["relations"] = [
                _token(str(name)) for name in decision.relations[:_RELATIONS_MAX]
            ]
        return header

    def _payload(self, record: Record, opening: str, cut_bytes: int = PAYLOAD_BYTES_MAX) -> bytes:
        parameters = ""
        if record.values is not None:
            parameters = f',"parameters":{encode_json(bound_values(record.values, cut_bytes))}'
        payload = f"{opening}{parameters}{self._payload_end}".encode()
        if len(payload) <= PAYLOAD_BYTES_MAX:
            return payload
        return self._payload(record, payload_opening(record, _CUT_BYTES), _CUT_BYTES)

    def outcome(self, unit: Unit, *, cut: bool = False) -> None:
        """Submit what became of a durable decision; nobody waits for it."""
        header: dict[str, HeaderValue] = {
            "decision": unit.index,
            "session": self._identity.session,
            "principal": self._identity.principal or "none",
            "rows_count": unit.rows_count,
            "released_bytes": unit.released_bytes,
            "error": unit.error,
            "duration_ms": _coarse_ms(self._recorder.now() - unit.recorded_at_seconds),
        }
        if unit.grant is not None and unit.grant.reserved:
            header["subjects_count"] = unit.spent_count
        if cut:
            header["cut"] = True
        self._recorder.add(Item(RawDraft(encode_header(EntryKind.OUTCOME, header), None)))


def _counted(grant: Grant) -> int:
    """How many people count against the budget."""
    return 0 if grant.permitted else len(grant.people) or grant.reserved


def _token(name: str) -> str:
    """A relation's name as a header token: what a token cannot hold becomes an underscore."""
    token = _NOT_IN_A_TOKEN.sub("_", name)[:_TOKEN_CHARACTERS_MAX]
    return token if token[:1] not in ("", ".") else "_" + token[1:]


def _coarse_ms(seconds: float) -> int:
    """Milliseconds rounded up to a power of two, so that nothing can be read from its digits."""
    milliseconds = max(0, int(seconds * 1000))
    return 0 if milliseconds == 0 else 1 << (milliseconds - 1).bit_length()
