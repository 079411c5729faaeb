"""`fengcun ledger` and `fengcun keys`, put together from the files in `commands`."""

from __future__ import annotations

from ledger.commands import countersign, create, keys, prove, show, submit, verify  # noqa: F401 - each adds one
from ledger.commands.app import keys_app, ledger_app

__all__ = ["keys_app", "ledger_app"]
