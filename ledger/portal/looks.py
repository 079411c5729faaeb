"""The supervisor's own log: whoever looks at something is written down before they see it.

    <state>/keys, <state>/log, <state>/log.head        as the notary of any other log keeps them

The portal writes it itself, in one thread. It can be copied, verified, witnessed and opened like
any log, by those whose keys it was begun with.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from pathlib import Path
from typing import Final

from ledger.chain import JudgedDraft, own_draft
from ledger.disk import LocalDisk, require_durable_filesystem
from ledger.entry import format_time
from ledger.envelope import Recipient
from ledger.errors import ConfigurationError, LedgerError
from ledger.head import HeadMemory, default_head
from ledger.header import EntryKind, Header, HeaderValue, encode_header
from ledger.keys import init_keys, load_keys
from ledger.log import create_log, open_sequencer
from ledger.note import VerifierKey
from ledger.pseudonyms import Pseudonyms
from ledger.sequencer import Sequencer
from ledger.store import RESERVE_BYTES, SEGMENT_BYTES
from ledger.tile import TILE_WIDTH

PROXY_ID: Final = "portal"
LOG_FOLDER: Final = "log"
KEYS_FOLDER: Final = "keys"
PUBLIC_AFTER_SECONDS_MAX: Final = 10.0
_ENTRIES_MAX: Final = TILE_WIDTH
_log = logging.getLogger(__name__)


class Look(StrEnum):
    """What somebody did: the word `event` of the entry."""

    SIGN_IN = "sign-in"
    SIGN_OUT = "sign-out"
    REFUSED = "refused"
    UNLOCK = "unlock"
    ENTRY = "entry"
    PAYLOAD = "payload"
    SEARCH = "search"
    LEADS = "leads"
    STATISTICS = "statistics"
    FINDINGS = "findings"
    PERSON = "person"
    FOLLOW = "follow"
    VERIFY = "verify"
    EXPORT = "export"
    OWN = "own-record"


class NotRecorded(Exception):
    """The look could not be written down, so there is none."""


def create_looks(
    state: Path,
    origin: str,
    recipients: Sequence[Recipient],
    *,
    passphrase: bytes | None = None,
    force_filesystem: bool = False,
    reserve_bytes: int = RESERVE_BYTES,
    segment_bytes: int = SEGMENT_BYTES,
) -> VerifierKey:
    """Make keys and an empty log; the key to verify it with. Raises `ConfigurationError`."""
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    log = state / LOG_FOLDER
    if log.exists():
        raise ConfigurationError(f"there is a log at {log}: it is created once")
    if not force_filesystem:
        require_durable_filesystem(state)
    keys = init_keys(
        state / KEYS_FOLDER, origin=origin, proxy_id=PROXY_ID, recipients=recipients,
        passphrase=passphrase,
    )  # fmt: skip
    log.mkdir(mode=0o700)
    create_log(
        LocalDisk(log), keys, PROXY_ID, now_ms=_now_ms(), reserve_bytes=reserve_bytes,
        segment_bytes=segment_bytes,
    )  # fmt: skip
    return keys.log.verifier


class Looks:
    """The end of that log. Belongs to one event loop; all else happens in a thread of its own."""

    def __init__(
        self, state: Path, *, reserve_bytes: int = RESERVE_BYTES, segment_bytes: int = SEGMENT_BYTES
    ) -> None:
        """Blocks while it recovers. Raises `LedgerError`."""
        log, keys_folder = state / LOG_FOLDER, state / KEYS_FOLDER
        if not log.is_dir():
            raise ConfigurationError(
                f"the portal has no log of its own at {log}: run `fengcun portal create` first"
            )
        keys = load_keys(keys_folder, PROXY_ID)
        self.origin: Final = keys.origin
        self.directory: Final = log
        self.keys: Final = keys.log_verifiers
        self.pseudonyms: Final[Pseudonyms] = keys.pseudonyms
        self._disk = LocalDisk(log)
        self._sequencer: Sequencer = open_sequencer(
            self._disk, keys, PROXY_ID, clock_ms=_now_ms, key_files=LocalDisk(keys_folder),
            memory=HeadMemory(default_head(log), log), segment_bytes=segment_bytes,
            reserve_bytes=reserve_bytes,
        )  # fmt: skip
        self._public_size = 0
        self._grown = threading.Condition()
        self._sequencer.publication.after = self._published
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="looks")
        self._thread.submit(self._sequencer.start).result()

    @property
    def failed(self) -> bool:
        """Nothing is written any more, until the portal is started again."""
        return self._sequencer.failure is not None

    async def write(
        self,
        event: Look,
        header: Mapping[str, HeaderValue],
        payload: Mapping[str, object],
        kind: EntryKind = EntryKind.LOOK,
    ) -> int:
        """The index of the entry, which is durable. Raises `NotRecorded`."""
        if kind is EntryKind.LOOK:
            header = {"event": event.value, **header}
        line = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode()
        return await self.append(kind, header, line)

    async def append(self, kind: EntryKind, header: Header, payload: bytes | None) -> int:
        """An entry of any kind, as an opinion is. Raises `NotRecorded`."""
        try:
            draft = JudgedDraft(kind, encode_header(kind, header), payload)
            return await asyncio.get_running_loop().run_in_executor(
                self._thread, self._committed, draft
            )
        except (LedgerError, RuntimeError) as error:
            _log.error("a look could not be recorded", extra={"error": type(error).__name__})
            raise NotRecorded from None

    async def until_public(self, index: int) -> bool:
        """Whether the entry is among those that can be proved, which takes a moment after it is
        durable. False if it is not after ten seconds."""
        if index < self._public_size:
            return True
        self._sequencer.publication.hurry()
        return await asyncio.to_thread(self._wait_for, index)

    async def heartbeat(self) -> None:
        """That the portal is there. Raises `NotRecorded`."""
        free = await asyncio.to_thread(self._disk.free_bytes)
        draft = own_draft(EntryKind.HEARTBEAT, {"state": "alive", "free_bytes": free})
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._committed, draft)
        except (LedgerError, RuntimeError):
            raise NotRecorded from None

    async def close(self) -> None:
        """Record the stop and publish all."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._sequencer.stop)
        self._thread.shutdown()
        self._disk.unlock()

    def _published(self, size: int) -> None:
        with self._grown:
            self._public_size = size
            self._grown.notify_all()

    def _wait_for(self, index: int) -> bool:
        with self._grown:
            return self._grown.wait_for(
                lambda: index < self._public_size, timeout=PUBLIC_AFTER_SECONDS_MAX
            )

    def _committed(self, draft: JudgedDraft) -> int:
        (acknowledged,) = self._sequencer.commit([[draft]])
        return acknowledged.first_index


def listed(entries: Sequence[int]) -> list[str]:
    """Indices as a header has them; no more than one may hold."""
    return [str(each) for each in entries[:_ENTRIES_MAX]]


def moment(seconds: float) -> str:
    """Unix seconds as a header has them."""
    return format_time(int(seconds * 1000)).decode()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
