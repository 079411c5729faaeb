"""Logs that follow each other, a year each say: one is frozen, the next names its last checkpoint.

A log that nobody may sign any more needs no key that could be stolen. What ties the next one to it
is in the next one's genesis entry, so an entry added to the frozen log leaves the chain broken.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.checkpoint import Checkpoint, open_checkpoint, parse_checkpoint_text
from ledger.entry import parse_entry
from ledger.errors import ConfigurationError, FormatError
from ledger.fetch import CHECKPOINT_PATH, LogReader, entry_at
from ledger.note import VerifierKey, parse_note
from ledger.proof import check_proof, prove
from ledger.rotation import frozen, predecessor_of, successor_of
from ledger.verify import Fault, LogInvalid, Progress, Report, verify_log


def require_frozen(reader: LogReader, keys: Sequence[VerifierKey], successor: str) -> Checkpoint:
    """The last checkpoint of a log that `successor` may continue. Raises `ConfigurationError`.

    Looks at the last entry, and that the signed tree ends with it; `verify` looks at the others.
    """
    try:
        size = open_checkpoint(reader.read(CHECKPOINT_PATH), keys).size
        data = entry_at(reader, size - 1, size)
        checkpoint = check_proof(data, prove(reader, size - 1), keys)
        last = parse_entry(data)[0]
    except FormatError as error:
        raise ConfigurationError(f"the earlier log cannot be read: {error}") from error
    if checkpoint.size != size or not frozen(last):
        raise ConfigurationError("the earlier log is not frozen: run `fengcun ledger freeze` first")
    named = successor_of(last)
    if named not in (None, successor):
        raise ConfigurationError(f"the earlier log is continued by {named}, not by {successor}")
    return checkpoint


@dataclass(frozen=True, slots=True)
class Shard:
    """A log among those that follow each other."""

    origin: str
    reader: LogReader


def shard_of(reader: LogReader) -> Shard:
    """Which log it says it is. Raises `FormatError`, or `FileNotFoundError` for no log."""
    return Shard(_checkpoint(reader).origin, reader)


def _checkpoint(reader: LogReader) -> Checkpoint:
    return parse_checkpoint_text(parse_note(reader.read(CHECKPOINT_PATH)).text)


def continued(newest: LogReader, shards: Iterable[Shard]) -> list[Shard]:
    """All of `shards`, the later first, each as the genesis entry of the one after it names it.

    What is in them is not looked at: `verify_earlier` does that. Raises `ConfigurationError`.
    """
    left = {shard.origin: shard for shard in shards}
    found: list[Shard] = []
    later = shard_of(newest)
    while left:
        size = _checkpoint(later.reader).size
        named = predecessor_of(parse_entry(entry_at(later.reader, 0, size))[0])
        if named is None or named.origin not in left:
            raise ConfigurationError(f"{later.origin} does not continue {min(left)}")
        later = left.pop(named.origin)
        if _checkpoint(later.reader) != named:
            raise ConfigurationError(f"{later.origin} is not as it was when it was frozen")
        found.append(later)
    return found


def erased_later(
    reader: LogReader, later: Sequence[LogReader], keys: Sequence[VerifierKey]
) -> frozenset[int]:
    """The entries of a frozen log that logs which continue it, the newest first, say were erased.

    Verifies these. Raises `ConfigurationError` where they do not continue it, and `LogInvalid`.
    """
    if not later:
        return frozenset()
    newest, *between = later
    frozen_one = shard_of(reader)
    if continued(newest, [frozen_one, *map(shard_of, between)])[-1] is not frozen_one:
        raise ConfigurationError(f"give only the logs that continue {frozen_one.origin}")
    reports = [verify_log(each, keys) for each in later]
    named = (report.erased_earlier.get(frozen_one.origin, frozenset()) for report in reports)
    return frozenset().union(*named)


def verify_earlier(
    newest: Report,
    shards: Iterable[Shard],
    keys: Sequence[VerifierKey],
    *,
    signatures: bool = True,
    progress: Progress = lambda done, total: None,
) -> list[Report]:
    """Every log before `newest` that is among `shards`, back to the oldest; the later first. What
    later ones say was erased from an earlier one by order is not missing there.

    Raises `LogInvalid` for what is wrong with one of them or between two, and `ConfigurationError`
    for a shard that none of the others continues.
    """
    left = {shard.origin: shard for shard in shards}
    reports: list[Report] = []
    erased: dict[str, set[int]] = {}
    later = newest
    while left:
        named = later.predecessor
        if named is None or named.origin not in left:
            raise ConfigurationError(f"{later.origin} does not continue {min(left)}")
        reader = left.pop(named.origin).reader
        for log, indices in later.erased_earlier.items():
            erased.setdefault(log, set()).update(indices)
        earlier = verify_log(
            reader,
            keys,
            erased=erased.get(named.origin, ()),
            signatures=signatures,
            progress=progress,
        )
        _require_joint(earlier, later, named)
        reports.append(earlier)
        later = earlier
    return reports


def _require_joint(earlier: Report, later: Report, named: Checkpoint) -> None:
    detail = ""
    if (earlier.size, earlier.root) != (named.size, named.root):
        detail = (
            f"{later.origin} was begun after {named.size} entries of {earlier.origin}, "
            f"which has {earlier.size} or others"
        )
    elif earlier.ended is not None and earlier.ended.successor not in (None, later.origin):
        detail = f"{earlier.origin} was frozen for {earlier.ended.successor}, not {later.origin}"
    if detail:
        raise LogInvalid(Fault.PREDECESSOR, None, detail)
