"""Create a log, once; open it for writing, each time the notary starts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from typing import Final

from ledger.adoption import announcements, keep_recipients, recipients_in_force, settled
from ledger.chain import Chain, JudgedDraft, own_draft
from ledger.checkpoint import Checkpoint
from ledger.disk import Disk
from ledger.entry import NO_PREVIOUS
from ledger.envelope import pseudonym_context, wrap_key
from ledger.errors import ConfigurationError, LedgerDamaged, LogFrozen
from ledger.head import HeadMemory, require_memory
from ledger.header import EntryKind
from ledger.keys import NotaryKeys
from ledger.merkle import EMPTY_ROOT, Frontier
from ledger.publication import Publication
from ledger.publish import CHECKPOINT_PATH, Publisher, RightEdge
from ledger.recovery import FORMAT, Recovered, recover
from ledger.rotation import ALG, frozen, successor_of
from ledger.sequencer import Sequencer
from ledger.store import (
    RESERVE_BYTES,
    SEGMENT_BYTES,
    WAL_FOLDER,
    WalWriter,
    make_folders,
    remove_leftovers,
)
from ledger.wal import encode_frame, segment_name

SOFTWARE: Final = "fengcun/0.1.0"


def create_log(
    disk: Disk,
    keys: NotaryKeys,
    proxy_id: str,
    *,
    now_ms: int,
    predecessor: Checkpoint | None = None,
    segment_bytes: int = SEGMENT_BYTES,
    reserve_bytes: int = RESERVE_BYTES,
) -> None:
    """Write the genesis entry into an empty directory. Raises `ConfigurationError`.

    `predecessor` is the last checkpoint of the log this one continues, after a change of keys.
    """
    if disk.names("."):
        raise ConfigurationError("the log directory is not empty: a log is created once")
    if disk.free_bytes() < reserve_bytes + segment_bytes:
        raise ConfigurationError("the disk has less free space than the log keeps in reserve")
    make_folders(disk, WAL_FOLDER)
    chain = Chain(keys, proxy_id, Frontier(), NO_PREVIOUS)
    frame = chain.extend(
        [
            own_draft(
                EntryKind.GENESIS,
                {
                    "format": FORMAT,
                    "alg": ALG,
                    "log_key": str(keys.log.verifier),
                    "entry_key": str(keys.entry.verifier),
                    "recipients": [str(recipient) for recipient in keys.recipients],
                    "pseudonym_key": wrap_key(
                        keys.pseudonyms.key, keys.recipients, pseudonym_context(keys.origin)
                    ),
                    "predecessor": predecessor.origin if predecessor else None,
                    "predecessor_size": predecessor.size if predecessor else None,
                    "predecessor_root": b64encode(predecessor.root).decode()
                    if predecessor
                    else None,
                },
            )
        ],
        now_ms,
    )
    wal = WalWriter(disk, keys.origin, segment_bytes=segment_bytes, reserve_bytes=reserve_bytes)
    wal.start_segment(0, EMPTY_ROOT, now_ms, [encode_frame(frame)])
    wal.close()
    keep_recipients(disk, keys.recipients)
    Publisher(disk, RightEdge()).publish([frame])


def open_sequencer(
    disk: Disk,
    keys: NotaryKeys,
    proxy_id: str,
    *,
    clock_ms: Callable[[], int],
    seen: Sequence[Checkpoint] = (),
    key_files: Disk | None = None,
    witness_answer: str | None = None,
    memory: HeadMemory | None = None,
    segment_bytes: int = SEGMENT_BYTES,
    reserve_bytes: int = RESERVE_BYTES,
) -> Sequencer:
    """Lock, recover, publish what was durable; the caller starts it. Raises `LedgerError`.

    `key_files` is the key directory, for keys that wait to be adopted. A frozen log is published
    to its end and then refused, with `LogFrozen`.

    `seen` are checkpoints of this log that somebody kept, `witness_answer` is how the witness was
    heard, for the `boot` entry.

    Recovery never writes into an old segment, where a failed sync may have left pages that look
    written and are not: the valid tail is copied to a fresh one first.
    """
    if not disk.names(WAL_FOLDER):
        raise ConfigurationError("there is no ledger here: run `fengcun ledger create` first")
    disk.lock()
    found = _recover(disk, keys, seen, memory)
    # Not before: a log that is refused stays as it is.
    remove_leftovers(disk)
    # The checkpoint that recovery relies on may have been named and not synced when a process died.
    disk.sync_folder(".")
    wal = WalWriter(disk, keys.origin, segment_bytes=segment_bytes, reserve_bytes=reserve_bytes)
    _copy_tail(disk, wal, found, clock_ms())
    publisher = Publisher(disk, found.edge)
    if found.unpublished:
        publisher.publish(found.unpublished)
    if memory is not None:
        memory.begin(disk.read(CHECKPOINT_PATH))
    if frozen(found.keys.last):
        wal.close()
        raise LogFrozen(keys.origin, successor_of(found.keys.last))
    in_force = recipients_in_force(disk, found.keys, found.frontier.size)
    keys = settled(keys, found.keys, key_files)
    chain = Chain(keys, proxy_id, found.frontier, found.previous)
    return Sequencer(
        chain,
        wal,
        Publication(publisher, memory.remember) if memory else Publication(publisher),
        clock_ms=clock_ms,
        free_bytes=disk.free_bytes,
        boot=_boot(found, witness_answer),
        announcements=announcements(keys, in_force, disk, key_files),
    )


def _copy_tail(disk: Disk, wal: WalWriter, found: Recovered, now_ms: int) -> None:
    """What is durable and not published moves to a fresh segment; the old ones go."""
    first = found.published_frontier
    wal.start_segment(first.size, first.root(), now_ms, map(encode_frame, found.unpublished))
    for name in found.segment_names:
        if name != segment_name(first.size):
            disk.remove(f"{WAL_FOLDER}/{name}")
            # One by one: a later removal that a crash keeps without this one would look like a gap.
            disk.sync_folder(WAL_FOLDER)


def _recover(
    disk: Disk, keys: NotaryKeys, seen: Sequence[Checkpoint], memory: HeadMemory | None
) -> Recovered:
    """What `recover` finds, held against what is remembered of the log."""
    if memory is None:
        return recover(disk, keys, seen)
    try:
        remembered = memory.checkpoint(keys.log_verifiers)
    except LedgerDamaged:
        recover(disk, keys, seen)  # where the keys are the wrong ones it says so
        raise
    found = recover(disk, keys, seen if remembered is None else [*seen, remembered])
    require_memory(remembered, found.frontier.size, memory)
    return found


def _boot(found: Recovered, witness_answer: str | None) -> JudgedDraft:
    return own_draft(
        EntryKind.BOOT,
        {
            "software": SOFTWARE,
            "recovered_size": found.frontier.size,
            "published_size": found.published_frontier.size,
            "torn_bytes": found.torn_bytes,
            "witness": witness_answer,
        },
    )


def freeze_log(
    disk: Disk,
    keys: NotaryKeys,
    proxy_id: str,
    *,
    clock_ms: Callable[[], int],
    successor: str | None = None,
    key_files: Disk | None = None,
    seen: Sequence[Checkpoint] = (),
    memory: HeadMemory | None = None,
    segment_bytes: int = SEGMENT_BYTES,
    reserve_bytes: int = RESERVE_BYTES,
) -> None:
    """Write the last entry of a log that no notary serves. Raises `LogFrozen` where there is one.

    `successor` is the origin of the log that goes on. Changes of keys that wait are not made.
    """
    open_sequencer(
        disk,
        keys,
        proxy_id,
        clock_ms=clock_ms,
        key_files=key_files,
        seen=seen,
        memory=memory,
        segment_bytes=segment_bytes,
        reserve_bytes=reserve_bytes,
    ).freeze(successor)
