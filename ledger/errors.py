"""What can go wrong in the ledger. The type says whose fault it is and what happens next."""

from __future__ import annotations


class LedgerError(Exception):
    """Base of every exception this package raises on purpose."""


class LedgerUnavailable(LedgerError):
    """The ledger cannot append, for good: serve nothing until the process is restarted.

    `sqlstate` and `label` are what a client and a metric may be told.
    """

    sqlstate = "57P03"
    label = "ledger-unavailable"


class InvalidDraft(LedgerError, ValueError):
    """The caller's fault: a header outside the closed field list, or a draft too large.

    Raised before anything is queued, so it condemns the one draft and nothing else.
    The message names the kind and the field, never the value.
    """


class FormatError(LedgerError, ValueError):
    """Bytes that do not follow the format: a note, checkpoint, entry, tile, bundle or frame."""


class SignatureInvalid(FormatError):
    """A note that no trusted key signed, or that carries a bad signature of a trusted key."""


class ConfigurationError(LedgerError):
    """The operator's fault: missing log, wrong key, foreign origin, unsafe file mode. Exit 2."""


class LogFrozen(ConfigurationError):
    """The log was ended on purpose and is never signed again. Exit 2."""

    def __init__(self, origin: str, successor: str | None) -> None:
        go_on = "it is continued by " + successor if successor else "begin the log that follows it"
        super().__init__(f"the log {origin} is frozen: {go_on}")
        self.successor = successor


class LedgerDamaged(LedgerError):
    """The log on disk contradicts itself or something signed earlier. Never healed. Exit 3."""


class LedgerFailed(LedgerError):
    """The first failed write, sync or rename. Fatal by design: fsync is never retried. Exit 3."""


class DiskReserveReached(LedgerFailed):
    """Stopped while the disk still had room to record the stop itself. Exit 3."""
