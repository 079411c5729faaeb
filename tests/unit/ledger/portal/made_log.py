"""Logs made by the writer's own code with nothing synced: many, and quickly. Synthetic data."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

from ledger.chain import Chain, JudgedDraft
from ledger.entry import entry_key_name
from ledger.fields import EntryKind, Header
from ledger.header import encode_header
from ledger.keys import NotaryKeys
from ledger.log import create_log
from ledger.merkle import Frontier, leaf_hash
from ledger.note import SigningKey
from ledger.portal.logs import Source, source_of
from ledger.pseudonyms import Pseudonyms
from ledger.publish import Publisher, RightEdge
from ledger.tile import TILE_WIDTH, TileStack, bundle_path, decode_bundle
from ledger.wal import Frame
from proxy.demo.month.pen import UnsyncedDisk
from tests.unit.ledger.small_log import PROXY_ID, START_MS, identities

SEGMENT_BYTES = 1 << 17

Drafts = Iterable[tuple[EntryKind, Header]]


def keys_of(origin: str, seed: bytes = b"l") -> NotaryKeys:
    return NotaryKeys(
        SigningKey(origin, seed * 32),
        SigningKey(entry_key_name(origin, PROXY_ID), b"e" * 32),
        Pseudonyms(b"p" * 32),
        tuple(identity.recipient for identity in identities()),
    )


class MadeLog:
    """One log, published; begins with its genesis entry."""

    def __init__(self, root: Path, keys: NotaryKeys, *, now_ms: int = START_MS) -> None:
        self.root, self.keys = root, keys
        root.mkdir()
        disk = UnsyncedDisk(root)
        create_log(
            disk, keys, PROXY_ID, now_ms=now_ms, segment_bytes=SEGMENT_BYTES, reserve_bytes=0
        )
        (genesis,) = decode_bundle(disk.read(bundle_path(0, 1)), 1)
        frontier, stack = Frontier(), TileStack()
        frontier.append(leaf_hash(genesis))
        stack.append(leaf_hash(genesis))
        self.chain = Chain(keys, PROXY_ID, frontier, sha256(genesis).digest())
        self.publisher = Publisher(disk, RightEdge(stack, [genesis], [b""]))

    @property
    def size(self) -> int:
        return self.chain.size

    def extend(self, drafts: Iterable[JudgedDraft], now_ms: int) -> Frame:
        """The next frame, to be published with others."""
        return self.chain.extend(drafts, now_ms)

    def append(self, drafts: Drafts, now_ms: int = START_MS) -> MadeLog:
        judged = [JudgedDraft(kind, encode_header(kind, header)) for kind, header in drafts]
        if judged:
            self.publisher.publish([self.extend(judged, now_ms)])
        return self

    def source(self, name: str = "公安") -> Source:
        return source_of(name, str(self.root), [str(self.keys.log.verifier)])

    def copy(self, root: Path) -> Path:
        shutil.copytree(self.root, root)
        return root


def made_log(root: Path, drafts: Drafts = (), *, origin: str = "ledger.example/a") -> MadeLog:
    return MadeLog(root, keys_of(origin)).append(drafts)


def heartbeats(count: int) -> list[tuple[EntryKind, Header]]:
    return [(EntryKind.HEARTBEAT, {"state": "alive", "free_bytes": each}) for each in range(count)]


def rewrite_bundle(root: Path, number: int, entries: Sequence[bytes], width: int) -> None:
    """As somebody would who can write to the copy of the log."""
    path = root / bundle_path(number, width)
    path.write_bytes(b"".join(len(data).to_bytes(2) + data for data in entries))


def bundle_of(root: Path, number: int, width: int = TILE_WIDTH) -> list[bytes]:
    return decode_bundle((root / bundle_path(number, width)).read_bytes(), width)
