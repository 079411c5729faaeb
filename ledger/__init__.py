"""The audit ledger: an append-only, signed log that outsiders verify, and its one writer."""
