"""What the ledger says of permits, read again after a restart.

What is believed, and why. The published checkpoint has to bear the log's signature. Every entry
from the remembered place to that checkpoint's size is hashed into the tree, permits and all others
alike, and the root has to be the signed one: an entry that was changed, left out or put elsewhere,
a revocation above all, is not passed over. An entry's own signature is not looked at, because the
log signs for all of them.

How far it was read is remembered in a file, so that a large log is read once: the right edge of
the tree at that size, and the last entry of each permit. The file is authenticated by the log's
pseudonym key, which the service alone has; and the tree goes on from that edge to the signed root,
or the file is not believed and the log is read from its beginning. An older copy of the file costs
time and nothing else.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.client import EntryKind, HeaderValue, encode_header
from ledger.disk import replace_file
from ledger.entry import parse_entry
from ledger.errors import ConfigurationError as LedgerConfigurationError
from ledger.errors import FormatError
from ledger.evidence.filters import EntryFilter
from ledger.evidence.scan import read_raw
from ledger.fetch import CHECKPOINT_PATH, DirectoryLog
from ledger.header import decode_header
from ledger.keys import load_pseudonyms, load_verifier_keys
from ledger.merkle import Frontier, leaf_hash
from ledger.tile import TILE_WIDTH, decode_bundle, tile_width
from proxy.errors import ConfigurationError, RecordUnavailable
from proxy.record.permits import USED

REMEMBERED_FILE: Final = "ledger-read.json"
_REMEMBERED_BYTES_MAX: Final = 256 << 20
_DOMAIN: Final = b"permit-history\0"
_PERMITS: Final = EntryFilter(kinds=frozenset({EntryKind.PERMIT}))
_FINAL: Final = frozenset({"refused", "revoked", "expired"})
_BEFORE: Final[Mapping[str, str | None]] = {"received": None, "granted": "received"}
_STEPS: Final = _FINAL | _BEFORE.keys()
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class PermitEntry:
    """The entry that says how a permit stands."""

    index: int
    header: Mapping[str, HeaderValue]

    @property
    def event(self) -> str:
        return str(self.header["event"])


class PermitHistory:
    """How each permit stands by the ledger. Everything here blocks: call it in a thread."""

    def __init__(self, log: Path, keys: Path, remembered: Path) -> None:
        """``remembered`` is the file that says how far it was read. Raises `ConfigurationError`."""
        self._reader = DirectoryLog(log)
        self._file = remembered
        try:
            self._verifiers = load_verifier_keys([keys / "log.vkey"])
            self._key = load_pseudonyms(keys).key
        except LedgerConfigurationError as error:
            raise ConfigurationError(str(error)) from error
        self._frontier = Frontier()
        self._latest: dict[str, PermitEntry] = {}
        self._used: dict[str, tuple[str, ...]] = {}

    @property
    def size(self) -> int:
        """How many entries were read."""
        return self._frontier.size

    @property
    def latest(self) -> Mapping[str, PermitEntry]:
        """The last entry of each permit by its number. Nothing comes after the end of one."""
        return MappingProxyType(self._latest)

    @property
    def used(self) -> Mapping[str, tuple[str, ...]]:
        """By a permit's number the digests of the answers that were given under it, in order."""
        return MappingProxyType(self._used)

    def begin(self) -> None:
        """Go on from the remembered place to the published end, or from the beginning.

        Raises `RecordUnavailable` where the log is not what was signed.
        """
        checkpoint = self._checkpoint()
        if self._recall(checkpoint):
            try:
                self._read(checkpoint)
            except FormatError:
                _log.warning("what was remembered of permits does not go on to the log as signed")
            else:
                self._remember(checkpoint)
                return
        _log.info("permits are read from the beginning of the log")
        self._frontier, self._latest, self._used = Frontier(), {}, {}
        try:
            self._read(checkpoint)
        except FormatError as error:
            raise RecordUnavailable(f"the log is not what was signed: {error}") from error
        self._remember(checkpoint)

    def follow(self) -> None:
        """Read what was published since, so that the next start has little to read.

        Raises `RecordUnavailable`, likewise.
        """
        checkpoint = self._checkpoint()
        if checkpoint.size == self.size:
            return
        try:
            self._read(checkpoint)
        except FormatError as error:
            raise RecordUnavailable(f"the log is not what was signed: {error}") from error
        self._remember(checkpoint)

    def _checkpoint(self) -> Checkpoint:
        try:
            return open_checkpoint(self._reader.read(CHECKPOINT_PATH), self._verifiers)
        except (OSError, FormatError) as error:
            raise RecordUnavailable("the log's checkpoint cannot be read, or is not its") from error

    def _read(self, checkpoint: Checkpoint) -> None:
        """Up to the checkpoint; what was read stays only if it leads to the signed root."""
        frontier, latest, used = self._frontier.copy(), dict(self._latest), dict(self._used)
        if checkpoint.size < frontier.size:
            raise FormatError("the log is shorter than what was read of it")
        for number in range(frontier.size // TILE_WIDTH, -(-checkpoint.size // TILE_WIDTH)):
            base, width = number * TILE_WIDTH, tile_width(0, number, checkpoint.size)
            try:
                raw, found_width = read_raw(self._reader, number, width)
            except OSError:
                raise FormatError(f"the bundle of entry {base} is gone") from None
            entries = decode_bundle(raw, found_width)[:width]
            may_hold = _PERMITS.may_hold(raw)
            for index, data in enumerate(entries, start=base):
                if index < frontier.size:
                    continue
                frontier.append(leaf_hash(data))
                if may_hold and _PERMITS.matches(data):
                    _take(latest, used, index, data, checkpoint.origin)
        if frontier.size != checkpoint.size or frontier.root() != checkpoint.root:
            raise FormatError("its entries do not lead to the root of its checkpoint")
        self._frontier, self._latest, self._used = frontier, latest, used

    def _recall(self, checkpoint: Checkpoint) -> bool:
        """Take up what was remembered; False where there is nothing to be believed."""
        try:
            if self._file.stat().st_size > _REMEMBERED_BYTES_MAX:
                raise ValueError("too large")
            tag, _, body = self._file.read_bytes().partition(b"\n")
            if not hmac.compare_digest(tag, self._tag(body)):
                raise ValueError("not authenticated")
            found = json.loads(body)
            if found["origin"] != checkpoint.origin:
                raise ValueError("of another log")
            edge = [bytes.fromhex(each) for each in found["edge"]]
            frontier = Frontier(found["size"], edge)
            latest = {
                number: PermitEntry(index, decode_header(line.encode())[1])
                for number, index, line in found["latest"]
            }
            used = {number: tuple(map(str, each)) for number, each in found["used"].items()}
        except FileNotFoundError:
            return False
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            _log.warning("what was remembered of permits cannot be used")
            return False
        self._frontier, self._latest, self._used = frontier, latest, used
        return True

    def _remember(self, checkpoint: Checkpoint) -> None:
        body = json.dumps(
            {
                "origin": checkpoint.origin,
                "size": self.size,
                "edge": [each.hex() for each in self._frontier.edge],
                "latest": [
                    [number, each.index, _line(each.header)]
                    for number, each in self._latest.items()
                ],
                "used": self._used,
            },
            ensure_ascii=False,
            separators=(",", ":"),
        ).encode()
        try:
            replace_file(self._file, self._tag(body) + b"\n" + body, mode=0o600)
        except OSError as error:
            # Only the next start is slower for it.
            _log.warning("cannot remember how far the log was read", exc_info=error)

    def _tag(self, body: bytes) -> bytes:
        return hmac.digest(self._key, _DOMAIN + body, "sha256").hex().encode()


def _take(
    latest: dict[str, PermitEntry],
    used: dict[str, tuple[str, ...]],
    index: int,
    data: bytes,
    origin: str,
) -> None:
    entry, _ = parse_entry(data)
    if entry.origin != origin or entry.sequence != index:
        raise FormatError(f"where entry {index} belongs stands entry {entry.sequence}")
    event, number = entry.header["event"], str(entry.header["permit"])
    if event == USED:
        used[number] = (*used.get(number, ()), str(entry.header.get("document_hmac")))
    if event not in _STEPS:
        return
    before = latest.get(number)
    if before is not None and before.event in _FINAL:
        return
    # An end always counts. A beginning counts once, and a grant of what was received.
    if event not in _FINAL and (before.event if before else None) != _BEFORE[str(event)]:
        return
    latest[number] = PermitEntry(index, entry.header)


def _line(header: Mapping[str, HeaderValue]) -> str:
    return encode_header(EntryKind.PERMIT, header).decode()
