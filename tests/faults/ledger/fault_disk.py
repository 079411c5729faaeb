"""A real disk with one operation that goes wrong, or that waits until it is let go."""

from __future__ import annotations

import errno
import threading
from enum import Enum
from typing import cast

from ledger.disk import Disk, LocalDisk


class When(Enum):
    """A failed operation may have had its effect all the same."""

    NOT_DONE = "failed and not done"
    DONE = "failed but done"


class FaultDisk:
    """Counts the operations that change something; number `fail_at` fails with EIO.

    With `hold_sync` set, every sync waits for `release`.
    """

    def __init__(self, disk: LocalDisk, fail_at: int | None = None, when: When = When.NOT_DONE):
        self._disk = disk
        self._fail_at = fail_at
        self._when = when
        self._count_lock = threading.Lock()
        self.count = 0
        self.failed_in = ""
        self.hold_sync = False
        self.holding = threading.Event()
        self.release = threading.Event()
        for name in ("lock", "read", "names", "close", "free_bytes"):
            setattr(self, name, getattr(disk, name))
        for name in (
            *("make_folder", "create", "write", "sync", "rename"),
            *("remove", "remove_folder", "sync_folder"),
        ):
            setattr(self, name, self._faulty(name))

    def as_disk(self) -> Disk:
        """Its methods are made at run time, one wrapper for all that change something."""
        return cast(Disk, self)

    def _faulty(self, name: str):
        operation = getattr(self._disk, name)

        def perform(*arguments):
            with self._count_lock:
                fails = self.count == self._fail_at
                self.count += 1
            if name == "sync" and self.hold_sync:
                self.holding.set()
                self.release.wait()
            if not fails:
                return operation(*arguments)
            self.failed_in = name
            if self._when is When.DONE:
                operation(*arguments)
            raise OSError(errno.EIO, "Input/output error")

        return perform
