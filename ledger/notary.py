"""The notary: the one process that holds the signing keys and writes the log.

    python -m ledger.notary --log DIR --keys DIR --socket PATH --proxy-id p1

With `--witness-key`, the log must contain what that witness cosigned last, as kept beside it; with
`--withhold`, too, no receipt is given before the witness cosigned a checkpoint that covers it. The
notary itself asks nobody: see `ledger.guard` and `ledger.courier`.

Prints `ready` when it serves. Exit codes: 0 stopped by a signal after draining, 2 configuration,
3 the ledger failed or is damaged. It stops at the first error and never repairs anything.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, cast

from ledger.chain import judge_draft, own_draft
from ledger.disk import LocalDisk, require_durable_filesystem
from ledger.errors import ConfigurationError, FormatError, LedgerDamaged, LedgerError
from ledger.head import HeadMemory, default_head
from ledger.header import EntryKind
from ledger.keys import load_keys, load_witness_key
from ledger.log import open_sequencer
from ledger.seen import seen_by, seen_in
from ledger.sequencer import Batch, Sequencer
from ledger.store import RESERVE_BYTES
from ledger.wire import (
    HELLO,
    Acknowledgement,
    CosignedCheckpoint,
    SubmissionReader,
    encode_receipt,
)
from ledger.withheld import Withheld

HEARTBEAT_INTERVAL_S: Final = 60.0
EXIT_CONFIGURATION: Final = 2
EXIT_LEDGER: Final = 3
_PEER: Final = struct.Struct("3i")  # struct ucred: pid, uid, gid (unix(7))


class NotaryServer:
    """The socket side of a sequencer. Belongs to one event loop, which stands still in each sync:
    what arrives meanwhile is the next group, and the sockets' own buffers hold the workers back.
    """

    def __init__(self, sequencer: Sequencer, withheld: Withheld[_Connection] | None = None) -> None:
        """`withheld`: where receipts wait for a witness."""
        self.sequencer = sequencer
        self._loop = asyncio.get_running_loop()
        self._withheld = withheld
        self._couriers: set[_Connection] = set()
        self._connections: set[_Connection] = set()
        self._waiting: list[tuple[_Connection, Batch]] = []
        self._listener: asyncio.Server | None = None
        self.failed: asyncio.Future[LedgerError] = self._loop.create_future()

    async def listen(self, socket_path: Path) -> None:
        """Mode 0600 from the first moment. Raises `ConfigurationError`."""
        listening = _bind(socket_path)
        self.sequencer.on_failure = self._failure_from_thread
        if self._withheld is not None:
            self.sequencer.publication.before = self._withheld.publishing
            self.sequencer.publication.after = self._published_from_thread
        self._listener = await self._loop.create_unix_server(
            lambda: _Connection(self), sock=listening
        )
        if self.sequencer.failure is not None:
            self._failed(self.sequencer.failure)

    async def close(self, reason: str = "signal") -> None:
        """Stop listening, commit what was read, record the stop, hang up."""
        if self._listener is not None:
            self._listener.close()
        self._commit()
        for connection in self._connections:
            connection.deaf = True
        await self._loop.run_in_executor(None, self.sequencer.stop, reason)
        for connection in list(self._connections):
            connection.close()

    def heartbeat(self, free_bytes: int) -> None:
        draft = own_draft(EntryKind.HEARTBEAT, {"state": "alive", "free_bytes": free_bytes})
        with contextlib.suppress(LedgerError):
            self.sequencer.commit([[draft]])

    def take(self, connection: _Connection, batches: Sequence[Batch]) -> None:
        """Batches that arrived; committed when all sockets that are ready have been read."""
        if not self._waiting:
            self._loop.call_soon(self._commit)
        self._waiting += [(connection, batch) for batch in batches]

    def joined(self, connection: _Connection) -> None:
        self._connections.add(connection)

    def left(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        self._couriers.discard(connection)

    def brought(self, courier: _Connection, note: bytes) -> None:
        """What a courier brought from the witness. Raises `FormatError` for nonsense."""
        if self._withheld is None:
            raise FormatError("nothing waits for a witness here")
        if courier not in self._couriers:
            self._couriers.add(courier)
            courier.send(_news(self._withheld.published_size))
        if note:
            try:
                self._give(self._withheld.cosigned(note))
            except LedgerDamaged as error:
                self._failed(self.sequencer.fail(error))
        if self._withheld.wanted:
            self.sequencer.publication.hurry()

    def _commit(self) -> None:
        waiting, self._waiting = self._waiting, []
        if not waiting:
            return
        try:
            acknowledged = self.sequencer.commit([batch for _, batch in waiting])
        except LedgerError as error:
            self._failed(error)
            return
        given = [
            (connection, acknowledgement)
            for (connection, _), acknowledgement in zip(waiting, acknowledged, strict=True)
        ]
        if self._withheld is None:
            self._give(given)
            return
        for connection, acknowledgement in given:
            self._withheld.hold(connection, acknowledgement)
        if self._withheld.wanted:
            self.sequencer.publication.hurry()

    def _give(self, given: Sequence[tuple[_Connection, Acknowledgement]]) -> None:
        receipts: dict[_Connection, list[bytes]] = {}
        for connection, acknowledgement in given:
            receipts.setdefault(connection, []).append(encode_receipt(acknowledgement))
        for connection, encoded in receipts.items():
            connection.send(b"".join(encoded))

    def _published_from_thread(self, size: int) -> None:
        self._loop.call_soon_threadsafe(self._published, size)

    def _published(self, size: int) -> None:
        for courier in self._couriers:
            courier.send(_news(size))

    def _failure_from_thread(self, error: LedgerError) -> None:
        self._loop.call_soon_threadsafe(self._failed, error)

    def _failed(self, error: LedgerError) -> None:
        for connection in list(self._connections):
            connection.abort()
        if not self.failed.done():
            self.failed.set_result(error)


class _Connection(asyncio.Protocol):
    """One worker. Nonsense from it ends the connection, not the notary."""

    def __init__(self, server: NotaryServer) -> None:
        self._server = server
        self._reader = SubmissionReader()
        self._transport: asyncio.Transport | None = None
        self.deaf = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop transports are asyncio.Transport by duck type only.
        self._transport = cast(asyncio.Transport, transport)
        if _peer_uid(self._transport) not in (os.geteuid(), 0) or self._server.failed.done():
            self._transport.abort()
            return
        self._server.joined(self)
        self._transport.write(HELLO)

    def data_received(self, data: bytes) -> None:
        if self.deaf or self._transport is None:
            return
        self._reader.feed(data)
        batches: list[Batch] = []
        try:
            for message in self._reader.submissions():
                if isinstance(message, CosignedCheckpoint):
                    self._server.brought(self, message.note)
                else:
                    batches.append([judge_draft(raw) for raw in message])
        except FormatError:
            self.abort()
            return
        if batches:
            self._server.take(self, batches)

    def connection_lost(self, exc: Exception | None) -> None:
        self._server.left(self)
        self.deaf = True

    def send(self, data: bytes) -> None:
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        self.deaf = True
        if self._transport is not None:
            self._transport.abort()


def _news(size: int) -> bytes:
    """So many entries are public."""
    return encode_receipt(Acknowledgement(0, 0, size))


def _peer_uid(transport: asyncio.Transport) -> int:
    peer: socket.socket = transport.get_extra_info("socket")
    raw = peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size)
    return int(_PEER.unpack(raw)[1])


def _bind(socket_path: Path) -> socket.socket:
    """A listening socket at the path. A dead notary's socket is replaced, a live one's never."""
    probe = socket.socket(socket.AF_UNIX)
    try:
        probe.connect(str(socket_path))
    except FileNotFoundError:
        pass
    except ConnectionRefusedError:
        socket_path.unlink()
    except OSError as error:
        raise ConfigurationError(f"cannot use the socket {socket_path}: {error}") from error
    else:
        raise ConfigurationError(f"another notary already listens on {socket_path}")
    finally:
        probe.close()
    listening = socket.socket(socket.AF_UNIX)
    former_umask = os.umask(0o177)
    try:
        listening.bind(str(socket_path))
    except OSError as error:
        listening.close()
        raise ConfigurationError(f"cannot create the socket {socket_path}: {error}") from error
    finally:
        os.umask(former_umask)
    listening.setblocking(False)
    return listening


async def serve_notary(
    sequencer: Sequencer, socket_path: Path, withheld: Withheld[_Connection] | None = None
) -> NotaryServer:
    """Start a sequencer and serve it; the caller closes the server."""
    server = NotaryServer(sequencer, withheld)
    await server.listen(socket_path)
    sequencer.start()
    return server


async def run(
    sequencer: Sequencer,
    disk: LocalDisk,
    socket_path: Path,
    withheld: Withheld[_Connection] | None = None,
) -> LedgerError | None:
    """Serve until SIGTERM, SIGINT or a failure, which is returned."""
    loop = asyncio.get_running_loop()
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    server = await serve_notary(sequencer, socket_path, withheld)
    print("ready", flush=True)
    stopped = asyncio.create_task(stopping.wait())
    while not stopped.done() and not server.failed.done():
        done, _ = await asyncio.wait(
            (stopped, server.failed),
            timeout=HEARTBEAT_INTERVAL_S,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not done:
            server.heartbeat(disk.free_bytes())
    stopped.cancel()
    await server.close()
    return sequencer.failure


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ledger.notary", description=__doc__)
    parser.add_argument("--log", type=Path, required=True, help="log directory")
    parser.add_argument("--keys", type=Path, required=True, help="key directory")
    parser.add_argument("--socket", type=Path, required=True, help="where workers connect")
    parser.add_argument("--proxy-id", required=True)
    parser.add_argument(
        "--seen",
        type=Path,
        action="append",
        default=[],
        help="a checkpoint kept elsewhere, repeatable: refuse to go back",
    )
    parser.add_argument("--witness-key", type=Path, help="the log contains what it cosigned last")
    parser.add_argument("--witness-answer", help="how it was heard: for the boot entry")
    parser.add_argument(
        "--withhold", action="store_true", help="give no receipt before the witness cosigned"
    )
    parser.add_argument(
        "--head", type=Path, help="where the head is remembered; by default <log>.head"
    )
    parser.add_argument("--reserve-bytes", type=int, default=RESERVE_BYTES)
    parser.add_argument(
        "--force-filesystem", action="store_true", help="accept one that may not keep a sync"
    )
    arguments = parser.parse_args(argv)
    if arguments.withhold and arguments.witness_key is None:
        parser.error("--withhold needs --witness-key")
    return arguments


def main(argv: list[str] | None = None) -> int:
    arguments = _arguments(argv)
    try:
        keys = load_keys(arguments.keys, arguments.proxy_id)
        if not arguments.log.is_dir():
            raise ConfigurationError(
                f"there is no ledger at {arguments.log}: run `fengcun ledger create` first"
            )
        if not arguments.force_filesystem:
            require_durable_filesystem(arguments.log)
        disk = LocalDisk(arguments.log)
        log_keys = keys.log_verifiers
        seen = seen_in(arguments.seen, log_keys)
        witness = None
        if arguments.witness_key is not None:
            witness = load_witness_key(arguments.witness_key)
            seen += seen_by(witness, arguments.log, log_keys)
        sequencer = open_sequencer(
            disk,
            keys,
            arguments.proxy_id,
            clock_ms=lambda: time.time_ns() // 1_000_000,
            key_files=LocalDisk(arguments.keys),
            seen=seen,
            witness_answer=arguments.witness_answer,
            memory=HeadMemory(arguments.head or default_head(arguments.log), arguments.log),
            reserve_bytes=arguments.reserve_bytes,
        )
        withheld: Withheld[_Connection] | None = None
        if witness is not None and arguments.withhold:
            withheld = Withheld(log_keys, witness, sequencer.size)
        failure: Exception | None = asyncio.run(run(sequencer, disk, arguments.socket, withheld))
        arguments.socket.unlink(missing_ok=True)
    except (LedgerError, OSError) as error:
        failure = error
    if failure is None:
        return 0
    print(f"fengcun notary: {failure}", file=sys.stderr)
    return EXIT_CONFIGURATION if isinstance(failure, ConfigurationError) else EXIT_LEDGER


if __name__ == "__main__":
    sys.exit(main())
