"""Log lines that cannot carry data: constant messages and fields from a closed list.

Callers use the standard library: ``logger.info("listening", extra={"host": host, "port": port})``.
The formatters here print the message template as written in the source, never its arguments, and
only fields of `FIELDS` whose value has the field's shape. Libraries are not trusted that far: of
their records only logger, level and the exception's type are shown, since an error text of a
database driver quotes rows.
"""

from __future__ import annotations

import json
import logging
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, TextIO

from proxy.errors import FengcunError

Value = str | int | float

_TOKEN: Final = r"[a-z][a-z0-9-]{0,59}"  # noqa: S105
_COUNT: Final = r"\d{1,15}"
_HOST: Final = r"[A-Za-z0-9.:\[\]-]{1,253}"
_PATH: Final = r"[\w./-]{1,200}"

FIELDS: Final = MappingProxyType(
    {
        name: re.compile(shape)
        for name, shape in {
            "verdict": _TOKEN,
            "rule": _TOKEN,
            "statement_class": _TOKEN,
            "principal": _TOKEN,
            "kind": _TOKEN,
            "permit": _TOKEN,
            "year": r"\d{4}",
            "state": _TOKEN,
            "proxy_id": _TOKEN,
            "sqlstate": r"[0-9A-Z]{5}",
            "session": r"[0-9a-f]{8,32}",
            "policy": r"[0-9a-f]{16,64}",
            "catalogue": r"[0-9a-f]{16,64}",
            "version": r"[0-9][0-9a-z.+]{0,19}",
            "signal": r"SIG[A-Z0-9]{1,9}",
            "host": _HOST,
            "port": r"\d{1,5}",
            "path": _PATH,
            "worker": _COUNT,
            "process_id": _COUNT,
            "exit_code": r"-?\d{1,3}",
            "entries_count": _COUNT,
            "tree_size": _COUNT,
            "connections_count": _COUNT,
            "relations_count": _COUNT,
            "bytes_count": _COUNT,
            "duration_ms": r"\d{1,12}(\.\d{1,9})?",
        }.items()
    }
)
"""Every field a line may have and what its value must look like, whole."""

_OWN_LOGGERS: Final = ("proxy", "ledger")
_FRAMES_MAX: Final = 5


def configure(stream: TextIO, *, level: int = logging.INFO) -> None:
    """Send all logging to `stream`: one JSON object a line, or short text on a terminal."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(TerminalFormatter() if stream.isatty() else JsonFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # A warning quotes the source line and a captured one quotes values.
    logging.captureWarnings(capture=True)
    # It warns of each text that it cannot read. That is an opinion, and whoever sends such texts
    # must not fill the log.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)


class JsonFormatter(logging.Formatter):
    """One JSON object per record: time (UTC), level, logger, message, fields, error."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Value] = {
            "time": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": _message(record),
            **dict(_fields(record)),
            **dict(_error(record)),
        }
        return json.dumps(line, ensure_ascii=False, separators=(",", ":"))


class TerminalFormatter(logging.Formatter):
    """The same for a person: time, level where it matters, message, fields."""

    _COLOURS: Final = MappingProxyType({"WARNING": "33", "ERROR": "31", "CRITICAL": "1;31"})

    def format(self, record: logging.LogRecord) -> str:
        message = _message(record)
        colour = self._COLOURS.get(record.levelname)
        if colour is not None:
            message = f"\x1b[{colour}m{record.levelname.lower()}: {message}\x1b[0m"
        rest = [f"{name}={value}" for name, value in (*_fields(record), *_error(record))]
        return " ".join([_time(record).astimezone().strftime("%H:%M:%S"), message, *rest])


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, UTC)


def _is_own(record: logging.LogRecord) -> bool:
    return record.name.partition(".")[0] in _OWN_LOGGERS


def _message(record: logging.LogRecord) -> str:
    if _is_own(record) and isinstance(record.msg, str):
        return record.msg
    return "a library reported something"


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, Value]]:
    if not _is_own(record):
        return
    for name, shape in FIELDS.items():
        value = getattr(record, name, None)
        # A value of the wrong shape is a mistake in the code; its place stays visible.
        if isinstance(value, str | int | float):
            yield name, value if shape.fullmatch(str(value)) else "withheld"


def _error(record: logging.LogRecord) -> Iterator[tuple[str, Value]]:
    """The exception's type and where it was raised. Its text only where it is ours: see errors."""
    exception = record.exc_info[1] if record.exc_info else None
    if exception is None:
        return
    yield "error", type(exception).__name__
    if isinstance(exception, FengcunError):
        yield "reason", str(exception)
    frames = traceback.extract_tb(exception.__traceback__)[-_FRAMES_MAX:]
    yield "where", " > ".join(f"{_module(frame.filename)}:{frame.lineno}" for frame in frames)


def _module(filename: str) -> str:
    return "/".join(filename.split("/")[-3:])
