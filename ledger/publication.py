"""What is durable becomes public, in a thread of its own: twice a second, or when it is wanted."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Final

from ledger.publish import Publisher
from ledger.wal import Frame

BACKLOG_BYTES_MAX: Final = 64 << 20
INTERVAL_S: Final = 0.5
REMEMBER_INTERVAL_S: Final = 5.0


class Publication:
    """Takes frames in the order of the log. One thread adds and finishes."""

    def __init__(
        self, publisher: Publisher, remember: Callable[[bytes], object] = lambda note: None
    ) -> None:
        """`remember` is given a checkpoint note once it is published: the last one always, the
        others every five seconds, because a sync on the same disk costs the next entries time."""
        self._publisher = publisher
        self._remember = remember
        self._remembered_at = -REMEMBER_INTERVAL_S
        self._unremembered: bytes | None = None
        self._changed = threading.Condition()
        self._ending = threading.Event()
        self._wanted = threading.Event()
        self.before: Callable[[Frame], None] | None = None
        """Told the frame whose checkpoint becomes public next, in the thread that does it."""
        self.after: Callable[[int], None] | None = None
        """Told the size of what is public, there too."""
        self._frames: list[Frame] = []
        self._backlog_bytes = 0
        self._stopped = False
        self._retire: Callable[[int], None] | None = None
        self._on_error: Callable[[BaseException], object] | None = None
        self._thread = threading.Thread(target=self._run, name="publication", daemon=True)

    @property
    def owed_bytes(self) -> int:
        """An upper bound of what publishing all that is durable would write now."""
        return self._backlog_bytes + self._publisher.edge_bytes

    def start(
        self, retire: Callable[[int], None], on_error: Callable[[BaseException], object]
    ) -> None:
        """`retire` is told the size of what is published, `on_error` why there will be no more."""
        self._retire, self._on_error = retire, on_error
        self._thread.start()

    def add(self, frame: Frame, size_bytes: int) -> None:
        """A frame that is durable."""
        with self._changed:
            self._frames.append(frame)
            self._backlog_bytes += size_bytes
            self._changed.notify()

    def wait_for_room(self) -> None:
        """Until the backlog is below its limit, or nothing is published any more."""
        if self._backlog_bytes > BACKLOG_BYTES_MAX:
            with self._changed:
                self._changed.wait_for(
                    lambda: self._stopped or self._backlog_bytes <= BACKLOG_BYTES_MAX
                )

    def hurry(self) -> None:
        """Somebody waits for what was added: publish it without waiting for more."""
        self._wanted.set()

    def finish(self) -> None:
        """Publish what is left and end the thread."""
        with self._changed:
            self._ending.set()
            self._wanted.set()
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        assert self._on_error is not None
        try:
            while self._publish():
                # What arrives in the meantime is published together; who waits cuts that short.
                self._wanted.wait(INTERVAL_S)
        except BaseException as error:  # noqa: BLE001
            self._on_error(error)
        finally:
            with self._changed:
                self._stopped = True
                self._changed.notify_all()

    def _publish(self) -> bool:
        """Publish what waits, or what comes next; False when there is no more to come."""
        assert self._retire is not None
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._ending.is_set())
            frames, self._frames = self._frames, []
            taken_bytes, finishing = self._backlog_bytes, self._ending.is_set()
            if not finishing:
                self._wanted.clear()
        if frames:
            if self.before is not None:
                self.before(frames[-1])
            self._publisher.publish(frames)
            self._unremembered = frames[-1].checkpoint_note
            self._retire(frames[-1].end_index)
            if self.after is not None:
                self.after(frames[-1].end_index)
        now = time.monotonic()
        if self._unremembered and (finishing or now - self._remembered_at >= REMEMBER_INTERVAL_S):
            self._remember(self._unremembered)
            self._unremembered, self._remembered_at = None, now
        with self._changed:
            self._backlog_bytes -= taken_bytes
            self._changed.notify_all()
        return not finishing
