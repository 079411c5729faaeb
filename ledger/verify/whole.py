"""The whole log: what joins its bundles, and what they add up to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import chain
from types import MappingProxyType
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import FormatError
from ledger.fetch import LogReader, snapshot
from ledger.merkle import Frontier, leaf_hash
from ledger.note import VerifierKey
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
    progress: Progress = lambda done, total: None,
    signatures: bool = True,
    process_count: int | None = None,
) -> Report:
    """Raises `LogInvalid` for the first thing that is wrong, `FileNotFoundError` for no log.

    `seen` are checkpoints of this log kept elsewhere: without one, a whole older copy of the log
    is as valid as it was when it was new. Without `signatures` all is checked but the entries' own
    signatures. `process_count` workers are used, None for as many as help.
    """
    parts = reader, keys, tuple(seen), progress, process_count
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
    checkpoint = _open(note, keys, None)
    whole = _Whole(reader, keys, checkpoint, wal, seen, signatures=signatures)
    total = max(checkpoint.size, wal.end_index)
    try:
        for size in chain(whole.published(process_count), whole.tail()):
            progress(size, total)
    except Wrong as wrong:
        raise LogInvalid(wrong.found.fault, wrong.found.index, str(wrong)) from wrong
    return whole.report()


def _open(note: bytes, keys: Sequence[VerifierKey], index: int | None) -> Checkpoint:
    try:
        return open_checkpoint(note, keys)
    except FormatError as error:
        raise LogInvalid(Fault.CHECKPOINT, index, str(error)) from error


class _Whole:
    """One pass over the log, in order of index."""

    def __init__(
        self,
        reader: LogReader,
        keys: Sequence[VerifierKey],
        checkpoint: Checkpoint,
        wal: JoinedSegments,
        seen: Sequence[Checkpoint],
        *,
        signatures: bool,
    ) -> None:
        self._keys = keys
        self._checkpoint = checkpoint
        self._wal = wal
        self._seen = seen
        # Of the write-ahead frames that were published already: what they say about the same.
        frames = [frame for frame in wal.frames if frame.first_index < checkpoint.size]
        self._expected_roots = {
            frame.end_index: _open(frame.checkpoint_note, keys, frame.first_index)
            for frame in frames
        }
        promised = {
            frame.first_index + offset: leaf_hash(entry)
            for frame in frames
            for offset, entry in enumerate(frame.entries)
        }
        expected = Expected(checkpoint.origin, tuple(keys), signatures, promised)
        rooted = frozenset([*self._expected_roots, *(each.size for each in seen)])
        self._published = Published(reader, checkpoint.size, expected, rooted)
        self._in_force: InForce | None = None
        self._frontier = Frontier()
        self._tiles = TileStack()  # of the roots of full bundles: one level up
        self._previous = bytes(HASH_BYTES)
        self._epochs: set[int] = set()
        self._tally = Tally()

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
        self._require_root(self._checkpoint)

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
            raise LogInvalid(Fault.PAYLOAD_GONE, gone, detail)

    def report(self) -> Report:
        tally = self._tally
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
        self._require_root(_open(frame.checkpoint_note, self._keys, frame.first_index))

    def _bundle(self, bundle: JudgedBundle) -> None:
        self._take(bundle.judged, bundle.root, publishing=True)

    def _take(self, judged: Judged, root: bytes = b"", *, publishing: bool = False) -> None:
        """Join what was judged to what came before. Raises `Wrong` or `LogInvalid`."""
        found = self._first_wrong(judged)
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
        if size in self._expected_roots:
            self._require_root(self._expected_roots[size])
        for checkpoint in self._seen:
            if checkpoint.size == size and checkpoint.root != self._frontier.root():
                detail = f"the first {size} entries are not those that were seen elsewhere"
                raise LogInvalid(Fault.FORK, None, detail)

    def _require_root(self, checkpoint: Checkpoint) -> None:
        if (checkpoint.size, checkpoint.root) != (self._frontier.size, self._frontier.root()):
            detail = f"the entries do not have the signed root of {checkpoint.size} entries"
            raise LogInvalid(Fault.ROOT, None, detail)
