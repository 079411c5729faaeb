"""A worker's line to the notary: hand drafts over now, learn later that they are durable."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar, cast

from ledger.errors import FormatError, LedgerUnavailable
from ledger.header import EntryKind, HeaderValue, encode_header
from ledger.wire import Acknowledgement, Draft, RawDraft, ReceiptReader, encode_submission

__all__ = [
    "Acknowledgement",
    "Draft",
    "EntryKind",
    "HeaderValue",
    "NotaryClient",
    "RawDraft",
    "encode_header",
]

T = TypeVar("T")


class NotaryClient(asyncio.Protocol):
    """One connection to the notary. Not thread-safe: it belongs to the loop that opened it.

    Submissions are written in the order of `submit`, all of one loop turn in one write, and
    acknowledged in that order. The first failure of any sort is permanent: every pending and
    every later submission gets `LedgerUnavailable`, and `on_failure` is called once.
    """

    def __init__(self) -> None:
        """Use `connect`."""
        self.on_failure: Callable[[LedgerUnavailable], None] | None = None
        self._loop = asyncio.get_running_loop()
        self._greeting: asyncio.Future[None] = self._loop.create_future()
        self._reader = ReceiptReader()
        self._transport: asyncio.Transport | None = None
        self._unsent: list[bytes] = []
        self._pending: deque[tuple[int, asyncio.Future[Acknowledgement], float]] = deque()
        self._pending_count = 0
        self._failure: LedgerUnavailable | None = None
        self._closed: asyncio.Future[None] = self._loop.create_future()

    @classmethod
    async def connect(cls, socket_path: Path) -> NotaryClient:
        """Raises `LedgerUnavailable` when nobody listens there or it is not a notary."""
        loop = asyncio.get_running_loop()
        try:
            _, client = await loop.create_unix_connection(cls, str(socket_path))
        except OSError as error:
            raise LedgerUnavailable("no notary answers on the configured socket") from error
        await client._greeting
        return client

    @property
    def pending_count(self) -> int:
        """Drafts submitted and not yet durable."""
        return self._pending_count

    @property
    def waiting_seconds(self) -> float:
        """How long the oldest submission that is not durable has waited; 0.0 without one."""
        return self._loop.time() - self._pending[0][2] if self._pending else 0.0

    def give_up_after(self, seconds_max: float) -> bool:
        """Whether something has waited longer than that; then fail, as if the notary hung up."""
        if self.waiting_seconds <= seconds_max:
            return False
        self._fail("the notary did not answer in time")
        return True

    @property
    def failure(self) -> LedgerUnavailable | None:
        """Why the ledger is lost, or None while it serves."""
        return self._failure

    def submit(self, drafts: Sequence[Draft | RawDraft]) -> asyncio.Future[Acknowledgement]:
        """Queue `drafts` as contiguous entries. Raises `InvalidDraft` before anything is queued."""
        future: asyncio.Future[Acknowledgement] = self._loop.create_future()
        if self._failure is not None:
            _refuse(future, self._failure)
            return future
        encoded = encode_submission(drafts)
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent.append(encoded)
        self._pending.append((len(drafts), future, self._loop.time()))
        self._pending_count += len(drafts)
        return future

    async def close(self) -> None:
        """Send what was submitted and hang up. Who needs a receipt awaits it before closing."""
        self._flush()
        self.on_failure = None
        if self._transport is not None:
            self._transport.close()
            await self._closed
        self._fail("the connection to the notary was closed")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop transports are asyncio.Transport by duck type only.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        try:
            self._reader.feed(data)
            receipts = self._reader.receipts()
        except FormatError as error:
            self._fail(str(error))
            return
        if self._reader.greeted and not self._greeting.done():
            self._greeting.set_result(None)
        for receipt in receipts:
            if not self._pending or self._pending[0][0] != receipt.count:
                self._fail("the notary acknowledged something that was not submitted")
                return
            count, future, _ = self._pending.popleft()
            self._pending_count -= count
            if not future.done():
                future.set_result(receipt)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed.done():
            self._closed.set_result(None)
        self._fail("the notary hung up: see its own log for the reason")

    def _flush(self) -> None:
        unsent, self._unsent = self._unsent, []
        if unsent and self._failure is None and self._transport is not None:
            self._transport.write(b"".join(unsent))

    def _fail(self, reason: str) -> None:
        if self._failure is not None:
            return
        self._failure = LedgerUnavailable(reason)
        pending, self._pending, self._pending_count = self._pending, deque(), 0
        if not self._greeting.done():
            _refuse(self._greeting, self._failure)
        for _, future, _ in pending:
            if not future.done():
                _refuse(future, self._failure)
        if self._transport is not None:
            self._transport.abort()
        if self.on_failure is not None:
            self.on_failure(self._failure)


def _refuse(future: asyncio.Future[T], failure: LedgerUnavailable) -> None:
    """Each future gets a fresh exception: a shared one would collect every awaiter's traceback."""
    future.set_exception(LedgerUnavailable(*failure.args))
    # Looked at once, so that entries nobody waits for stay quiet: on_failure already told.
    future.exception()
