"""A log with one thing changed, thousands of times, each judged as `fengcun ledger verify` would.

Three outcomes are allowed, and each mutation says which it expects. It is found, with the index of
the entry it hit or with none where no entry can be blamed. Or it shows in the report and destroys
nothing: a payload that is not in this copy, bytes after the last frame. Or nothing in the log can
tell, and a checkpoint that was kept elsewhere does: all that takes away the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from unittest.mock import patch

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.cosignature import CosigningKey, require_cosignature
from ledger.errors import FormatError
from ledger.note import parse_note
from ledger.submission import with_cosignatures
from ledger.tile import HASH_BYTES, decode_bundle, decode_payload_bundle
from ledger.verify import LogInvalid, Report, verify_log
from ledger.wal import SEGMENT_HEADER_BYTES, encode_frame, scan_segment
from tests.faults.ledger.crash_runs import PublicationInStep, publication_of
from tests.unit.ledger.small_log import SmallLog, log_of, notary_keys

KEYS = notary_keys()
WITNESS = CosigningKey("procuratorate.example/w1", bytes(range(32)))
WITNESS_TIME = 1_767_225_700
COSIGNED = f"cosigned/{WITNESS.verifier.id.hex()}"
LINES = ("first line", "origin", "number and link", "time", "header", "payload line", "blank")

Files = Mapping[str, bytes]
Index = int | None


class Found(Enum):
    """Who finds it."""

    BY_THE_LOG = "found in the log itself"
    IN_THE_REPORT = "shown by the report, nothing lost"
    BY_A_CHECKPOINT = "found by a checkpoint kept elsewhere"


@dataclass(frozen=True)
class Mutation:
    """`indices` are those that may be named; empty where any would do."""

    kind: str
    files: Files
    found: Found = Found.BY_THE_LOG
    indices: frozenset[Index] = frozenset()


class MemoryLog:
    """A `LogReader` over files in memory."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def read(self, path: str) -> bytes:
        try:
            return self._files[path]
        except KeyError:
            raise FileNotFoundError(path) from None

    def segments(self) -> list[tuple[str, bytes]]:
        names = sorted(path for path in self._files if path.startswith(".state/wal/"))
        return [(path.rpartition("/")[2], self._files[path]) for path in names]


# No reader opens these: the lock, and what a start makes anew from the log.
UNREAD = frozenset({"lock", "recipients"})


@dataclass
class Original:
    """A log as it was written, and what somebody else knows of it."""

    files: dict[str, bytes]
    report: Report
    published: Checkpoint
    last: Checkpoint  # of the last receipt


def files_of(root: Path) -> dict[str, bytes]:
    """Of a segment only what was written, and a little of the zeros after it."""
    files = {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and path.name not in UNREAD
    }
    return {
        path: data.rstrip(b"\0") + bytes(64) if path.endswith(".seg") else data
        for path, data in files.items()
    }


def verified(files: Files, seen: tuple[Checkpoint, ...] = ()) -> Report:
    """As the command does it, with --witness. Raises what the command reports."""
    if COSIGNED in files:
        require_cosignature(parse_note(files[COSIGNED]), WITNESS.verifier)
        seen = (*seen, open_checkpoint(files[COSIGNED], [KEYS.log.verifier]))
    return verify_log(MemoryLog(files), [KEYS.log.verifier], seen=seen)


def small_original(root: Path) -> Original:
    """15 entries with payloads, 11 published and cosigned; two frames are durable and no more."""
    with patch("ledger.log.Publication", PublicationInStep):
        log = SmallLog(root).create().open()
        assert log.sequencer is not None
        log.append(3)
        log.close()
        log.open()
        log.append(3)
        publication_of(log.sequencer).publish()
        log.append(1)
        log.append(1, batch_count=2)
        files = files_of(root)
        log.close()
    return original_of(files)


def wide_original(root: Path) -> Original:
    """More than a bundle: full tiles, and tiles of level 1."""
    return original_of(files_of(log_of(root, 300).root))


def original_of(files: dict[str, bytes]) -> Original:
    note = parse_note(files["checkpoint"])
    cosigned = with_cosignatures(note, (WITNESS.cosign(note.text, WITNESS_TIME),))
    files = {**files, COSIGNED: cosigned}
    report = verified(files)
    published = open_checkpoint(files["checkpoint"], [KEYS.log.verifier])
    last = Checkpoint(published.origin, report.size, report.root)
    return Original(files, report, published, last)


def outcome(files: Files, seen: tuple[Checkpoint, ...] = ()) -> Report | Exception:
    """The report, or what was found instead of one."""
    try:
        return verified(files, seen)
    except (LogInvalid, FileNotFoundError, FormatError) as error:
        return error


def judge(mutation: Mutation, original: Original) -> None:
    """Raises `AssertionError` unless it is found by whom it should be."""
    kind = mutation.kind
    assert mutation.files != original.files, kind
    found = outcome(mutation.files)
    if isinstance(found, Report):
        assert mutation.found is not Found.BY_THE_LOG, (kind, "is not found", found)
        same = (found.size, found.root) == (original.report.size, original.report.root)
        if mutation.found is Found.IN_THE_REPORT:
            assert same, kind
            assert found != original.report, kind
            return
        if original.last == original.published:  # all that was taken away is published as well
            assert same, kind
            return
        assert not same, (kind, "changed nothing")
        found = outcome(mutation.files, (original.last,))
        assert not isinstance(found, Report), (kind, "is not found by a later checkpoint")
    else:
        assert mutation.found is Found.BY_THE_LOG, (kind, found)
    index = getattr(found, "index", None)
    assert not mutation.indices or index in mutation.indices, (kind, index, found)


