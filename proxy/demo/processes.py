"""Programs that run beside the tour, and the ports they listen on."""

from __future__ import annotations

import ctypes
import os
import pwd
import re
import signal
import socket
import subprocess
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

from proxy.errors import FengcunError

HOST = "127.0.0.1"

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)
_LINES_MAX, _LAST_LINES = 200, 5


class ChildFailed(FengcunError):
    """A program of the tour ended, or did not get ready; the text says which and its last words."""


def free_port(wanted: int | None = None) -> int:
    """``wanted`` if nobody listens there, else any port that is free now."""
    for port in (wanted, 0):
        if port is None:
            continue
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ChildFailed(f"no port of {HOST} is free")


def still_free(*ports: int) -> bool:
    """Whether all of them are: then a program that did not start had another reason."""
    return all(free_port(port) == port for port in ports)


def identity_arguments(account: pwd.struct_passwd | None) -> tuple[int | None, int | None]:
    """User and group for `subprocess`; None and None to stay who we are."""
    return (account.pw_uid, account.pw_gid) if account is not None else (None, None)


class Child:
    """A program, running. What it says on standard error goes to the file ``log``.

    It is in a process group of its own, so that a terminal's Ctrl-C reaches us alone and the order
    of stopping is ours; should we die, the kernel sends it ``last_signal``.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str],
        directory: Path,
        account: pwd.struct_passwd | None = None,
        last_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name = name
        self._last_signal = last_signal
        self._log = log
        self._changed = threading.Condition()
        self._lines: deque[str] = deque(maxlen=_LINES_MAX)
        self._ended = False
        user, group = identity_arguments(account)
        self._process = subprocess.Popen(
            [*command],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            text=True, errors="replace", cwd=directory, env=environment, process_group=0,
            user=user, group=group, extra_groups=None if account is None else [],
            preexec_fn=lambda: _libc.prctl(_PR_SET_PDEATHSIG, last_signal, 0, 0, 0),
        )  # fmt: skip
        self._reader = threading.Thread(target=self._keep, daemon=True)
        self._reader.start()

    def wait_for(self, pattern: str, *, seconds_max: float) -> re.Match[str]:
        """Wait until a line holds ``pattern``. Raises `ChildFailed`."""
        said = re.compile(pattern)

        def found() -> re.Match[str] | None:
            return next((match for line in self._lines if (match := said.search(line))), None)

        with self._changed:
            self._changed.wait_for(lambda: found() or self._ended, seconds_max)
            match = found()
        if match is None:
            raise self._failure(
                "ended" if self._ended else f"was not ready after {seconds_max:.0f} s"
            )
        return match

    def wait_for_failure(self) -> ChildFailed:
        """Wait until it ends although nobody asked it to; what to raise then."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended)
        return self._failure("ended")

    def stop(self, seconds_max: float = 20.0) -> int:
        """Ask it to end, insist after ``seconds_max``; its exit code, negative for a signal."""
        self._process.send_signal(self._last_signal)
        try:
            self._process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
        self._reader.join(seconds_max)
        return self._process.returncode

    def _failure(self, how: str) -> ChildFailed:
        last = "".join(f"\n  {line.rstrip()}" for line in [*self._lines][-_LAST_LINES:])
        return ChildFailed(f"{self.name} {how}; it said:{last or ' nothing'}")

    def _keep(self) -> None:
        assert self._process.stderr is not None
        with self._log.open("a", encoding="utf-8") as file, self._process.stderr as lines:
            for line in lines:
                file.write(line)
                file.flush()
                with self._changed:
                    self._lines.append(line)
                    self._changed.notify_all()
        with self._changed:
            self._ended = True
            self._changed.notify_all()
