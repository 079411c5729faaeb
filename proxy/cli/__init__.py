"""The ``fengcun`` command. Exit codes: 0 fine, 1 found something wrong, 2 usage or configuration,
3 the ledger failed."""

from proxy.cli.main import main

__all__ = ["main"]
