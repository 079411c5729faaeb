"""`fengcun ledger` and `fengcun keys`, one file for each command."""
