"""Asking an operator for somebody's new password."""

from __future__ import annotations

import getpass
import sys

from ledger.accounts.passwords import PASSWORD_BYTES_MAX


def new_password() -> str:
    """Asked for twice at a terminal, or the one line of standard input. Raises ValueError."""
    if sys.stdin.isatty():
        try:
            password = getpass.getpass("新口令 / new password: ")
            if getpass.getpass("再输入一次 / again: ") != password:
                raise ValueError("the two are not the same: nothing was written")
        except (EOFError, KeyboardInterrupt):
            raise ValueError("no password was given") from None
        return password
    data = sys.stdin.buffer.read(PASSWORD_BYTES_MAX + 3)
    try:
        return data.removesuffix(b"\n").removesuffix(b"\r").decode()
    except UnicodeDecodeError:
        raise ValueError("the password is not UTF-8 text") from None
