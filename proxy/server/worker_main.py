"""The program of a worker that is a process of its own: does what the service asks of it.

    python -m proxy.server.worker_main --number 1 --count 2 --channel FD --places FD

It is started by the service and by nobody else. When the service is gone it is of no use: it ends.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import AsyncExitStack
from typing import Final

import uvloop

from proxy.errors import ProtocolViolation, UpstreamUnavailable
from proxy.record.line import Ledger, connect_ledger
from proxy.server.budgeting import Remote
from proxy.server.channel import Channel, NoAnswer
from proxy.server.interpreter import settle
from proxy.server.neighbours import Neighbours, Places
from proxy.server.order import Order, encode_health, encode_landmarks
from proxy.server.permit_order import decode_permits
from proxy.server.stall import until_stalled
from proxy.server.station import Station
from proxy.settings.law import law_of
from proxy.settings.problems import parse_document
from proxy.settings.service import Settings
from proxy.telemetry.log import configure
from proxy.telemetry.metrics import Metrics

# A policy comes in one line, and so do the settings.
_LINE_BYTES_MAX: Final = 64 << 20
_LOOK_SECONDS_MAX: Final = 60.0
_CANCEL_SECONDS_MAX: Final = 5.0
_BUDGET_SECONDS_MAX: Final = 30.0


class WorkerMain:
    """One run of a worker."""

    def __init__(self, number: int, count: int, places: Places) -> None:
        self._budget = Remote(self._ask_budget, self._tell)
        self._neighbours = Neighbours(
            number, count, places, self._pass_cancel, self._changed, self._budget
        )
        self._done = asyncio.Event()
        self._grace_seconds = 0.0
        self._stack = AsyncExitStack()
        self._channel: Channel
        self._station: Station
        self._ledger: Ledger

    async def run(self, line: socket.socket) -> None:
        """Serve until the service says stop, or hangs up."""
        line.setblocking(False)
        _, self._channel = await asyncio.get_running_loop().create_unix_connection(
            lambda: Channel(self.answer, line_bytes_max=_LINE_BYTES_MAX), sock=line
        )
        done = asyncio.create_task(self._done.wait())
        await asyncio.wait((done, self._channel.lost), return_when=asyncio.FIRST_COMPLETED)
        await self._stack.aclose()
        await self._channel.close()
        done.cancel()

    async def answer(self, verb: str, body: str) -> str:
        """What the service asks of a worker: the first is `begin`, the last is `stop`."""
        match verb:
            case "begin":
                await self._begin(Settings.model_validate(json.loads(body)))
            case "prepare":
                return await self._prepare(Order.decode(body))
            case "commit":
                self._budget.forget()
                return str(await self._station.commit())
            case "abandon":
                self._station.abandon()
            case "permits":
                permits, reached_seconds = decode_permits(body)
                self._station.permits.clock.raise_to(reached_seconds)
                await self._station.permit(permits)
            case "cancel":
                await self._station.cancel(bytes.fromhex(body))
            case "look":
                await self._station.look_again()
            case "health":
                return encode_health(await self._station.health())
            case "ledger-failed":
                self._station.ledger_failed()
            case "stop":
                self._grace_seconds = float(body)
                self._done.set()
            case _:
                raise ProtocolViolation("a worker is not asked that")
        return ""

    async def _begin(self, settings: Settings) -> None:
        metrics = Metrics()
        ledger = settings.ledger
        self._ledger = await connect_ledger(ledger.socket_path, ledger.keys, metrics)
        self._stack.push_async_callback(self._ledger.close)
        self._ledger.on_failure = self._ledger_failed
        self._station = Station(settings, self._ledger.recorder, metrics, self._neighbours)
        self._stack.push_async_callback(self._close_station)
        stalling = asyncio.create_task(self._watch_ledger(ledger.stall_timeout_ms / 1000))
        self._stack.callback(stalling.cancel)

    async def _close_station(self) -> None:
        await self._station.close(self._grace_seconds)

    async def _prepare(self, order: Order) -> str:
        document = parse_document(self._station.settings.policy.file, order.policy.encode())
        found = await self._station.prepare(document, law_of(document), order.landmarks)
        return encode_landmarks(found)

    async def _watch_ledger(self, seconds_max: float) -> None:
        await until_stalled(self._ledger, seconds_max)
        self._channel.tell("ledger-stalled")

    def _ledger_failed(self) -> None:
        self._station.ledger_failed()
        self._channel.tell("ledger-failed")

    async def _pass_cancel(self, key: bytes) -> None:
        await self._channel.ask("cancel", key.hex(), seconds_max=_CANCEL_SECONDS_MAX)

    async def _ask_budget(self, verb: str, body: str) -> str:
        return await self._channel.ask(verb, body, seconds_max=_BUDGET_SECONDS_MAX)

    def _tell(self, verb: str, body: str) -> None:
        self._channel.tell(verb, body)

    async def _changed(self) -> None:
        try:
            await self._channel.ask("changed", seconds_max=_LOOK_SECONDS_MAX)
        except NoAnswer as error:
            raise UpstreamUnavailable("the other workers do not know of a change") from error


def main() -> None:
    """Exits with 0 when it was stopped."""
    parser = argparse.ArgumentParser(prog="python -m proxy.server.worker_main")
    for name in ("--number", "--count", "--channel", "--places"):
        parser.add_argument(name, type=int, required=True)
    arguments = parser.parse_args()
    configure(sys.stderr)
    settle()
    # Reloading is for the service, which tells all workers together.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    places = Places(arguments.places, arguments.count, arguments.number)
    os.close(arguments.places)

    async def run() -> None:
        worker = WorkerMain(arguments.number, arguments.count, places)
        await worker.run(socket.socket(fileno=arguments.channel))

    uvloop.run(run())


if __name__ == "__main__":
    main()
