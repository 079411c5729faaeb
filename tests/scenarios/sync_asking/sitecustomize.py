"""Python imports this when it starts where PYTHONPATH names its directory (site module).

With FENGCUN_TEST_SYNCS set to a Unix socket, the notary asks there before each fdatasync of its
write-ahead log and does it, or fails as a bad disk does, as it is told. Nothing else is changed.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import FileDescriptorLike

GO = b"g"


really_sync = os.fdatasync


def ask_then_sync(handle: FileDescriptorLike) -> None:
    """Whoever does not answer says no."""
    if "/wal/" in os.readlink(f"/proc/self/fd/{handle}"):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(os.environ["FENGCUN_TEST_SYNCS"])
            if connection.recv(1) != GO:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
    really_sync(handle)


if "FENGCUN_TEST_SYNCS" in os.environ and "ledger.notary" in sys.orig_argv:
    os.fdatasync = ask_then_sync  # type: ignore[assignment]
