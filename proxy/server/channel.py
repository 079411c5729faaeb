"""Questions and answers between the service and one of its workers.

They go over a pair of sockets that only these two have, so nobody else can ask. A line is a JSON
array, and what it carries are a number and texts: from a process that faces the network nothing is
taken that could be run or that needs more than `json` to be read.

    ["ask", 7, "cancel", "0a1b..."]      a question; number 0 wants no answer
    ["answer", 7, "", "..."]             the answer to it
    ["problem", 7, "upstream", "..."]    or the label and the text of an error of ours
"""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
from collections.abc import Awaitable, Callable
from typing import Final, cast

from proxy.errors import (
    ConfigurationError,
    FengcunError,
    ProtocolViolation,
    RecordUnavailable,
    UpstreamUnavailable,
)

_log = logging.getLogger(__name__)

Answer = Callable[[str, str], Awaitable[str]]
"""A verb and a body -> the body of the answer. What it raises of ours is answered as a problem."""

_OF_LABEL: Final = {
    kind.label: kind for kind in (ConfigurationError, RecordUnavailable, UpstreamUnavailable)
}


class NoAnswer(FengcunError):
    """The other process is gone, or did not answer in time."""

    label = "no-answer"


class Channel(asyncio.Protocol):
    """One end. `lost` is done when the other end is gone. Asking in two directions at a time is
    fine; whoever answers must not wait for an answer to what is asked while answering it."""

    def __init__(self, answer: Answer, *, line_bytes_max: int) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._answer = answer
        self._line_bytes_max = line_bytes_max
        self._numbers = itertools.count(1)
        self._asked: dict[int, asyncio.Future[str]] = {}
        self._answering: set[asyncio.Task[None]] = set()
        self._buffer = bytearray()
        self._transport: asyncio.Transport | None = None

    async def ask(self, verb: str, body: str = "", *, seconds_max: float) -> str:
        """Raises `NoAnswer`, and what the other end had a problem with."""
        if self._transport is None or self.lost.done():
            raise NoAnswer("the other process is gone")
        number = next(self._numbers)
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked[number] = future
        self._write("ask", number, verb, body)
        try:
            async with asyncio.timeout(seconds_max):
                return await future
        except TimeoutError:
            raise NoAnswer("the other process does not answer") from None
        finally:
            self._asked.pop(number, None)

    def tell(self, verb: str, body: str = "") -> None:
        """Ask without wanting to know what comes of it."""
        if not self.lost.done():
            self._write("ask", 0, verb, body)

    async def close(self) -> None:
        """Send what was said, and hang up."""
        if self._transport is not None:
            self._transport.close()
            await asyncio.shield(self.lost)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being one.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        *lines, rest = bytes(self._buffer).split(b"\n") if b"\n" in data else [bytes(self._buffer)]
        self._buffer = bytearray(rest)
        try:
            if len(rest) > self._line_bytes_max:
                raise ProtocolViolation("a line that is too long")
            for line in lines:
                self._take(line)
        except ProtocolViolation as error:
            _log.error("another process of the service sent nonsense", exc_info=error)
            self._hang_up()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.lost.done():
            self.lost.set_result(None)
        for future in self._asked.values():
            if not future.done():
                future.set_exception(NoAnswer("the other process is gone"))
        for task in self._answering:
            task.cancel()

    def _take(self, line: bytes) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            raise ProtocolViolation("not JSON") from None
        match said:
            case ["ask", int(number), str(verb), str(body)]:
                task = asyncio.get_running_loop().create_task(self._reply(number, verb, body))
                self._answering.add(task)
                task.add_done_callback(self._answered)
            case ["answer", int(number), str(), str(body)]:
                future = self._asked.get(number)
                if future is not None and not future.done():
                    future.set_result(body)
            case ["problem", int(number), str(label), str(text)]:
                future = self._asked.get(number)
                if future is not None and not future.done():
                    future.set_exception(_OF_LABEL.get(label, NoAnswer)(text))
            case _:
                raise ProtocolViolation("neither a question nor an answer")

    async def _reply(self, number: int, verb: str, body: str) -> None:
        try:
            kind, word, text = "answer", "", await self._answer(verb, body)
        except FengcunError as error:
            kind, word, text = "problem", error.label, str(error)
        if number and not self.lost.done():
            self._write(kind, number, word, text)

    def _answered(self, task: asyncio.Task[None]) -> None:
        self._answering.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            _log.error("a question of another process could not be answered", exc_info=error)
            self._hang_up()

    def _write(self, kind: str, number: int, word: str, body: str) -> None:
        assert self._transport is not None
        line = json.dumps([kind, number, word, body], ensure_ascii=True)
        self._transport.write(line.encode("ascii") + b"\n")

    def _hang_up(self) -> None:
        if self._transport is not None:
            self._transport.abort()
