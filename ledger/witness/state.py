"""What a witness remembers: for each log the last checkpoint it cosigned, and nothing of entries.

    witness.key, witness.vkey       its key pair; the .vkey is handed to whoever verifies
    logs/<name>.vkey                the logs it watches
    seen/<hex SHA-256 of origin>    the last checkpoint, with the log's and its own signature
    lock                            flock of the one process that cosigns

A cosignature leaves only after what it says is durable: a witness that forgets helps to fork.
"""

from __future__ import annotations

import fcntl
import os
import secrets
from hashlib import sha256
from pathlib import Path
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.cosignature import CosigningKey, require_cosignature
from ledger.errors import ConfigurationError, FormatError, LedgerDamaged
from ledger.keyfile import write_new, write_secret
from ledger.keys import load_private, load_verifier_keys
from ledger.note import VerifierKey, check_name, parse_note

SEEN_FOLDER: Final = "seen"
LOGS_FOLDER: Final = "logs"


def origin_digest(origin: str) -> str:
    """How an origin is called in the monitoring path."""
    return sha256(origin.encode()).hexdigest()


def init_witness(directory: Path, name: str, passphrase: bytes | None = None) -> CosigningKey:
    """Make a witness's keys in a new or empty directory. Raises `ConfigurationError`."""
    try:
        key = CosigningKey(check_name(name), secrets.token_bytes(32))
    except FormatError as error:
        raise ConfigurationError(str(error)) from error
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(f"{directory} is not empty: keys are never overwritten")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in (SEEN_FOLDER, LOGS_FOLDER):
        (directory / folder).mkdir(mode=0o700)
    write_secret(directory / "witness.key", key.to_text(), passphrase)
    write_new(directory / "witness.vkey", str(key.verifier), 0o644)
    return key


def watch_log(directory: Path, key: VerifierKey) -> Path:
    """Cosign for the log of this key from now on; the file that says so."""
    path = directory / LOGS_FOLDER / f"{origin_digest(key.name)}-{key.id.hex()}.vkey"
    if not path.exists():
        write_new(path, str(key), 0o644)
    return path


def unwatch_log(directory: Path, key: VerifierKey) -> None:
    """Cosign nothing more that is signed with this key alone. Raises `ConfigurationError`.

    What was seen stays. While other keys of the log are watched, one of them has to have signed
    what was seen last: else that could not be read any more, and nothing more be cosigned.
    """
    folder = directory / LOGS_FOLDER
    path = folder / f"{origin_digest(key.name)}-{key.id.hex()}.vkey"
    if not path.exists():
        raise ConfigurationError(f"{key.name} with the key {key.id.hex()} is not watched")
    files = sorted(folder.glob(f"{origin_digest(key.name)}-*.vkey"))
    others = [other for other in load_verifier_keys(files) if other != key]
    seen = directory / SEEN_FOLDER / origin_digest(key.name)
    if others and seen.exists():
        try:
            open_checkpoint(seen.read_bytes(), others)
        except FormatError as error:
            raise ConfigurationError(
                "no other key of this log has signed what was cosigned last: have a checkpoint "
                "cosigned that the new key signed, then try again"
            ) from error
    path.unlink()
    _sync(folder)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class WitnessState:
    """One process at a time. Everything blocks."""

    def __init__(self, directory: Path) -> None:
        """Raises `ConfigurationError`."""
        self.key = load_private(directory / "witness.key", CosigningKey.parse)
        files = sorted((directory / LOGS_FOLDER).glob("*.vkey"))
        self.log_keys = load_verifier_keys(files) if files else []
        self._seen = directory / SEEN_FOLDER
        self._handle = os.open(directory / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._handle)
            message = f"another witness works in {directory}; stop it first"
            raise ConfigurationError(message) from None

    def close(self) -> None:
        os.close(self._handle)

    def note_of(self, digest: str) -> bytes | None:
        """The last cosigned checkpoint of the log with that origin digest."""
        try:
            return (self._seen / digest).read_bytes()
        except FileNotFoundError:
            return None

    def latest(self, origin: str) -> Checkpoint | None:
        """The largest tree of the log that was cosigned. Raises `LedgerDamaged`: what cannot be
        read was not forgotten."""
        note = self.note_of(origin_digest(origin))
        if note is None:
            return None
        try:
            require_cosignature(parse_note(note), self.key.verifier)
            return open_checkpoint(note, [key for key in self.log_keys if key.name == origin])
        except FormatError as error:
            raise LedgerDamaged(f"what was seen of {origin} is damaged: {error}") from error

    def remember(self, origin: str, note: bytes) -> None:
        """Replace the file as a whole: new file, sync, rename, sync of its folder."""
        path = self._seen / origin_digest(origin)
        new = path.with_suffix(".new")
        new.unlink(missing_ok=True)
        write_new(new, note.decode(), 0o644, newline=False)
        new.rename(path)
        _sync(self._seen)
