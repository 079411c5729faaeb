"""Python imports this when it starts where PYTHONPATH names its directory (site module).

With FENGCUN_TEST_SYNCS set to a Unix socket, the notary asks there before each fdatasync of its
write-ahead log and does it, or fails as a bad disk does, as it is told. Nothing else is changed.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from collections.abc import Callable

GO = b"g"


def asking(path: str, fdatasync: Callable[[int], None]) -> Callable[[int], None]:
    """``fdatasync`` as it was, after asking at ``path``; whoever is gone says no."""

    def ask_then_sync(handle: int) -> None:
        if "/wal/" in os.readlink(f"/proc/self/fd/{handle}"):
            with socket.socket(socket.AF_UNIX) as connection:
                connection.connect(path)
                if connection.recv(1) != GO:
                    raise OSError(errno.EIO, os.strerror(errno.EIO))
        fdatasync(handle)

    return ask_then_sync


if "FENGCUN_TEST_SYNCS" in os.environ and "ledger.notary" in sys.orig_argv:
    os.fdatasync = asking(os.environ["FENGCUN_TEST_SYNCS"], os.fdatasync)
