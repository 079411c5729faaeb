"""One sequence of numbers for every form, never given twice. Blocking: call it in a thread.

A number is durable before anybody sees it. One that was given out for something that then failed
stays unused; so numbers have gaps, and a gap says nothing: whatever fails, fails alike for
everybody.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from proxy.desk.certificate.code import NUMBER_MAX
from proxy.desk.certificate.errors import CertificateError
from proxy.errors import ConfigurationError

_LAST: Final = "last-serial"
_LOCK: Final = "lock"
_FORM: Final = re.compile(r"([0-9]{6,10})\.[a-z.]+")
_DIGITS: Final = re.compile(r"[0-9]{1,10}\n")


def next_serial(directory: Path) -> int:
    """The next number. Raises `ConfigurationError` for a damaged counter, `CertificateError`
    where it cannot be written.

    Several processes may ask at a time. Behind the counter stand the forms themselves: one that
    was restored from an older copy does not give their numbers again.
    """
    try:
        with _locked(directory):
            number = max(_counted(directory / _LAST), _highest(directory)) + 1
            if number > NUMBER_MAX:
                raise ConfigurationError("certificate: there are no serial numbers left")
            write_durably(directory / _LAST, b"%d\n" % number)
            return number
    except OSError:
        raise CertificateError("store") from None


def serial_name(number: int) -> str:
    """Six digits, more where there are more: its name in the ledger and of its files."""
    return f"{number:06d}"


def write_durably(path: Path, content: bytes) -> None:
    """Whole or not at all, and there after a crash. Raises `OSError`."""
    temporary = path.with_name(f"{path.name}.new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_directory(path.parent)


def sync_directory(directory: Path) -> None:
    """What was named in it stays named. Raises `OSError`."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[None]:
    descriptor = os.open(directory / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _counted(file: Path) -> int:
    try:
        text = file.read_text(encoding="ascii")
    except FileNotFoundError:
        return 0
    except UnicodeDecodeError:
        text = ""
    if not _DIGITS.fullmatch(text):
        raise ConfigurationError(
            f"{file} is damaged: write the highest serial that was given out into it, and a newline"
        )
    return int(text)


def _highest(directory: Path) -> int:
    found = (_FORM.fullmatch(entry.name) for entry in os.scandir(directory))
    return max((int(match[1]) for match in found if match), default=0)
