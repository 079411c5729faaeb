"""What sessions ask the budget for, by pseudonyms; and what was granted, read from the ledger again
after a restart.

A decision is recorded before anything of its answer is released, with the people that it names or
the number that was set aside, so whatever was seen is counted again. How far it was read is kept in
a file beside the log, with all counts, under a tag that takes the log's pseudonym key; a file that
is missing, broken or of other limits costs the reading of a year. The uses of permits are counted
from the same entries, each exactly once: the file says up to which entry it has them.
"""

from __future__ import annotations

import hmac
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from ledger.checkpoint import parse_checkpoint_text
from ledger.disk import replace_file
from ledger.entry import parse_entry
from ledger.errors import ConfigurationError as LedgerConfigurationError
from ledger.errors import FormatError
from ledger.evidence.filters import EntryFilter
from ledger.evidence.scan import Found, scan
from ledger.fetch import CHECKPOINT_PATH, DirectoryLog
from ledger.header import EntryKind, HeaderValue
from ledger.keys import load_pseudonyms
from ledger.note import parse_note
from ledger.pseudonyms import Pseudonyms
from proxy.errors import ConfigurationError, RecordUnavailable
from proxy.names import PrincipalName
from proxy.policy.budget import Account, Asker, Budget, Request, Spent
from proxy.policy.limits import YEAR_SECONDS, Limits
from proxy.record.permits import USED
from proxy.session.commands import Need

_log = logging.getLogger(__name__)
_DOMAIN: Final = b"budget-snapshot\0"
_OPEN_MAX: Final = 10_000
_SLACK_SECONDS: Final = 86_400

LimitsOf = Mapping[PrincipalName, Limits]


def request(need: Need, principal: PrincipalName, pseudonyms: Pseudonyms) -> Request:
    """What a session needs, without anything that names a person."""
    who = need.attribution
    asker = Asker(
        principal,
        "" if who.operator is None else pseudonyms.of("operator", who.operator),
        "" if who.case is None else pseudonyms.of("case", who.case),
    )
    most = None if need.rows_max is None else need.rows_max * need.weight
    people = tuple(pseudonyms.of(*each) for each in need.people)
    return Request(asker, people, most, need.uses)


class Spending:
    """A budget and the log it is read from. Its methods block: call them in a thread."""

    def __init__(self, log: Path, keys: Path, file: Path) -> None:
        """``file`` is where counts are kept between runs. Raises `ConfigurationError`."""
        self._reader = DirectoryLog(log)
        self._file = file
        self._tally: _Tally | None = None
        self._reading = threading.Lock()
        try:
            self._key = load_pseudonyms(keys).key
        except LedgerConfigurationError as error:
            raise ConfigurationError(str(error)) from error

    def read(
        self, limits: LimitsOf, now: float, ticket: int = 0, *, counts_uses: bool = False
    ) -> Budget:
        """The budget as the log has it; without limits the log is read for the uses alone, where
        they are wanted. Raises `RecordUnavailable` where it cannot be read."""
        if not limits and not counts_uses:
            return Budget({}, ticket=ticket)
        with self._reading:
            begun = self._recall(limits, ticket)
            budget, start, tally = begun or (Budget(limits, ticket=ticket), 0, _Tally())
            try:
                self._enter(budget, tally, start, now - YEAR_SECONDS - _SLACK_SECONDS)
            except (OSError, FormatError) as error:
                problem = f"what was asked for cannot be read again: {error}"
                raise RecordUnavailable(problem) from error
            self._tally = tally
        return budget

    @property
    def uses(self) -> Mapping[str, int] | None:
        """How often each permit was used, by number, as far as the log was read; None before."""
        return None if self._tally is None else self._tally.counts

    def size(self) -> int:
        """How many entries are published: what is behind them is read again."""
        return parse_checkpoint_text(parse_note(self._reader.read(CHECKPOINT_PATH)).text).size

    def remember(self, size: int, limits: LimitsOf, kept: list[object]) -> None:
        """Keep a copy of the counts (`copy`) that holds all entries before ``size``. Raises
        OSError and `RecordUnavailable`."""
        with self._reading:
            tally = self._tally or _Tally()
            try:
                # Read, for what the owner has in memory may be behind `size`, or nowhere yet.
                for found in scan(self._reader, _USING, start=tally.end, end=size):
                    tally.take(found)
            except FormatError as error:
                raise RecordUnavailable(f"what was used cannot be read again: {error}") from error
            self._tally = tally
            uses = [tally.end, tally.counts]
            counts = {"size": size, "limits": _written(limits), "kept": kept, "uses": uses}
            body = json.dumps(counts).encode()
            replace_file(self._file, self._tag(body) + b"\n" + body, mode=0o600)

    def _recall(self, limits: LimitsOf, ticket: int) -> tuple[Budget, int, _Tally] | None:
        try:
            tag, _, body = self._file.read_bytes().partition(b"\n")
            if not hmac.compare_digest(tag, self._tag(body)):
                raise ValueError("not authenticated")
            found = json.loads(body)
            if found["limits"] != _written(limits) or found["size"] > self.size():
                return None
            budget = Budget(limits, ticket=ticket)
            for principal, kind, name, last, buckets in found["kept"]:
                account = Account(PrincipalName(principal), kind, name)
                budget.take_up(account, last, {int(b): many for b, many in buckets.items()})
            end, uses = found["uses"]
            return budget, int(found["size"]), _Tally(uses, end)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, FormatError, RecursionError):
            _log.warning("the counts that were kept cannot be used: the log is read instead")
            return None

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, _DOMAIN + body, "sha256").hex().encode()

    def _enter(self, budget: Budget, tally: _Tally, start: int, since_seconds: float) -> None:
        kinds = frozenset({EntryKind.DECISION, EntryKind.OUTCOME, EntryKind.PERMIT})
        since = datetime.fromtimestamp(max(0, int(since_seconds)), UTC)
        wanted = EntryFilter(kinds=kinds, since=since.strftime("%Y-%m-%dT%H:%M:%S.000Z"))
        opened: OrderedDict[int, tuple[int, int]] = OrderedDict()
        for found in scan(self._reader, wanted, start=start):
            tally.take(found)
            if b'"subjects_count":' not in found.data:
                continue
            entry, _ = parse_entry(found.data)
            header = entry.header
            if entry.kind is EntryKind.OUTCOME:
                ticket, unnamed = opened.pop(_count(header, "decision"), (0, 0))
                budget.give_back(ticket, unnamed - _count(header, "subjects_count"))
                continue
            spent = _spent(header, entry.time)
            if spent is not None and (ticket := budget.enter(spent)):
                opened[found.index] = (ticket, spent.unnamed)
                if len(opened) > _OPEN_MAX:
                    opened.popitem(last=False)


