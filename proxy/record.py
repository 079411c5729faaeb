"""Decisions and outcomes -> ledger entries. The only module of the data path that knows the ledger.

What was decided in one turn of the event loop is submitted as one batch. The public header holds
no text and no name of a person; the statement, its parameters and who sent it are the payload,
which the notary encrypts.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Final, Protocol

from ledger.client import (
    Acknowledgement,
    Draft,
    EntryKind,
    HeaderValue,
    NotaryClient,
    RawDraft,
    encode_header,
)
from ledger.errors import ConfigurationError as LedgerConfigurationError
from ledger.errors import InvalidDraft, LedgerUnavailable
from ledger.keys import load_pseudonyms, load_verifier_keys
from ledger.pseudonyms import Pseudonyms
from ledger.wire import PAYLOAD_BYTES_MAX
from proxy.errors import ConfigurationError, RecordUnavailable
from proxy.names import PrincipalName
from proxy.payload import bound_values, encode_json, payload_opening, text_in_utf8
from proxy.policy.attribution import Attribution
from proxy.policy.decision import Decision
from proxy.session.commands import Record, Unit
from proxy.session.plan import Timing
from proxy.telemetry.metrics import Metrics
from proxy.wire.postgres.startup import as_sent, legible

# What a payload that would be too long is cut to; JSON may write six bytes for one.
_CUT_BYTES: Final = 40_000
_BATCH_DRAFTS_MAX: Final = 1_024
_BATCH_BYTES_MAX: Final = 8 * 1024 * 1024
# Submitted alone, an outcome would make the next decision wait for a sync that nobody needs.
_OUTCOME_SECONDS_MAX: Final = 0.1
_CATALOGUE_DIGITS: Final = 14
_WORDINGS_MAX: Final = 64
_WORDING_BYTES_MAX: Final = 8_192
_RELATIONS_MAX: Final = 64
_TOKEN_CHARACTERS_MAX: Final = 200
_NOT_IN_A_TOKEN: Final = re.compile(r"[^\w.]|\d{15,}")


class Notary(Protocol):
    """What the recorder needs of `ledger.client.NotaryClient`."""

    def submit(self, drafts: Sequence[RawDraft]) -> asyncio.Future[Acknowledgement]: ...


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
class Finding:
    """So many events of a kind between two times, in Unix seconds; `content` is encrypted."""

    rule: str
    observed_count: int
    from_seconds: float
    until_seconds: float
    content: Mapping[str, object]


@dataclass(slots=True)
class _Item:
    draft: RawDraft
    unit: Unit | None = None
    durable: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class _Wording:
    """What entries about one statement share: the header line, and the payload's beginning."""

    decision: Decision
    basis: Basis
    header_line: bytes
    payload_start: str


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
        self._wordings: dict[tuple[bytes, str | None, Timing, Attribution], _Wording] = {}

    def belong_to(self, principal: PrincipalName) -> None:
        """A new policy sees somebody else behind the session."""
        self._identity = replace(self._identity, principal=principal)
        self._who["principal"] = principal
        self._wordings.clear()

    def decision(self, record: Record, basis: Basis) -> None:
        """Submit a decision with this turn's batch."""
        try:
            wording = self._worded(record, basis)
        except InvalidDraft:
            self._invalid()
            return
        draft = RawDraft(wording.header_line, self._payload(record, wording.payload_start))
        self._recorder.add(_Item(draft, record.unit, self._durable))
        if (metrics := self._recorder.metrics) is not None:
            decided = record.decision
            metrics.decided(decided.verdict, decided.rule, decided.statement_class)
            if decided.relations and record.attribution.operator is None:
                metrics.unattributed(self._identity.principal or "none")

    def _worded(self, record: Record, basis: Basis) -> _Wording:
        """A prepared statement is worded once, and not again each time it is executed."""
        key = (record.text, record.sent, record.timing, record.attribution)
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
        if cut:
            header["cut"] = True
        self._recorder.add(_Item(RawDraft(encode_header(EntryKind.OUTCOME, header), None)))


