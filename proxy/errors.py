"""Whose fault it was: every exception that can reach a client has its SQLSTATE and metric label.

Messages must be safe to show and to log: no statement text, literal, parameter or row in them.
"""

from __future__ import annotations

from typing import ClassVar


class FengcunError(Exception):
    """Base of all errors with a defined owner."""

    sqlstate: ClassVar[str] = "XX000"
    label: ClassVar[str] = "internal"


class ProtocolViolation(FengcunError):
    """The peer broke the wire protocol; its byte stream cannot be trusted any further."""

    sqlstate = "08P01"
    label = "protocol"


class ConfigurationError(FengcunError):
    """A configuration or policy file, or the command line, is wrong. Exit code 2."""

    sqlstate = "F0000"
    label = "configuration"


class UpstreamUnavailable(FengcunError):
    """The database cannot be reached or answered outside its protocol."""

    sqlstate = "08006"
    label = "upstream"


class WitnessUnavailable(FengcunError):
    """The witness that is required did not answer before the start, and nothing was signed."""

    sqlstate = "57P03"
    label = "witness"


class ShuttingDown(FengcunError):
    """The service is told to stop; the session's transactions have ended, or their time has."""

    sqlstate = "57P01"
    label = "shutting-down"


class RecordUnavailable(FengcunError):
    """The ledger cannot take a decision, so nothing may be served. Fatal for the process."""

    sqlstate = "57P03"
    label = "ledger"
