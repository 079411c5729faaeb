"""What people who supervise do with a log: prove, open, select, hand over as evidence.

Functions first, for a command or a portal alike; the commands are in `ledger/commands`.
"""