def signed_files(original: Original) -> dict[str, bytes]:
    """Without partial files of former sizes: no reader of this checkpoint opens them."""
    width = str(original.published.size % 256)
    return {
        path: data
        for path, data in original.files.items()
        if ".p/" not in path or path.startswith("tile/1") or path.endswith(f".p/{width}")
    }


def flips(original: Original, every: int, start: int = 0) -> Iterator[Mutation]:
    """One bit of each byte of each file."""
    for path, data in signed_files(original).items():
        where = _places(path, data, original)
        for position in range(start % every, len(data), every):
            kind, found, indices = where(position)
            flipped = bytearray(data)
            flipped[position] ^= 1 << (position + start) % 8
            yield Mutation(
                f"flip: {kind}", {**original.files, path: bytes(flipped)}, found, indices
            )


def cuts(original: Original, every: int) -> Iterator[Mutation]:
    """Each file cut at each length."""
    for path, data in signed_files(original).items():
        where = _places(path, data, original)
        ends = wal_ends(path, data) if path.endswith(".seg") else []
        for length in range(0, len(data), every):
            kind, found, indices = where(length)
            if path.endswith(".seg") and length >= SEGMENT_HEADER_BYTES:
                # What was cut off cannot be told from what was never written.
                if length >= ends[-1][0] or any(0 < end - length < 8 for end, _, _ in ends):
                    continue  # nothing but zeros: of the spare room, or behind a frame
                found, indices = Found.BY_A_CHECKPOINT, _left_after_cut(length, ends, original)
            cut = Mutation(f"cut: {kind}", {**original.files, path: data[:length]}, found, indices)
            yield cut


Place = tuple[str, Found, frozenset[Index]]


def _places(path: str, data: bytes, original: Original) -> Callable[[int], Place]:
    """What a position of a file belongs to, and the index that should be named."""
    log = Found.BY_THE_LOG
    if path == "checkpoint":
        # With another origin in it, the write-ahead log is another log's from its first entry.
        return lambda position: ("checkpoint", log, frozenset({None, 0}))
    if path == COSIGNED:
        return lambda position: ("cosignature", log, frozenset({None}))
    if path.endswith(".seg"):
        return _segment_places(path, data, original)
    base = base_of(path)
    if path.startswith("tile/entries/"):
        return _bundle_places(path, data, base)
    if path.startswith("payload/"):
        return _payload_places(data, base)
    level = int(path.split("/")[1])
    under = 256**level
    return lambda position: (
        f"tile of level {level}",
        log,
        frozenset({(base + position // HASH_BYTES) * under, base * under}),
    )


def base_of(path: str) -> int:
    """Index of the first item of a tile or bundle, of which there are fewer than 1000."""
    return int(path.partition(".p/")[0][-3:]) * 256


def _bundle_places(path: str, data: bytes, base: int) -> Callable[[int], Place]:
    places: list[tuple[int, str]] = []
    for number, entry in enumerate(decode_bundle(data)):
        lines = entry.split(b"\n")
        names = ["length"] * 2
        for line, name in zip(lines, (*LINES, *["signature"] * 9), strict=False):
            names += [name] * (len(line) + 1)
        names = names[: 2 + len(entry)]
        places += [(base + number, name) for name in names]

    def place(position: int) -> Place:
        index, name = places[position]
        return f"entry, {name}", Found.BY_THE_LOG, frozenset({index})

    return place


def _payload_places(data: bytes, base: int) -> Callable[[int], Place]:
    places: list[frozenset[Index]] = []
    items = decode_payload_bundle(data)
    for number, ciphertext in enumerate(items):
        # With a wrong length the rest is cut into pieces that may end anywhere behind it.
        behind = range(base + number, base + len(items) + 1)
        places += [frozenset(behind)] * 4 + [frozenset({base + number})] * len(ciphertext)
    return lambda position: ("payload", Found.BY_THE_LOG, places[position])


def wal_ends(path: str, data: bytes) -> list[tuple[int, int, int]]:
    """(where it ends, first index, end index) of each frame."""
    frames, _ = scan_segment(data, int(path[-24:-4]))
    ends, offset = [], SEGMENT_HEADER_BYTES
    for frame in frames:
        offset += len(encode_frame(frame))
        ends.append((offset, frame.first_index, frame.end_index))
    return ends


def _segment_places(path: str, data: bytes, original: Original) -> Callable[[int], Place]:
    ends = wal_ends(path, data)

    def place(position: int) -> Place:
        if position < SEGMENT_HEADER_BYTES:
            return "write-ahead log, header", Found.BY_THE_LOG, frozenset({0})
        for number, (end, first_index, _) in enumerate(ends):
            if position < end:
                last = number == len(ends) - 1
                # The last frame may have been torn by a crash before anybody heard of it.
                found = Found.BY_A_CHECKPOINT if last else Found.BY_THE_LOG
                return "write-ahead log, frame", found, frozenset({first_index})
        return "write-ahead log, spare room", Found.IN_THE_REPORT, frozenset()

    return place


def _left_after_cut(
    length: int, ends: list[tuple[int, int, int]], original: Original
) -> frozenset[Index]:
    """Where the log ends when a segment ends there."""
    whole = [end_index for end, _, end_index in ends if end <= length]
    return frozenset({max([*whole, original.published.size])})
