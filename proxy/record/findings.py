"""What a scan found, as entries of the ledger, and what is remembered of it for the next.

An entry's header can be read by everybody, and so can the length of its payload. Who may write to
the database could make a finding, or unmake one, and learn by either whether a person is sealed:
a count that moved by one, a payload that grew by a key. So there is an entry for each rule and scan
whether it found anything or not; its payload has the same length always; the public count is of
scans; and where keys need several entries, how many there are is rounded at random.

To tell what is new the last scan's keys are remembered as digests under the log's own key.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeAlias

from ledger.pseudonyms import Pseudonyms
from proxy.errors import ConfigurationError
from proxy.payload import encode_json
from proxy.policy.law import FindingRule
from proxy.record.recorder import Finding

Key: TypeAlias = tuple[int | str | None, ...]


class ScanUnderWay(ConfigurationError):
    """Another process looks for findings now."""


PAYLOAD_BYTES: Final = 32_768
_KEYS_BYTES: Final = 28_000
"""Of a payload, for keys; the rest is what is said of them, and padding."""
_DOMAIN: Final = "finding"


@dataclass(frozen=True, slots=True)
class Result:
    """What one rule found in one database; ``count`` may be more than there are keys."""

    rule: FindingRule
    database: str
    columns: tuple[str, ...] = ()
    keys: tuple[Key, ...] = ()
    count: int = 0
    failed: str | None = None

    @property
    def name(self) -> str:
        """What it is remembered by."""
        return f"{self.rule.name}@{self.database}"


@dataclass(frozen=True, slots=True)
class Memory:
    """When the last scan began, in Unix seconds, and its findings' digests by `Result.name`."""

    scanned_at: float | None = None
    digests: Mapping[str, frozenset[str]] | None = None

    def known(self, name: str) -> frozenset[str] | None:
        """The digests of the last scan; None where it did not look for this."""
        return None if self.digests is None else self.digests.get(name)


def read_memory(file: Path) -> Memory:
    """What was remembered; nothing where the file is missing or damaged, for then all is new."""
    try:
        values = json.loads(file.read_bytes())
        digests = {str(name): frozenset(map(str, each)) for name, each in values["found"].items()}
        scanned_at = values["scanned_at"]
        return Memory(None if scanned_at is None else float(scanned_at), digests)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Memory()


def write_memory(file: Path, memory: Memory) -> None:
    """Put it where `read_memory` finds it, whole or not at all. Raises `OSError`."""
    found = {name: sorted(each) for name, each in (memory.digests or {}).items()}
    beside = file.with_name(f"{file.name}.new")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as out:
        json.dump({"scanned_at": memory.scanned_at, "found": found}, out)
        out.flush()
        os.fsync(out.fileno())
    os.replace(beside, file)


@contextmanager
def one_at_a_time(file: Path) -> Iterator[None]:
    """Only one scan goes on, of all processes. Raises `ScanUnderWay` where another does."""
    try:
        handle = os.open(file.with_name(f"{file.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    except OSError:
        raise ConfigurationError(f"scan.memory_file: cannot write beside {file}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise ScanUnderWay("another scan is under way; wait for its end") from None
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True)
class Report:
    """A result as it is told: its entries, what to remember of it, and how much of it is new."""

    result: Result
    entries: tuple[Finding, ...]
    digests: frozenset[str]
    new_count: int | None
    """None where nothing is known to compare with, or the rule failed."""


def report(result: Result, memory: Memory, pseudonyms: Pseudonyms, now_seconds: float) -> Report:
    """The entries for ``result``, of a scan that began at ``now_seconds``."""
    known = memory.known(result.name)
    since = now_seconds if memory.scanned_at is None else memory.scanned_at
    digests = [pseudonyms.of(_DOMAIN, encode_json([result.name, *key])) for key in result.keys]
    # Those that are new first, so that a list that was cut has them.
    order = sorted(range(len(digests)), key=lambda n: known is not None and digests[n] in known)
    new_count = sum(digest not in known for digest in digests) if known is not None else None
    if result.failed is not None:
        new_count = None
    parts = list(_parts([result.keys[n] for n in order]))
    said = {
        "title": result.rule.title,
        "database": result.database,
        "found": None if result.failed is not None else result.count,
        "new": new_count,
        "not_listed": result.count - len(result.keys),
        "failed": result.failed,
        "columns": result.columns,
        "parts": len(parts),
    }
    entries = tuple(
        Finding(
            rule=result.rule.name,
            observed_count=1,
            from_seconds=since,
            until_seconds=now_seconds,
            content={**said, "part": number, "keys": part},
            severity=result.rule.severity,
            article=result.rule.article,
            payload_bytes=PAYLOAD_BYTES,
        )
        for number, part in enumerate(parts, 1)
    )
    kept = (known or frozenset()) if result.failed is not None else frozenset(digests)
    return Report(result, entries, kept, new_count)


def _parts(keys: Sequence[Key]) -> Iterator[list[Key]]:
    """The keys, as many at a time as fit; at least one part, and now and then one more."""
    part: list[Key] = []
    used = 0
    for key in keys:
        size = len(encode_json(key).encode()) + 1
        if part and used + size > _KEYS_BYTES:
            yield part
            part, used = [], 0
        part.append(key)
        used += size
    yield part
    if used > secrets.randbelow(_KEYS_BYTES):
        yield []
