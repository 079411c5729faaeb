"""A worker as a child process of the service: one that faces the network and can only append."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
from typing import Final

from proxy.server.channel import Answer, Channel
from proxy.server.child import ends_with_parent

# What a worker says is short; the longest are the OIDs of the relations that a policy names.
_LINE_BYTES_MAX: Final = 4 << 20


class WorkerProcess:
    """A running worker; `exited` is done when it is gone, for whatever reason."""

    def __init__(self, number: int, process: asyncio.subprocess.Process, channel: Channel) -> None:
        self._process = process
        self.number = number
        self.channel = channel
        self.process_id = process.pid
        self.exited = asyncio.create_task(process.wait())
        # It has a policy in force and listens.
        self.serves = False
        # It can be told of permits, and has been of those in force.
        self.knows_permits = False

    async def stop(self, grace_seconds: float, leaves_seconds_max: float) -> None:
        """Let its transactions finish for so long, then end it, and wait until it is gone."""
        self.channel.tell("stop", str(grace_seconds))
        await asyncio.wait((self.exited,), timeout=grace_seconds + leaves_seconds_max)
        await self.kill()

    async def kill(self) -> None:
        """End it now."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await asyncio.shield(self.exited)
        await self.channel.close()


async def start_worker(number: int, count: int, places: int, answer: Answer) -> WorkerProcess:
    """Start worker `number` of `count`; `places` is the handle of `shared_places`.

    Its log lines go to our stderr. `answer` is asked by it, see `crew.Crew`.
    """
    ours, theirs = socket.socketpair()
    try:
        with theirs:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "proxy.server.worker_main"),
                *("--number", str(number)),
                *("--count", str(count)),
                *("--channel", str(theirs.fileno())),
                *("--places", str(places)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(), places),
                # A terminal's Ctrl-C reaches the whole group: the service says when to stop.
                start_new_session=True,
                preexec_fn=ends_with_parent(signal.SIGKILL),
            )
        ours.setblocking(False)
        _, channel = await asyncio.get_running_loop().create_unix_connection(
            lambda: Channel(answer, line_bytes_max=_LINE_BYTES_MAX), sock=ours
        )
    except BaseException:
        ours.close()
        raise
    return WorkerProcess(number, process, channel)
