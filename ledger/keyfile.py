"""Files that hold secrets: who may read and replace them, and the passphrase some are under.

A secret is one line of text, in clear or as an armored `age` file. Where the service manager hands
over credentials ($CREDENTIALS_DIRECTORY, systemd.exec(5)), `fengcun.log.key` there stands for the
`log.key` of a key directory, and so do the others in `CREDENTIALS`.

A passphrase is never an argument and never the value of a variable, which others could read. It
comes from a file that is named, from the credential `fengcun.passphrase`, or from a terminal.
"""

from __future__ import annotations

import getpass
import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.age import TEXT_BYTES_MAX, WrongPassphrase, is_protected, open_text, protect_text
from ledger.disk import replace_file
from ledger.errors import ConfigurationError, FormatError

CREDENTIALS: Final = frozenset({"log.key", "entry.key", "pseudonym.key", "witness.key"})
FILE_VARIABLE: Final = "FENGCUN_PASSPHRASE_FILE"
PASSPHRASE_CHARACTERS_MIN: Final = 8

_CREDENTIAL_NAME: Final = "fengcun.passphrase"
_FILE_BYTES_MAX: Final = 2 * TEXT_BYTES_MAX
_RUN_INIT: Final = "run `fengcun keys init` first?"

Passphrase = Callable[[Path], bytes]
"""Asked for the passphrase of a file, once it is known to need one."""


def read_secret(path: Path, passphrase: Passphrase | None = None) -> str:
    """The text without the white space around it. Raises `ConfigurationError`."""
    place = _credential(f"fengcun.{path.name}") if path.name in CREDENTIALS else None
    text = _read_private(place or path)
    if not is_protected(text):
        return text
    return _opened(place or path, text, (passphrase or find_passphrase)(place or path))


def as_protected_as(path: Path, text: str, passphrase: Passphrase) -> str:
    """`text` for the file that will follow the secret at `path`: under the same passphrase, where
    that is under one. Raises `ConfigurationError`."""
    present = _read_private(path)
    if not is_protected(present):
        return text
    given = passphrase(path)
    _opened(path, present, given)
    return _closed(text + "\n", given).strip()


def comes_as_credential(name: str) -> bool:
    """Whether the service manager hands over this file of a key directory, so that what lies in
    the directory is not looked at."""
    return name in CREDENTIALS and _credential(f"fengcun.{name}") is not None


def write_secret(path: Path, text: str, passphrase: bytes | None) -> None:
    """A new file, mode 0600. Raises `ConfigurationError` if there is one."""
    write_new(path, _closed(text + "\n", passphrase), 0o600, newline=False)


def protect(path: Path, passphrase: bytes) -> None:
    """Put an existing secret under a passphrase; the file is replaced as a whole."""
    text = _read_private(path)
    if is_protected(text):
        raise ConfigurationError(f"{path} has a passphrase already: unprotect it first")
    protected = _closed(text + "\n", passphrase)
    _opened(path, protected.strip(), passphrase)
    replace_file(path, protected.encode(), mode=0o600)


def unprotect(path: Path, passphrase: Passphrase) -> None:
    """Take the passphrase off."""
    text = _read_private(path)
    if not is_protected(text):
        raise ConfigurationError(f"{path} has no passphrase")
    opened = _opened(path, text, passphrase(path))
    replace_file(path, f"{opened}\n".encode(), mode=0o600)


def find_passphrase(path: Path) -> bytes:
    """From the file in $FENGCUN_PASSPHRASE_FILE, from the credential, or from the terminal."""
    named = os.environ.get(FILE_VARIABLE)
    place = Path(named) if named else _credential(_CREDENTIAL_NAME)
    if place is not None:
        return passphrase_from(place)
    if not sys.stdin.isatty():
        raise ConfigurationError(
            f"{path} has a passphrase: name its file in {FILE_VARIABLE}, or give the"
            f" service the credential {_CREDENTIAL_NAME}"
        )
    return _asked(f"口令 / passphrase of {path}: ").encode()


def once(passphrase: Passphrase) -> Passphrase:
    """Asked for the first file; the others of a directory have the same."""
    known: list[bytes] = []

    def remembered(path: Path) -> bytes:
        if not known:
            known.append(passphrase(path))
        return known[0]

    return remembered


