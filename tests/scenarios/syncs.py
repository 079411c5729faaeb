"""Every fdatasync of a notary's write-ahead log, at the mercy of a test."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from enum import Enum
from pathlib import Path

ASKING = Path(__file__).with_name("sync_asking")
SYNC_MAX_S = 10.0


class Answer(Enum):
    """What the notary is told when it is about to sync."""

    GO = b"g"
    FAIL = b"f"
    WAIT = b""


class Syncs:
    """Lets them happen until told otherwise. `held` is how many wait for an answer now."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(path))
        self._listener.listen()
        self._path = path
        self._changed = threading.Condition()
        self._answer = Answer.GO
        self._held: list[socket.socket] = []
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def environment(self) -> Mapping[str, str]:
        """What the service has to be started with."""
        return {"PYTHONPATH": str(ASKING), "FENGCUN_TEST_SYNCS": str(self._path)}

    def hold(self) -> None:
        """From now on none happens."""
        with self._changed:
            self._answer = Answer.WAIT

    def wait_for_one(self) -> None:
        """Return when the notary is inside a sync that does not happen."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._held, SYNC_MAX_S), "nothing was written"

    def release(self) -> None:
        """Let those that wait happen, and all that follow."""
        self._say(Answer.GO)

    def fail(self) -> None:
        """Those that wait, and all that follow, end in EIO."""
        self._say(Answer.FAIL)

    def close(self) -> None:
        """Nobody listens any more, which fails whatever still asks."""
        self.fail()
        self._listener.close()

    def _say(self, answer: Answer) -> None:
        with self._changed:
            self._answer = answer
            for connection in self._held:
                _tell(connection, answer)
            self._held.clear()

    def _listen(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                with self._changed:
                    if self._answer is Answer.WAIT:
                        self._held.append(connection)
                        self._changed.notify_all()
                    else:
                        _tell(connection, self._answer)


def _tell(connection: socket.socket, answer: Answer) -> None:
    with connection, suppress(OSError):  # the notary may have been killed in the meantime
        connection.sendall(answer.value)


@contextmanager
def syncs_under_control(directory: Path) -> Iterator[Syncs]:
    """The path of the socket has to fit into sun_path: `directory` should be a short one."""
    syncs = Syncs(directory / "syncs")
    try:
        yield syncs
    finally:
        syncs.close()
