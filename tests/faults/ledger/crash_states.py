"""Every state that a power cut may leave behind, and a disk that notes which checkpoints got out.

A crash decides about parts, each by itself: the names of each folder, the sectors and the length of
each file. A state is one choice for every part. Where the product of all choices is over
`STATES_MAX`, each pair of parts gets all of its combinations, with the other parts lost and with
them kept. Of more than `SECTORS_MAX` sectors or `NAMES_MAX` names not every subset is taken, but
each prefix, suffix, single one and all but one; a frame has one checksum over all of its sectors.
What the recovery deletes unread (`LEFTOVERS`) is there or not, empty or whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, combinations, product
from math import prod
from typing import TypeVar

from ledger.checkpoint import parse_checkpoint_text
from ledger.errors import FormatError
from ledger.note import parse_note
from ledger.wal import SEGMENT_HEADER_BYTES, decode_frame
from tests.faults.ledger.simulated_disk import Change, SimulatedDisk

STATES_MAX = 4096
SECTORS_MAX = 10
NAMES_MAX = 5
LEFTOVERS = (".state/new", ".state/new-segment")

T = TypeVar("T")


@dataclass(frozen=True)
class Choice:
    """What of one part reached the disk."""

    changes: tuple[int, ...] = ()
    inode: int = 0
    blocks: tuple[int, ...] = ()
    extended: bool = False


class RecordingDisk(SimulatedDisk):
    """Remembers the root of each checkpoint that may be known to somebody: one that was synced in
    the write-ahead log, so that a receipt may have followed, or that was published.

    `forks` are the sizes that got two roots. One that was signed for a frame which a crash took
    away was in no receipt and in no file that readers read.
    """

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, bytes] = {}
        self.forks: list[int] = []

    def copy(self) -> RecordingDisk:
        made = super().copy()
        made.known, made.forks = dict(self.known), list(self.forks)
        return made

    def sync(self, handle: int) -> None:
        super().sync(handle)
        self._record_segments()

    def sync_folder(self, folder: str) -> None:
        super().sync_folder(folder)
        if folder == ".state/wal":
            self._record_segments()

    def _record_segments(self) -> None:
        """Whatever is durable under a durable name may have been acknowledged."""
        for data in self.durable_in(".state/wal"):
            offset = SEGMENT_HEADER_BYTES
            while True:
                try:
                    frame, offset = decode_frame(data, offset)
                except FormatError:
                    break
                self._record(frame.checkpoint_note)

    def rename(self, source: str, target: str) -> None:
        super().rename(source, target)
        if target == "checkpoint":
            self._record(self.read(target))

    def _record(self, note: bytes) -> None:
        checkpoint = parse_checkpoint_text(parse_note(note).text)
        if self.known.setdefault(checkpoint.size, checkpoint.root) != checkpoint.root:
            self.forks.append(checkpoint.size)


def crash_states(disk: RecordingDisk) -> Iterator[tuple[bytes, RecordingDisk]]:
    """Each distinct state that a power cut may leave now, with a digest that tells it apart."""
    changes, dirty = disk.unsynced()
    parts = list(_parts(disk))
    found: set[bytes] = set()
    for choices in _combinations(parts):
        kept = sorted(chain.from_iterable(choice.changes for choice in choices))
        blocks = {choice.inode: set(choice.blocks) for choice in choices if choice.inode in dirty}
        extended = {choice.inode for choice in choices if choice.extended}
        state = disk.after([changes[number] for number in kept], blocks, extended)
        state.known, state.forks = dict(disk.known), list(disk.forks)
        digest = digest_of(state)
        if digest not in found:
            found.add(digest)
            yield digest, state


def is_bounded(disk: RecordingDisk) -> bool:
    """Whether not every subset of what is unsynced now is taken."""
    changes, dirty = disk.unsynced()
    per_folder = [sum(change.folder == folder for change in changes) for folder in _folders(disk)]
    large = any(len(inode.dirty_blocks) > SECTORS_MAX for inode in _named(disk, dirty))
    many = any(count > NAMES_MAX for count in per_folder)
    return large or many or prod(len(part) for part in _parts(disk)) > STATES_MAX


def digest_of(disk: SimulatedDisk) -> bytes:
    digest = hashlib.blake2b(digest_size=16)
    for path, data in sorted(disk.contents().items()):
        content = b"" if data is None or path in LEFTOVERS else hashlib.sha256(data).digest()
        digest.update(f"{path}\0{data is None}\0".encode() + content)
    return digest.digest()


def _folders(disk: SimulatedDisk) -> list[str]:
    changes, _ = disk.unsynced()
    return sorted({change.folder for change in changes if not _is_leftover(change)})


def _is_leftover(change: Change) -> bool:
    return {*change.added, *change.removed} <= set(LEFTOVERS)


def _named(disk: SimulatedDisk, dirty: dict) -> list:
    """Dirty files that have, or may get, another name than that of a leftover."""
    changes, _ = disk.unsynced()
    named = {number for path, number in disk.numbers().items() if path not in LEFTOVERS}
    for change in changes:
        named |= {number for path, number in change.added.items() if path not in LEFTOVERS}
    return [inode for number, inode in dirty.items() if number in named]


def _parts(disk: SimulatedDisk) -> Iterator[list[Choice]]:
    """The first choice of each part is that all is lost, the last that all is there."""
    changes, dirty = disk.unsynced()
    for folder in _folders(disk):
        numbers = [
            number
            for number, change in enumerate(changes)
            if change.folder == folder and not _is_leftover(change)
        ]
        yield [Choice(changes=subset) for subset in _subsets(numbers, NAMES_MAX)]
    leftovers = [number for number, change in enumerate(changes) if _is_leftover(change)]
    if leftovers:
        added = tuple(number for number in leftovers if changes[number].added)
        yield [Choice(), Choice(changes=added), Choice(changes=tuple(leftovers))]
    watched = {id(inode) for inode in _named(disk, dirty)}
    for number, inode in dirty.items():
        blocks = sorted(inode.dirty_blocks)
        if id(inode) not in watched:
            yield [Choice(inode=number), Choice(inode=number, blocks=tuple(blocks), extended=True)]
            continue
        lengths = (False, True) if len(inode.volatile) > len(inode.durable) else (False,)
        yield [
            Choice(inode=number, blocks=subset, extended=extended)
            for extended, subset in product(lengths, _subsets(blocks, SECTORS_MAX))
        ]


def _subsets(items: Sequence[T], full_max: int) -> list[tuple[T, ...]]:
    count = len(items)
    if count <= full_max:
        return [subset for size in range(count + 1) for subset in combinations(items, size)]
    some = [tuple(items[:end]) for end in range(count)]
    some += [tuple(items[start:]) for start in range(1, count)]
    some += [(item,) for item in items]
    some += [(*items[:at], *items[at + 1 :]) for at in range(count)]
    return [*some, tuple(items)]


def _combinations(parts: Sequence[list[Choice]]) -> Iterator[Sequence[Choice]]:
    if prod(map(len, parts)) <= STATES_MAX:
        yield from product(*parts)
        return
    for rest in (0, -1):
        for first, second in combinations(range(len(parts)), 2):
            for one, other in product(parts[first], parts[second]):
                choices = [part[rest] for part in parts]
                choices[first], choices[second] = one, other
                yield choices
