"""Create a log, once; open it for writing, each time the notary starts."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Final

from ledger.chain import Chain, own_draft
from ledger.checkpoint import Checkpoint
from ledger.disk import Disk
from ledger.entry import NO_PREVIOUS
from ledger.envelope import pseudonym_context, wrap_key
from ledger.errors import ConfigurationError
from ledger.header import EntryKind
from ledger.keys import NotaryKeys
from ledger.merkle import EMPTY_ROOT, Frontier
from ledger.publication import Publication
from ledger.publish import Publisher, RightEdge
from ledger.recovery import FORMAT, recover
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
    Publisher(disk, RightEdge()).publish([frame])


def open_sequencer(
    disk: Disk,
    keys: NotaryKeys,
    proxy_id: str,
    *,
    clock_ms: Callable[[], int],
    seen: Checkpoint | None = None,
    segment_bytes: int = SEGMENT_BYTES,
    reserve_bytes: int = RESERVE_BYTES,
) -> Sequencer:
    """Lock, recover, publish what was durable; the caller starts it.

    Recovery never writes into an old segment, where a failed sync may have left pages that look
    written and are not: the valid tail is copied to a fresh one first.
    """
    if not disk.names(WAL_FOLDER):
        raise ConfigurationError("there is no ledger here: run `fengcun ledger create` first")
    disk.lock()
    remove_leftovers(disk)
    found = recover(disk, keys, seen)
    # The checkpoint that recovery relies on may have been named and not synced when a process died.
    disk.sync_folder(".")
    wal = WalWriter(disk, keys.origin, segment_bytes=segment_bytes, reserve_bytes=reserve_bytes)
    first = found.published_frontier
    wal.start_segment(first.size, first.root(), clock_ms(), map(encode_frame, found.unpublished))
    for name in found.segment_names:
        if name != segment_name(first.size):
            disk.remove(f"{WAL_FOLDER}/{name}")
            # One by one: a later removal that a crash keeps without this one would look like a gap.
            disk.sync_folder(WAL_FOLDER)
    publisher = Publisher(disk, found.edge)
    if found.unpublished:
        publisher.publish(found.unpublished)
    chain = Chain(keys, proxy_id, found.frontier, found.previous)
    boot = own_draft(
        EntryKind.BOOT,
        {
            "software": SOFTWARE,
            "recovered_size": found.frontier.size,
            "published_size": first.size,
            "torn_bytes": found.torn_bytes,
        },
    )
    return Sequencer(
        chain,
        wal,
        Publication(publisher),
        clock_ms=clock_ms,
        free_bytes=disk.free_bytes,
        boot=boot,
    )