class Recorder:
    """Gathers the entries of all sessions of a worker. Belongs to the loop that made it."""

    def __init__(
        self, notary: Notary, pseudonyms: Pseudonyms, metrics: Metrics | None = None
    ) -> None:
        self.pseudonyms = pseudonyms
        self.metrics = metrics
        self._notary = notary
        self._loop = asyncio.get_running_loop()
        self._batch: list[_Item] = []
        self._batch_bytes = 0
        self._flush_due = False
        self._timer: asyncio.TimerHandle | None = None
        self._lag_count = 0

    def now(self) -> float:
        """Seconds, by a clock with finer steps than the milliseconds of uvloop's."""
        return perf_counter()

    def add(self, item: _Item) -> None:
        """Take an entry into this turn's batch, or, if nobody waits for it, into the next one."""
        self._batch.append(item)
        self._batch_bytes += len(item.draft.payload or b"")
        if item.unit is not None:
            item.unit.recorded_at_seconds = self.now()
            if not self._flush_due:
                self._flush_due = True
                self._loop.call_soon(self.flush)
        elif self._timer is None:
            self._timer = self._loop.call_later(_OUTCOME_SECONDS_MAX, self._flush_late)
        if len(self._batch) >= _BATCH_DRAFTS_MAX or self._batch_bytes >= _BATCH_BYTES_MAX:
            self.flush()

    def finding(self, finding: Finding) -> None:
        """Take in an entry that sums up what nobody waits for."""
        header: dict[str, HeaderValue] = {
            "rule": finding.rule,
            "severity": "notice",
            "observed_count": finding.observed_count,
            "window_from": _utc(finding.from_seconds),
            "window_until": _utc(finding.until_seconds),
        }
        payload = encode_json(finding.content).encode()
        self.add(_Item(RawDraft(encode_header(EntryKind.FINDING, header), payload)))

    def flush(self) -> None:
        """Submit what was gathered."""
        batch, self._batch, self._batch_bytes = self._batch, [], 0
        self._flush_due = False
        if not batch:
            return
        future = self._notary.submit([item.draft for item in batch])
        started = self.now()
        self._move_lag(len(batch))
        future.add_done_callback(lambda done: self._settled(batch, started, done))

    def _flush_late(self) -> None:
        self._timer = None
        self.flush()

    def _settled(
        self, batch: list[_Item], started: float, done: asyncio.Future[Acknowledgement]
    ) -> None:
        self._move_lag(-len(batch))
        if done.cancelled() or done.exception() is not None:
            # The client of the notary has told the worker; nothing is released any more.
            return
        index = done.result().first_index
        latest: dict[Callable[[int], None], int] = {}
        for item in batch:
            if item.unit is not None and item.durable is not None:
                item.unit.index = index
                latest[item.durable] = item.unit.number
            index += 1
        if self.metrics is not None:
            self.metrics.ledger_committed(self.now() - started)
        for durable, number in latest.items():
            durable(number)

    def _move_lag(self, count: int) -> None:
        self._lag_count += count
        if self.metrics is not None:
            self.metrics.ledger_lag(self._lag_count)


class Ledger:
    """A worker's line to the ledger. `on_failure` is called once, when it can record no more."""

    def __init__(self, client: NotaryClient, recorder: Recorder) -> None:
        self.recorder = recorder
        self.on_failure: Callable[[], None] | None = None
        self._client = client
        client.on_failure = self._failed
        self.give_up_after = client.give_up_after

    async def policy_in_force(
        self, digest: str, *, relations_count: int, principals_count: int
    ) -> None:
        """Record that this policy is what statements are judged by. Raises `RecordUnavailable`."""
        header: dict[str, HeaderValue] = {
            "policy": digest,
            "event": "in-force",
            "relations_count": relations_count,
            "principals_count": principals_count,
        }
        try:
            await self._client.submit([Draft(EntryKind.POLICY, header)])
        except LedgerUnavailable as error:
            raise RecordUnavailable(str(error)) from error

    async def close(self) -> None:
        """Send what was submitted and hang up."""
        self.recorder.flush()
        await self._client.close()

    def _failed(self, _: LedgerUnavailable) -> None:
        if self.on_failure is not None:
            self.on_failure()


def require_origin(keys: Path, origin: str) -> None:
    """Raises `ConfigurationError` where the keys belong to a log of another name."""
    try:
        (key, *_) = load_verifier_keys([keys / "log.vkey"])
    except LedgerConfigurationError as error:
        raise ConfigurationError(str(error)) from error
    if key.name != origin:
        raise ConfigurationError(
            "ledger.origin is not the origin of the keys in ledger.keys: write the one that"
            " `fengcun keys show` prints"
        )


async def connect_ledger(socket: Path, keys: Path, metrics: Metrics | None = None) -> Ledger:
    """Raises `ConfigurationError` for unusable keys, `RecordUnavailable` without a notary."""
    try:
        pseudonyms = load_pseudonyms(keys)
        client = await NotaryClient.connect(socket)
    except LedgerConfigurationError as error:
        raise ConfigurationError(str(error)) from error
    except LedgerUnavailable as error:
        raise RecordUnavailable(str(error)) from error
    return Ledger(client, Recorder(client, pseudonyms, metrics))


def _token(name: str) -> str:
    """A relation's name as a header token: what a token cannot hold becomes an underscore."""
    token = _NOT_IN_A_TOKEN.sub("_", name)[:_TOKEN_CHARACTERS_MAX]
    return token if token[:1] not in ("", ".") else "_" + token[1:]


def _utc(seconds: float) -> str:
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _coarse_ms(seconds: float) -> int:
    """Milliseconds rounded up to a power of two, so that nothing can be read from its digits."""
    milliseconds = max(0, int(seconds * 1000))
    return 0 if milliseconds == 0 else 1 << (milliseconds - 1).bit_length()