_USING: Final = EntryFilter(kinds=frozenset({EntryKind.DECISION, EntryKind.PERMIT}))


class _Tally:
    """The uses of permits by the entries before ``end``, each counted once."""

    def __init__(self, counts: Mapping[str, int] | None = None, end: int = 0) -> None:
        self.counts = dict(counts or {})
        self.end = end

    def take(self, found: Found) -> None:
        """One use of each permit that a decision names, and of that of a batch check; what was
        refused was not used."""
        if found.index < self.end:
            return
        self.end = found.index + 1
        if b'"permit' not in found.data:
            return
        entry, _ = parse_entry(found.data)
        header = entry.header
        of_batch = entry.kind is EntryKind.PERMIT and header.get("event") == USED
        served = entry.kind is EntryKind.DECISION and header.get("verdict") != "refuse"
        if not of_batch and not served:
            return
        several = header.get("permits")
        for number in several if isinstance(several, list) else [header.get("permit")]:
            if number is not None:
                self.counts[str(number)] = self.counts.get(str(number), 0) + 1


def copy(budget: Budget) -> list[object]:
    """The counts as JSON has them, taken at once."""
    out: list[object] = []
    for account, last, buckets in budget.kept():
        counts = {str(bucket): many for bucket, many in buckets.items()}
        out.append([account.principal, account.kind, account.name, dict(last), counts])
    return out


def _spent(header: Mapping[str, HeaderValue], time: str) -> Spent | None:
    """A decision that served people; what was refused was not seen."""
    count = _count(header, "subjects_count")
    if header.get("verdict") == "refuse" or not count:
        return None
    named = header.get("subjects")
    people = tuple(map(str, named)) if isinstance(named, list) else ()
    asker = Asker(
        PrincipalName(str(header.get("principal"))),
        str(header.get("operator") or ""),
        str(header.get("case") or ""),
    )
    at = datetime.fromisoformat(time).timestamp()
    return Spent(at, asker, people, max(0, count - len(people)))


def _count(header: Mapping[str, HeaderValue], name: str) -> int:
    value = header.get(name)
    return value if isinstance(value, int) else 0


def _written(limits: LimitsOf) -> dict[str, str]:
    return {str(name): repr(each) for name, each in sorted(limits.items())}