def new_passphrase(file: Path | None) -> bytes:
    """One to protect with: from a file, or asked for twice. Raises `ConfigurationError`."""
    if file is None and not sys.stdin.isatty():
        raise ConfigurationError("there is no terminal to ask for a passphrase: --passphrase-file")
    if file is not None:
        chosen = passphrase_from(file)
    else:
        chosen = _asked("新口令 / new passphrase: ").encode()
        if _asked("再输入一次 / again: ").encode() != chosen:
            raise ConfigurationError("the two passphrases are not the same: nothing was written")
    if len(chosen.decode()) < PASSPHRASE_CHARACTERS_MIN:
        raise ConfigurationError(
            f"a passphrase has {PASSPHRASE_CHARACTERS_MIN} characters at least; better five words"
        )
    return chosen


def passphrase_from(file: Path) -> bytes:
    """The one line of a file that nobody else may read, or of a descriptor, `/dev/fd/3`."""
    if file.exists() and not file.is_file():
        with file.open("rb") as pipe:
            data = pipe.read(_FILE_BYTES_MAX)
    else:
        data = read_private_bytes(file, "it should hold the passphrase")
    line = data.removesuffix(b"\n").removesuffix(b"\r")
    try:
        wrong = not line or not line.decode().isprintable()
    except UnicodeDecodeError:
        wrong = True
    if wrong:
        raise ConfigurationError(f"{file} does not hold a passphrase: one line of text")
    return line


def write_new(path: Path, text: str, mode: int, *, newline: bool = True) -> None:
    """A new file, durable but for its name. Raises `ConfigurationError` if there is one."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    except FileExistsError as error:
        raise ConfigurationError(f"{path} exists: keys are never overwritten") from error
    with os.fdopen(handle, "w") as file:
        file.write(text + "\n" * newline)
        file.flush()
        os.fsync(file.fileno())


def require_own_directory(directory: Path) -> None:
    """Raise `ConfigurationError` where somebody else could replace what is in it."""
    status = directory.stat()
    _require_owner(directory, status)
    if status.st_mode & 0o022 and not status.st_mode & stat.S_ISVTX:
        raise ConfigurationError(f"{directory} can be changed by others: chmod go-w {directory}")


def require_unchanged_by_others(path: Path) -> None:
    """The same for a file that everybody may read, and nobody else may replace: a public key."""
    status = path.stat()
    _require_owner(path, status)
    if status.st_mode & 0o022:
        raise ConfigurationError(f"{path} can be changed by others: chmod go-w {path}")
    require_own_directory(path.parent)


def _read_private(path: Path) -> str:
    try:
        return read_private_bytes(path).decode().strip()
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not text: no key") from error


def read_private_bytes(
    path: Path, hint: str = _RUN_INIT, bytes_max: int = _FILE_BYTES_MAX
) -> bytes:
    """What was opened is what is checked. A link is followed, and both its ends have to be ours."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {hint}") from error
    try:
        _require_private(path, os.fstat(handle))
        for directory in {path.parent, Path(os.path.realpath(path)).parent}:
            require_own_directory(directory)
        data = os.read(handle, bytes_max + 1)
    finally:
        os.close(handle)
    if len(data) > bytes_max:
        raise ConfigurationError(f"{path} is too long for what it should hold")
    return data


def _require_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigurationError(f"{path} is not a file")
    _require_owner(path, status)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    of_manager = credentials is not None and path.parent == Path(credentials)
    # The service manager may grant its files by an access control list, whose mask stat(2) shows
    # as the rights of the group.
    forbidden = 0o037 if of_manager and status.st_uid == 0 else 0o077
    if status.st_mode & forbidden:
        raise ConfigurationError(f"{path} can be read by others: chmod 600 {path}")


def _require_owner(path: Path, status: os.stat_result) -> None:
    if status.st_uid not in (0, os.geteuid()):
        raise ConfigurationError(
            f"{path} belongs to user {status.st_uid}: run this as that user, or chown it"
        )


def _credential(name: str) -> Path | None:
    directory = os.environ.get("CREDENTIALS_DIRECTORY")
    if not directory:
        return None
    path = Path(directory) / name
    return path if path.exists() else None


def _closed(text: str, passphrase: bytes | None) -> str:
    return text if passphrase is None else protect_text(text, passphrase)


def _opened(path: Path, text: str, passphrase: bytes) -> str:
    try:
        return open_text(text, passphrase).strip()
    except WrongPassphrase as error:
        raise ConfigurationError(f"wrong passphrase for {path}, or a damaged file") from error
    except FormatError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _asked(question: str) -> str:
    try:
        return getpass.getpass(question)
    except (EOFError, KeyboardInterrupt) as error:
        raise ConfigurationError("no passphrase was given") from error
