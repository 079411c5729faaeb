"""Decisions, outcomes and what the desk does -> ledger entries. The only part of the data path that
knows the ledger."""
