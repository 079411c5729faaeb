"""What an insider with an editor does to whole entries and files; and what a thief of keys does."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from hashlib import sha256
from itertools import chain, pairwise
from pathlib import Path

from ledger.checkpoint import Checkpoint
from ledger.entry import parse_entry
from ledger.fetch import entries
from ledger.keys import NotaryKeys
from ledger.merkle import Frontier, leaf_hash
from ledger.note import SigningKey, VerifierKey
from ledger.publish import Publisher, RightEdge
from ledger.submission import submission_from
from ledger.tile import (
    HASH_BYTES,
    decode_bundle,
    decode_payload_bundle,
    encode_bundle,
    encode_payload_bundle,
)
from ledger.verify import Fault, LogInvalid
from ledger.wal import Frame
from ledger.witness import rules as witness_rules
from tests.faults.ledger.mutations import (
    COSIGNED,
    KEYS,
    Found,
    Index,
    MemoryLog,
    Mutation,
    Original,
    base_of,
    cuts,
    files_of,
    flips,
    judge,
    outcome,
    signed_files,
    small_original,
    verified,
    wal_ends,
    wide_original,
)
from tests.unit.ledger.small_log import SmallLog

Items = list[bytes]
ANY: frozenset[Index] = frozenset()


def _rearrangements(items: Items, stranger: bytes) -> Iterator[tuple[str, int, Items]]:
    """(what was done, the first position that is wrong, the items after it)."""
    for at, item in enumerate(items):
        before, after = items[:at], items[at + 1 :]
        yield "delete", at, [*before, *after]
        yield "replace", at, [*before, stranger, *after]
        yield "insert", at, [*before, stranger, item, *after]
        yield "duplicate", at + 1, [*before, item, item, *after]
        yield "truncate", at, before
        for other in sorted({at + 1, at + 3, len(items) - 1}):
            if at < other < len(items):
                between, behind = items[at + 1 : other], items[other + 1 :]
                yield "swap", at, [*before, items[other], *between, item, *behind]
                yield "move", at, [*before, *between, items[other], item, *behind]
    yield "reverse", 0, items[::-1]


def rearranged(original: Original, stranger: Original, every: int) -> Iterator[Mutation]:
    """Entries, payloads and hashes deleted, repeated, swapped, moved, or taken from another log."""
    for path, data in signed_files(original).items():
        join: Callable[[Items], bytes]
        if path.startswith("tile/entries/"):
            items, join = decode_bundle(data), encode_bundle
            other = decode_bundle(stranger.files[path])[-1] if path in stranger.files else b"?"
        elif path.startswith("payload/"):
            items, join, other = decode_payload_bundle(data), encode_payload_bundle, bytes(272)
        elif path.startswith("tile/"):
            cut = range(0, len(data), HASH_BYTES)
            items, join = [data[at : at + HASH_BYTES] for at in cut], b"".join
            other = bytes(HASH_BYTES)
        else:
            continue
        kind = "entries" if "entries" in path else path.split("/")[0]
        for number, (name, at, after) in enumerate(_rearrangements(items, other)):
            if number % every or after == items:
                continue
            indices = frozenset({base_of(path) + at}) if kind == "entries" else ANY
            files = {**original.files, path: join(after)}
            yield Mutation(f"{name}: {kind}", files, Found.BY_THE_LOG, indices)


def erased_payloads(original: Original) -> Iterator[Mutation]:
    """By an insider, without an order."""
    for path, data in signed_files(original).items():
        if path.startswith("payload/"):
            items = decode_payload_bundle(data)
            for at, item in enumerate(items):
                if item:
                    gap = [*items[:at], b"", *items[at + 1 :]]
                    files = {**original.files, path: encode_payload_bundle(gap)}
                    index = base_of(path) + at
                    yield Mutation("erase: payload", files, indices=frozenset({index}))


def files_gone_or_foreign(original: Original, stranger: Original) -> Iterator[Mutation]:
    """Each file deleted, emptied, and in the place of each other; those of another log."""
    files = original.files
    needed = signed_files(original)
    for path in needed:
        without = {name: data for name, data in files.items() if name != path}
        if path.endswith(".seg"):
            yield Mutation("delete: write-ahead log", without, Found.BY_A_CHECKPOINT)
        elif path.startswith("payload/"):
            # A copy without any of them is a witness's; one that lacks some is not.
            others = any(name.startswith("payload/") for name in needed.keys() - {path})
            found = Found.BY_THE_LOG if others else Found.IN_THE_REPORT
            yield Mutation("delete: payload file", without, found)
        elif path != COSIGNED:  # without it, --witness says that it has nothing to go by
            yield Mutation("delete: file", without)
        yield Mutation("empty: file", {**files, path: b""})
        if path in stranger.files and stranger.files[path] != files[path]:
            yield Mutation("another log's: file", {**files, path: stranger.files[path]})
        for other in needed:
            # The checkpoint with a witness's line beside the log's own is as good.
            if other != path and (path, other) != ("checkpoint", COSIGNED):
                yield Mutation("another: file", {**files, path: files[other]})


def copied_tail(original: Original) -> Iterator[Mutation]:
    """The frames of the write-ahead log, rearranged: each has its own checksum and signature."""
    for path, data in original.files.items():
        if not path.endswith(".seg"):
            continue
        ends = [128, *(end for end, _, _ in wal_ends(path, data))]
        frames = [data[a:b] for a, b in pairwise(ends)]
        for name, at, after in _rearrangements(frames, frames[0]):
            last = name == "delete" and at == len(frames) - 1
            if after == frames or name == "truncate" or last:
                continue
            tail = b"".join(after)
            found = Found.BY_THE_LOG
            if name == "duplicate" and at == len(frames):
                found = Found.IN_THE_REPORT  # behind the last frame it is no frame at all
            if name == "replace" and at == len(frames) - 1:
                found = Found.BY_A_CHECKPOINT
            yield Mutation(f"{name}: frames", {**original.files, path: data[:128] + tail}, found)


def forged(original: Original, scratch: Path, at: int, keys: NotaryKeys = KEYS) -> dict[str, bytes]:
    """The whole log again with entry `at` changed, by whoever holds both signing keys: each later
    link, signature, hash, tile and checkpoint is right."""
    written = list(entries(MemoryLog(original.files)))
    sign = keys.entry.signer()
    previous, frontier = bytes(32), Frontier()
    made: list[bytes] = []
    for index, data, _ in written:
        _, note = parse_entry(data)
        lines = note.text.split(b"\n")
        if index:
            number = b" ".join(lines[2].split(b" ")[:2])
            lines[2] = number + b" " + b64encode(previous)
        if index == at:
            lines[3] = lines[3].replace(b"2026-01-01T00", b"2026-01-01T07")
        entry = data if index < at else sign(b"\n".join(lines))
        made.append(entry)
        previous = sha256(entry).digest()
        frontier.append(leaf_hash(entry))
    size = original.published.size
    log = SmallLog(scratch, keys)
    (scratch / ".state").mkdir()
    published = Frontier()
    for entry in made[:size]:
        published.append(leaf_hash(entry))
    checkpoint = Checkpoint(keys.origin, size, published.root()).signed(keys.log.signer())
    ciphertexts = tuple(ciphertext for _, _, ciphertext in written[:size])
    frame = Frame(0, tuple(made[:size]), ciphertexts, checkpoint)
    Publisher(log.disk, RightEdge()).publish([frame])
    return files_of(scratch)


def stolen_keys(original: Original, scratch: Path) -> int:
    """Every entry rewritten with both keys: the log is perfect, and one kept checkpoint refutes it.
    A witness refuses it whatever it is told to be the older size. How many rewrites there were."""
    kept, log_key = original.published, KEYS.log.verifier
    for at in range(kept.size):
        files = forged(original, scratch / f"forged{at}", at)
        assert verified(files).size == kept.size
        fork, rollback = outcome(files, (kept,)), outcome(files, (original.last,))
        assert isinstance(fork, LogInvalid), f"entry {at} was rewritten and nobody saw it"
        assert isinstance(rollback, LogInvalid)
        assert (fork.fault, fork.index) == (Fault.FORK, None)
        assert (rollback.fault, rollback.index) == (Fault.ROLLBACK, kept.size)
        for old_size in range(kept.size + 1):
            data = submission_from(MemoryLog(files), old_size).to_bytes()
            expected = witness_rules.CONTRADICTS if old_size == kept.size else witness_rules.BEHIND
            assert _refusal(data, log_key, kept) == expected
    return kept.size


def _refusal(data: bytes, log_key: VerifierKey, kept: Checkpoint) -> int:
    """The status with which a witness that remembers `kept` refuses; 0 if it would cosign."""
    try:
        witness_rules.judge(data, [log_key], lambda origin: kept)
    except witness_rules.Refused as refused:
        return refused.status
    return 0


def one_stolen_key(original: Original, scratch: Path) -> int:
    """With one of the two keys a rewrite is found in the log itself, at the entry or at the end."""
    thief = NotaryKeys(
        SigningKey(KEYS.origin, b"t" * 32), KEYS.entry, KEYS.pseudonyms, KEYS.recipients
    )
    other = NotaryKeys(
        KEYS.log, SigningKey(KEYS.entry.name, b"t" * 32), KEYS.pseudonyms, KEYS.recipients
    )
    size = original.published.size
    for at in range(size):
        with_entry_key = forged(original, scratch / f"entry{at}", at, thief)
        # The thief cannot sign a checkpoint: the old one, over the new tiles and entries.
        for note in (with_entry_key["checkpoint"], original.files["checkpoint"]):
            files = {**with_entry_key, "checkpoint": note}
            judge(Mutation("stolen entry key", files), original)
        files = forged(original, scratch / f"log{at}", at, other)
        judge(Mutation("stolen log key", files, indices=frozenset({at})), original)
    return 3 * size


def all_drills(scratch: Path, *, every: int, progress: Callable[[str], None]) -> dict[str, object]:
    """How many mutations of each kind were judged, each as expected."""
    counts: Counter[str] = Counter()
    logs = {"small": small_original, "wide": wide_original}
    for name, make in logs.items():
        original, stranger = make(scratch / name), make(scratch / f"{name}-stranger")
        # A byte of the wide log costs twenty times as much to judge, and is of the same classes.
        stride = every if name == "small" else 199 * every
        for mutation in chain(
            *(flips(original, stride, start) for start in range(1 if stride > 1 else 8)),
            cuts(original, stride),
            rearranged(original, stranger, every if name == "small" else 29 * every),
            erased_payloads(original) if name == "small" else (),
            files_gone_or_foreign(original, stranger),
            copied_tail(original) if name == "small" else (),
        ):
            judge(mutation, original)
            counts[mutation.kind] += 1
            if counts.total() % 100 == 0:
                progress(f"{counts.total()} mutations, {name} log")
        if name == "small":
            counts["rewritten with both stolen keys"] = stolen_keys(original, scratch)
            counts["rewritten with one stolen key"] = one_stolen_key(original, scratch)
    return {"total": counts.total(), **dict(sorted(counts.items()))}
