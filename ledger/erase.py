"""Erase payloads by order of law, on a log that nobody else writes.

The order is recorded first: durable, signed and published, before one byte of a payload goes. A
crash leaves nothing erased, or an erasure that is recorded and finished by running it again.

    1  recover and publish, as each start does
    2  append the erasure entries; publish; stop
    3  an empty write-ahead segment in place of those that hold the ciphertexts
    4  each payload file with a length of 0 there, replaced as a whole

For a log that is frozen, 1 and 2 are done on one that continues it, 3 and 4 on itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ledger.chain import JudgedDraft, own_draft
from ledger.checkpoint import Checkpoint, parse_checkpoint_text
from ledger.disk import Disk
from ledger.entry import Entry, parse_entry
from ledger.erasure import Order, erased_by, erasure_headers
from ledger.errors import (
    ConfigurationError,
    FormatError,
    InvalidDraft,
    LedgerDamaged,
    LogFrozen,
)
from ledger.fetch import CHECKPOINT_PATH, LogReader, entries
from ledger.fields import EntryKind
from ledger.head import HeadMemory
from ledger.keys import NotaryKeys
from ledger.log import open_sequencer
from ledger.note import parse_note
from ledger.shards import Shard
from ledger.store import (
    RESERVE_BYTES,
    SEGMENT_BYTES,
    WAL_FOLDER,
    WalWriter,
    folder_of,
    remove_leftovers,
    write_file,
)
from ledger.tile import TILE_WIDTH, decode_payload_bundle, encode_payload_bundle, payload_path
from ledger.wal import segment_name

_STOP_REASON: Final = "erasure"
_ERASURE_MARK: Final = b'{"kind":"erasure"'


@dataclass(frozen=True, slots=True)
class Erased:
    """`recorded` are new; `finished` had been recorded before, and were still there."""

    recorded: tuple[int, ...]
    finished: tuple[int, ...]
    files_count: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """A frozen log that payloads go from. Logs that continue it may record earlier orders: those
    `between` it and the one in which this order is recorded."""

    shard: Shard
    disk: Disk
    between: tuple[LogReader, ...] = ()


def erase(
    disk: Disk,
    reader: LogReader,
    keys: NotaryKeys,
    proxy_id: str,
    indices: Sequence[int],
    order: Order,
    *,
    earlier: Earlier | None = None,
    clock_ms: Callable[[], int],
    seen: Sequence[Checkpoint] = (),
    memory: HeadMemory | None = None,
    segment_bytes: int = SEGMENT_BYTES,
    reserve_bytes: int = RESERVE_BYTES,
) -> Erased:
    """`reader` reads what `disk` writes. Takes the writer's lock and keeps it; that of `earlier`,
    too, where it is from there that payloads go.

    Raises `ConfigurationError` for what cannot be erased, before anything is signed, and what
    `open_sequencer` raises.
    """
    wanted = sorted(set(indices))
    log = None if earlier is None else earlier.shard.origin
    _drafts(order, wanted, log)
    try:
        sequencer = open_sequencer(
            disk,
            keys,
            proxy_id,
            clock_ms=clock_ms,
            seen=seen,
            memory=memory,
            segment_bytes=segment_bytes,
            reserve_bytes=reserve_bytes,
        )
    except LogFrozen as error:
        raise ConfigurationError(
            f"the log {keys.origin} is frozen: no entry may follow, so no erasure can be recorded,"
            " and no payload was erased; say --log for the log that goes on, and --of for this one"
        ) from error
    place, source, recorded = _place(disk, reader, earlier)
    fresh, pending = _judge(source, wanted, recorded)
    # What is damaged is found before anything is signed. An erasure whose process was killed may
    # not be durable yet.
    for folder in sorted({".state", *map(folder_of, _files(place, wanted))}):
        place.sync_folder(folder)
    if not fresh and not pending:
        raise ConfigurationError(f"the payload of entry {wanted[0]} was erased already, by order")
    if fresh:
        sequencer.start()
        sequencer.commit([_drafts(order, fresh, log)])
        sequencer.stop(_STOP_REASON)
        if sequencer.failure is not None:
            raise sequencer.failure
    files_count = _remove(place, log or keys.origin, [*fresh, *pending], clock_ms())
    return Erased(tuple(fresh), tuple(pending), files_count)


def _place(
    disk: Disk, reader: LogReader, earlier: Earlier | None
) -> tuple[Disk, LogReader, frozenset[int]]:
    """Where the payloads are, and which of them later logs say are erased."""
    if earlier is None:
        return disk, reader, frozenset()
    earlier.disk.lock()
    remove_leftovers(earlier.disk)
    orders = _orders(earlier.shard.origin, reader, *earlier.between)
    return earlier.disk, earlier.shard.reader, frozenset(orders)


def _remove(disk: Disk, origin: str, indices: Sequence[int], now_ms: int) -> int:
    _forget_segments(disk, origin, now_ms)
    files = _files(disk, indices)
    for path, offsets in files.items():
        write_file(disk, path, _emptied(disk, path, offsets))
    disk.sync_folder(".state")
    return len(files)


def _drafts(order: Order, indices: Sequence[int], log: str | None) -> list[JudgedDraft]:
    headers = erasure_headers(order, indices, log)
    try:
        return [own_draft(EntryKind.ERASURE, header) for header in headers]
    except InvalidDraft as error:
        raise ConfigurationError(
            f"{error}: order and authority are letters, digits and _ . : / @ + = - without spaces"
        ) from error


def _orders(origin: str, *readers: LogReader) -> Iterator[int]:
    """The entries of an earlier log whose erasure these record."""
    for reader in readers:
        for _, data, _ in entries(reader):
            if _ERASURE_MARK in data:
                log, indices = erased_by(parse_entry(data)[0])
                yield from indices if log == origin else ()


def _judge(
    reader: LogReader, indices: Sequence[int], elsewhere: frozenset[int]
) -> tuple[list[int], list[int]]:
    """Those to record, and those that were recorded, here or `elsewhere`, and are still here."""
    if not indices:
        raise ConfigurationError("say which entries: their indices")
    wanted = set(indices)
    here: set[int] = set()
    recorded = set(elsewhere)
    size = indices[0]
    for index, data, ciphertext in entries(reader, indices[0]):
        size = index + 1
        if index in wanted:
            entry = parse_entry(data)[0]
            _require_payload(entry)
            if ciphertext:
                here.add(index)
        elif _ERASURE_MARK in data:
            entry = parse_entry(data)[0]
            log, named = erased_by(entry)
            recorded.update(named if log == entry.origin else ())
    if indices[-1] >= size:
        raise ConfigurationError(f"there is no entry {indices[-1]}")
    fresh = [index for index in indices if index in here and index not in recorded]
    pending = [index for index in indices if index in here and index in recorded]
    for index in indices:
        if index not in here and index not in recorded:
            raise ConfigurationError(
                f"the payload of entry {index} is missing already, and by no order:"
                " run `fengcun ledger verify`"
            )
    return fresh, pending


def _require_payload(entry: Entry) -> None:
    if entry.payload is None:
        raise ConfigurationError(
            f"entry {entry.sequence} is a {entry.kind} entry without a payload: nothing to erase"
        )


def _files(disk: Disk, indices: Sequence[int]) -> dict[str, frozenset[int]]:
    """Every payload file that holds one of them, and the places in it.

    A bundle that is not full has a file for each size that was published.
    """
    places: dict[int, set[int]] = {}
    for index in indices:
        places.setdefault(index // TILE_WIDTH, set()).add(index % TILE_WIDTH)
    files: dict[str, frozenset[int]] = {}
    for number, offsets in places.items():
        for path in _files_of(disk, number):
            within = frozenset(offset for offset in offsets if offset < _width_of(path))
            if within:
                _emptied(disk, path, within)
                files[path] = within
    return files


def _files_of(disk: Disk, number: int) -> list[str]:
    """The one that readers use comes last: while it holds the payload, the work is not done."""
    full = payload_path(number)
    paths = [f"{full}.p/{name}" for name in disk.names(f"{full}.p")]
    if full.rpartition("/")[2] in disk.names(folder_of(full)):
        paths.append(full)
    return sorted(paths, key=_width_of)


def _width_of(path: str) -> int:
    """Raises `LedgerDamaged` for a file that no log has."""
    folder, _, name = path.rpartition("/")
    if not folder.endswith(".p"):
        return TILE_WIDTH
    if not name.isascii() or not name.isdigit() or not 0 < int(name) < TILE_WIDTH:
        raise LedgerDamaged(f"{path} is no file of a log")
    return int(name)


def _emptied(disk: Disk, path: str, offsets: frozenset[int]) -> bytes:
    width = _width_of(path)
    try:
        ciphertexts = decode_payload_bundle(disk.read(path), width)
    except FormatError as error:
        raise LedgerDamaged(f"{path} is damaged: {error}") from error
    if len(ciphertexts) != width:
        raise LedgerDamaged(f"{path} holds {len(ciphertexts)} payloads, not {width}")
    return encode_payload_bundle(
        b"" if offset in offsets else ciphertext for offset, ciphertext in enumerate(ciphertexts)
    )


def _forget_segments(disk: Disk, origin: str, now_ms: int) -> None:
    """All is published: one empty segment is what a log needs to go on."""
    checkpoint = parse_checkpoint_text(parse_note(disk.read(CHECKPOINT_PATH)).text)
    wal = WalWriter(disk, origin, segment_bytes=0)
    wal.start_segment(checkpoint.size, checkpoint.root, now_ms)
    wal.close()
    for name in disk.names(WAL_FOLDER):
        if name != segment_name(checkpoint.size):
            disk.remove(f"{WAL_FOLDER}/{name}")
    disk.sync_folder(WAL_FOLDER)
