"""The whole log: what joins its bundles, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing, suppress
from itertools import chain
from types import MappingProxyType
from typing import Final

from ledger.checkpoint import (
    CHECKPOINT_BYTES_MAX,
    Checkpoint,
    open_checkpoint,
    parse_checkpoint_text,
)
from ledger.errors import FormatError
from ledger.fetch import LogReader, entries, snapshot
from ledger.merkle import Frontier, leaf_hash
from ledger.note import VerifierKey, parse_note, require_all
from ledger.rotation import KeysInForce, retired, succession
from ledger.tile import HASH_BYTES, TILE_WIDTH, TileSlot, TileStack, complete_root
from ledger.verify.bundles import JudgedBundle, Published, judge_bundle, read_whole_tile
from ledger.verify.entries import Expected, Found, InForce, Judged, Wrong, judge_entries, unlinked
from ledger.verify.processes import judge_in_order, runs_of, usable_processes
from ledger.verify.report import Fault, LogInvalid, Report, Tally
from ledger.wal import Frame, JoinedSegments, WalDamaged

_BUNDLE_HEIGHT: Final = 8  # of the subtree over a full bundle

Progress = Callable[[int, int], None]


def verify_log(
    reader: LogReader,
    keys: Sequence[VerifierKey],
    *,
    seen: Iterable[Checkpoint] = (),
    erased: Iterable[int] = (),
    progress: Progress = lambda done, total: None,
    signatures: bool = True,
    process_count: int | None = None,
) -> Report:
    """Raises `LogInvalid` for the first thing that is wrong, `FileNotFoundError` for no log.

    `seen` are checkpoints of this log kept elsewhere: without one, a whole older copy of the log
    is as valid as it was when it was new. `erased` are entries whose payloads were erased by an
    order that a later log records. Without `signatures` all is checked but the entries' own
    signatures. `process_count` workers are used, None for as many as help.
    """
    parts = reader, keys, tuple(seen), frozenset(erased), progress, process_count
    if signatures:
        return _verify(*parts, signatures=True)
    try:
        return _verify(*parts, signatures=False)
    except LogInvalid:
        _verify(*parts, signatures=True)  # names an earlier entry where its signature is bad
        raise


def _verify(
    reader: LogReader,
    keys: Sequence[VerifierKey],
    seen: Sequence[Checkpoint],
    erased: frozenset[int],
    progress: Progress,
    process_count: int | None,
    *,
    signatures: bool,
) -> Report:
    try:
        note, wal = snapshot(reader)
    except WalDamaged as error:
        raise LogInvalid(Fault.WAL, error.index, str(error)) from error
    except FormatError as error:
        raise LogInvalid(Fault.CHECKPOINT, None, str(error)) from error
    checkpoint = _open(reader, note, keys)
    whole = _Whole(reader, keys, checkpoint, note, wal, seen, erased, signatures=signatures)
    total = max(checkpoint.size, wal.end_index)
    try:
        for size in chain(whole.published(process_count), whole.tail()):
            progress(size, total)
    except Wrong as wrong:
        raise LogInvalid(wrong.found.fault, wrong.found.index, str(wrong)) from wrong
    return whole.report()


def _open(reader: LogReader, note: bytes, keys: Sequence[VerifierKey]) -> Checkpoint:
    try:
        return open_checkpoint(note, keys)
    except FormatError as error:
        successor = _successor_that_signed(reader, note, keys)
        if successor is not None:
            key, index = successor
            raise LogInvalid(Fault.RETIRED, index, retired(index, key)) from error
        raise LogInvalid(Fault.CHECKPOINT, None, str(error)) from error


def _successor_that_signed(
    reader: LogReader, note: bytes, keys: Sequence[VerifierKey]
) -> tuple[VerifierKey, int] | None:
    """Whom the keys that were given named, and where. No verdict hangs on it, only what it says."""
    try:
        successors = succession((data for _, data, _ in entries(reader)), keys)
    except (FormatError, FileNotFoundError):
        return None
    for key, index in reversed(successors):
        with suppress(FormatError):
            open_checkpoint(note, [key])
            return key, index
    return None


class _Whole:
    """One pass over the log, in order of index."""

    def __init__(
        self,
        reader: LogReader,
        keys: Sequence[VerifierKey],
        checkpoint: Checkpoint,
        note: bytes,
        wal: JoinedSegments,
        seen: Sequence[Checkpoint],
        erased: frozenset[int],
        *,
        signatures: bool,
    ) -> None:
        self._given = frozenset(key for key in keys if key.name == checkpoint.origin)
        self._checkpoint, self._note = checkpoint, note
        self._wal = wal
        self._seen = seen
        # Of the write-ahead frames that were published already: what they say about the same.
        frames = [frame for frame in wal.frames if frame.first_index < checkpoint.size]
        self._promised_notes = {frame.end_index: frame.checkpoint_note for frame in frames}
        promised = {
            frame.first_index + offset: leaf_hash(entry)
            for frame in frames
            for offset, entry in enumerate(frame.entries)
        }
        expected = Expected(checkpoint.origin, signatures, promised)
        rooted = frozenset([*self._promised_notes, *(each.size for each in seen)])
        self._published = Published(reader, checkpoint.size, expected, rooted)
        self._in_force: InForce | None = None
        self._changes: list[tuple[int, KeysInForce]] = []  # the size from which on each holds
        self._frontier = Frontier()
        self._tiles = TileStack()  # of the roots of full bundles: one level up
        self._previous = bytes(HASH_BYTES)
        self._epochs: set[int] = set()
        self._tally = Tally()
        self._tally.payloads.erased.update(index for index in erased if index < checkpoint.size)

    def published(self, process_count: int | None) -> Iterable[int]:
        """Judge what the checkpoint covers; how much of it is judged, now and then."""
        bundle_count = -(-self._checkpoint.size // TILE_WIDTH)
        if process_count is None:
            process_count = usable_processes(self._published, bundle_count)
        if bundle_count:
            # What the genesis entry lays down is needed for all others.
            self._bundle(judge_bundle(self._published, 0, None))
            yield self._frontier.size
        runs = runs_of(1, bundle_count, process_count)
        with closing(
            judge_in_order(self._published, runs, self._in_force, process_count)
        ) as judged:
            for bundles in judged:
                for bundle in bundles:
                    self._bundle(bundle)
                yield self._frontier.size
        for slot, data in self._tiles.partial_tiles():
            self._compare_tile(slot, data)
        self._require_checkpoint(self._note)
        self._require_trust()

    def tail(self) -> Iterable[int]:
        """Judge the frames that are durable and not published yet."""
        for frame in self._wal.frames:
            if frame.first_index >= self._checkpoint.size:
                self._frame(frame)
                yield self._frontier.size
        size = self._frontier.size
        for checkpoint in self._seen:
            if checkpoint.size > size:
                detail = f"{checkpoint.size} entries were seen elsewhere, {size} are here"
                raise LogInvalid(Fault.ROLLBACK, size, detail)
        gone = self._tally.payloads.without_order()
        if gone is not None:
            detail = f"the payload of entry {gone} is not here, and no order erased it"
            if self._in_force is not None and self._in_force.ended is not None:
                detail += " that this log knows: if a later one does, verify that with this"
            raise LogInvalid(Fault.PAYLOAD_GONE, gone, detail)

    def report(self) -> Report:
        tally = self._tally
        assert self._in_force is not None
        keys = self._in_force.keys
        all_keys = (*(key for key, _ in keys.succeeded), *keys.logs)
        return Report(
            origin=self._checkpoint.origin,
            size=self._frontier.size,
            published_size=self._checkpoint.size,
            root=self._frontier.root(),
            signatures_checked=self._published.expected.signatures,
            kinds=MappingProxyType(dict(tally.kinds)),
            payloads_present_count=tally.payloads.present_count,
            payloads_absent_count=tally.payloads.absent_count,
            payloads_erased_count=tally.payloads.erased_count,
            erasures_unfinished_count=tally.payloads.unfinished_count,
            torn_bytes=self._wal.torn_bytes,
            first_time=tally.first_time,
            last_time=tally.last_time,
            log_keys=keys.logs,
            succeeded=keys.succeeded,
            not_given=tuple(key for key in dict.fromkeys(all_keys) if key not in self._given),
            unknown=tuple(sorted(self._given - {*all_keys}, key=str)),
            predecessor=self._in_force.predecessor,
            ended=self._in_force.ended,
            erased_earlier=MappingProxyType(
                {log: frozenset(indices) for log, indices in tally.payloads.elsewhere.items()}
            ),
        )

    def _frame(self, frame: Frame) -> None:
        self._take(
            judge_entries(
                self._published.expected,
                self._in_force,
                frame.first_index,
                frame.entries,
                frame.ciphertexts,
            )
        )
        self._require_checkpoint(frame.checkpoint_note, frame.first_index)
        self._require_trust()

    def _bundle(self, bundle: JudgedBundle) -> None:
        self._take(bundle.judged, bundle.root, publishing=True)

    def _take(self, judged: Judged, root: bytes = b"", *, publishing: bool = False) -> None:
        """Join what was judged to what came before. Raises `Wrong` or `LogInvalid`."""
        found = self._first_wrong(judged)
        self._changes += [(index + 1, keys) for index, keys in judged.changes]
        if root and found is None:
            self._frontier.append_subtree(root, _BUNDLE_HEIGHT)
            self._finish_bundle(root)
            self._compare_roots()
        leaves = judged.leaves if found is None else judged.leaves[: found.index - judged.base]
        for leaf in leaves:
            self._frontier.append(leaf)
            if publishing and self._frontier.size % TILE_WIDTH == 0:
                self._finish_bundle(complete_root(leaves))
            self._compare_roots()
        if found is not None:
            raise Wrong(found.fault, found.index, found.detail)
        self._previous = judged.last_digest
        self._epochs.update(judged.epochs)
        self._in_force = judged.in_force
        self._tally.add(judged.tally)

    def _first_wrong(self, judged: Judged) -> Found | None:
        """What was found, unless what came before shows something earlier."""
        found, base = judged.found, judged.base
        if not judged.first_previous:
            return found
        if judged.first_previous != self._previous:
            return Found(Fault.UNLINKED, base, unlinked(base))
        missing = [at for epoch, at in judged.borrowed.items() if epoch not in self._epochs]
        if missing and (found is None or min(missing) <= found.index):
            index = min(missing)
            return Found(Fault.EPOCH, index, f"no key entry for the payload of entry {index}")
        return found

    def _finish_bundle(self, root: bytes) -> None:
        for slot, data in self._tiles.append(root):
            self._compare_tile(slot, data)

    def _compare_tile(self, slot_of_roots: TileSlot, expected: bytes) -> None:
        """Tiles over the roots of bundles are the log's own, a level up."""
        slot = TileSlot(slot_of_roots.level + 1, slot_of_roots.number, slot_of_roots.width)
        under = TILE_WIDTH**slot.level
        base = slot.number * TILE_WIDTH * under
        given = read_whole_tile(self._published.reader, slot, base)
        for at in range(0, len(expected), HASH_BYTES):
            if given[at : at + HASH_BYTES] != expected[at : at + HASH_BYTES]:
                index = base + at // HASH_BYTES * under
                raise Wrong(Fault.TILE, index, f"{slot.path} has another hash")

    def _compare_roots(self) -> None:
        size = self._frontier.size
        if size not in self._published.rooted_sizes:
            return
        if size in self._promised_notes:
            self._require_checkpoint(self._promised_notes[size], size)
        for checkpoint in self._seen:
            if checkpoint.size == size and checkpoint.root != self._frontier.root():
                detail = f"the first {size} entries are not those that were seen elsewhere"
                raise LogInvalid(Fault.FORK, None, detail)

    def _require_checkpoint(self, note: bytes, index: int | None = None) -> None:
        """It covers the entries so far, and every log key that is in force after them signed it."""
        size = self._frontier.size
        keys = next(keys for since, keys in reversed(self._changes) if since <= size)
        try:
            parsed = parse_note(note, note_bytes_max=CHECKPOINT_BYTES_MAX)
            checkpoint = parse_checkpoint_text(parsed.text)
            require_all(parsed, keys.logs)
        except FormatError as error:
            detail = f"the checkpoint of {size} entries: {error}"
            raise LogInvalid(Fault.CHECKPOINT, index, detail) from error
        here = self._checkpoint.origin, size, self._frontier.root()
        if (checkpoint.origin, checkpoint.size, checkpoint.root) != here:
            detail = f"the entries do not have the signed root of {checkpoint.size} entries"
            raise LogInvalid(Fault.ROOT, None, detail)

    def _require_trust(self) -> None:
        """One of the keys that sign now was given. What the log says of others hangs on that."""
        assert self._in_force is not None
        keys = self._in_force.keys
        if not self._given.isdisjoint(keys.logs):
            return
        if self._given.isdisjoint(key for key, _ in keys.succeeded):
            raise LogInvalid(Fault.GENESIS, 0, "the log was begun with another key")
        index = keys.succeeded[-1][1]
        raise LogInvalid(Fault.RETIRED, index, retired(index, keys.logs[-1]))
