"""What an operator asks for between two starts: successors of keys, an end, other recipients.

Everything here only leaves a file in the key directory. The next start of the notary records it in
the log and makes it so: see `adoption`.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ledger.checkpoint import CHECKPOINT_BYTES_MAX, open_checkpoint
from ledger.envelope import Recipient
from ledger.errors import ConfigurationError, FormatError
from ledger.fetch import DirectoryLog
from ledger.keyfile import Passphrase, as_protected_as, find_passphrase
from ledger.keys import RETIRE_FILE, load_recipients, load_verifier_keys, require_two, write_new
from ledger.note import SigningKey, VerifierKey, parse_note, require_all
from ledger.publish import CHECKPOINT_PATH

Successive: TypeAlias = Literal["entry", "log"]

RECIPIENTS_MAX: Final = 64


def prepare_successor(
    directory: Path, what: Successive, passphrase: Passphrase = find_passphrase
) -> VerifierKey:
    """Make the next pair of keys beside the current one, under its passphrase if it has one.

    Raises `ConfigurationError`.
    """
    (current,) = load_verifier_keys([directory / f"{what}.vkey"])
    if (directory / f"{what}.next.key").exists():
        raise ConfigurationError(
            f"{directory / what}.next.key exists: one change at a time, and keys are never "
            "overwritten"
        )
    if not (directory / f"{what}.key").exists():
        raise ConfigurationError(
            f"{directory / what}.key is not there: a key that comes as a credential is not rotated"
            " in place; put it into the directory first, or begin a new log"
        )
    key = SigningKey(current.name, secrets.token_bytes(32))
    secret = as_protected_as(directory / f"{what}.key", key.to_text(), passphrase)
    # The private key is what counts, so it comes last; a public one without it is of no attempt.
    (directory / f"{what}.next.vkey").unlink(missing_ok=True)
    _put(directory / f"{what}.next.vkey", str(key.verifier), 0o644)
    _put(directory / f"{what}.next.key", secret, 0o600)
    return key.verifier


def ask_retirement(directory: Path, log: DirectoryLog) -> VerifierKey:
    """End the overlap of two log keys at the next start; the key that then signs no more.

    Raises `ConfigurationError` where the published checkpoint does not bear both signatures: the
    successor has to be in force first, and whoever verifies has to know it.
    """
    if not (directory / "log.next.vkey").exists():
        raise ConfigurationError("there is no next log key: run `fengcun keys rotate log` first")
    old, new = load_verifier_keys([directory / "log.vkey", directory / "log.next.vkey"])
    note = log.read(CHECKPOINT_PATH)
    try:
        open_checkpoint(note, [old])
        require_all(parse_note(note, note_bytes_max=CHECKPOINT_BYTES_MAX), [old, new])
    except FormatError as error:
        raise ConfigurationError(
            f"the next log key does not sign yet: start the notary first ({error})"
        ) from error
    if not (directory / RETIRE_FILE).exists():
        _put(directory / RETIRE_FILE, old.id.hex(), 0o644)
    return old


def change_recipients(
    directory: Path, added: Sequence[Recipient], removed_ids: Sequence[str]
) -> list[Recipient]:
    """Who shall read from the next start on. Raises `ConfigurationError`; then nothing changed."""
    folder = directory / "recipients"
    files = {path: load_recipients([path])[0] for path in sorted(folder.glob("*.pub"))}
    unknown = set(removed_ids) - {recipient.id for recipient in files.values()}
    if unknown:
        raise ConfigurationError(f"there is no recipient with the id {min(unknown)}")
    kept = [recipient for recipient in files.values() if recipient.id not in removed_ids]
    new = [recipient for recipient in added if recipient not in kept]
    require_two([*kept, *new])
    if len(kept) + len(new) > RECIPIENTS_MAX:
        raise ConfigurationError(f"more than {RECIPIENTS_MAX} recipients")
    for recipient in new:
        path = folder / f"{recipient.id}.pub"
        if path not in files:
            _put(path, str(recipient), 0o644)
    for path, recipient in files.items():
        if recipient.id in removed_ids and recipient not in new:
            path.unlink()
    _sync(folder)
    return [*kept, *new]


def _put(path: Path, text: str, mode: int) -> None:
    """A new file, whole or not at all. Raises `ConfigurationError` if there is one."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    write_new(new, text, mode)
    try:
        os.link(new, path)
    except FileExistsError as error:
        raise ConfigurationError(f"{path} exists: keys are never overwritten") from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            new.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
