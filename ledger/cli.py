"""`fengcun ledger` and `fengcun keys`, put together from the files in `commands`."""

from __future__ import annotations

from ledger.commands import (  # noqa: F401 - each adds one
    backup,
    consistency,
    countersign,
    create,
    erase,
    export,
    freeze,
    keys,
    open,
    protect,
    prove,
    remember,
    rotate,
    show,
    submit,
    verify,
)
from ledger.commands.app import keys_app, ledger_app

__all__ = ["keys_app", "ledger_app"]
