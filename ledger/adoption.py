"""Changes of keys, made at a start: first the log says so, durably, and only then files are named.

What the log says decides. Its last entry and its last checkpoint show which keys sign, so a start
that finds a change announced and the key files as they were before finishes what was cut short.

    entry.next.key, .vkey    prepared by `fengcun keys rotate entry`
    log.next.key, .vkey      likewise; the second signature of every checkpoint until the first ends
    log.retire               the id of the log key that shall sign no more
    retired/<what>-<id>.vkey public keys that were in force
    <log>/.state/recipients  whom the log's last `recipients` entry names, or its genesis entry
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from ledger.chain import Change, LogKeyRetired, NewEntryKey, NewLogKey, NewRecipients
from ledger.disk import Disk
from ledger.envelope import Recipient
from ledger.errors import ConfigurationError, FormatError, LedgerDamaged
from ledger.keys import RETIRE_FILE, RETIRED_FOLDER, NotaryKeys
from ledger.note import SigningKey, VerifierKey
from ledger.recovery import KeysFound, recipients_announced
from ledger.store import write_file
from ledger.tile import bundle_path, bundle_slots, decode_bundle

_NEW_FILE: Final = f"{RETIRED_FOLDER}/new"
RECIPIENTS_PATH: Final = ".state/recipients"


@dataclass(frozen=True, slots=True)
class Announcement:
    """A change to record at the start; `settle` is for afterwards, when it is durable."""

    change: Change
    settle: Callable[[], None]


def settled(keys: NotaryKeys, found: KeysFound, files: Disk | None) -> NotaryKeys:
    """The keys as the log has them, and their files named so. `files` is the key directory.

    Raises `ConfigurationError` for a wish that does not suit the log, or cannot be fulfilled here.
    """
    if keys.entry_next is not None or keys.retiring is not None:
        _require_writable(files)
    if keys.entry_next is not None and found.entry_key == keys.entry_next.verifier:
        _succeed(files, "entry", keys.entry, keys.entry_next)
        keys = replace(keys, entry=keys.entry_next, entry_next=None)
    if keys.log_next is not None and found.log_keys == (keys.log_next.verifier,):
        _succeed(files, "log", keys.log, keys.log_next)
        retired = (*keys.log_retired, keys.log.verifier)
        keys = replace(keys, log=keys.log_next, log_next=None, log_retired=retired)
    if keys.retiring is not None and keys.retiring != keys.log.verifier.id.hex():
        _remove(files, RETIRE_FILE)  # it was retired, and the process died before this
        keys = replace(keys, retiring=None)
    keys = replace(keys, overlap=len(found.log_keys) > 1)
    if keys.retiring is not None and not keys.overlap:
        raise ConfigurationError(
            f"{RETIRE_FILE}: the log key has no successor in force, so it cannot be retired; "
            f"delete {RETIRE_FILE} from the key directory"
        )
    return keys


def announcements(
    keys: NotaryKeys, in_force: Sequence[Recipient], disk: Disk, files: Disk | None
) -> Iterator[Announcement]:
    """What the log does not say yet, of settled keys; each is made and settled before the next."""
    if keys.entry_next is not None:
        settle = partial(_succeed, files, "entry", keys.entry, keys.entry_next)
        yield Announcement(NewEntryKey(keys.entry_next), settle)
    if keys.log_next is not None and not keys.overlap:
        yield Announcement(NewLogKey(keys.log_next), lambda: None)
    if keys.log_next is not None and keys.retiring is not None:
        yield Announcement(LogKeyRetired(), partial(_retire, files, keys.log, keys.log_next))
    if set(in_force) != set(keys.recipients):
        settle = partial(keep_recipients, disk, keys.recipients)
        yield Announcement(NewRecipients(keys.recipients), settle)


def _require_writable(files: Disk | None) -> None:
    """Before anything is announced: what is announced has to be followed by names of files."""
    assert files is not None, "keys that wait for adoption have a directory"
    try:
        files.make_folder(RETIRED_FOLDER)
        files.sync_folder(".")
        _remove_leftover(files)
        files.close(files.create(_NEW_FILE, 0))
        files.remove(_NEW_FILE)
    except OSError as error:
        raise ConfigurationError(
            f"the key directory cannot be written ({error.strerror}), and keys are to be changed: "
            "make it writable for the notary"
        ) from error


def _remove_leftover(files: Disk) -> None:
    if _NEW_FILE.rpartition("/")[2] in files.names(RETIRED_FOLDER):
        files.remove(_NEW_FILE)


def _succeed(files: Disk | None, what: str, old: SigningKey, new: SigningKey) -> None:
    """The next pair of files takes the place of the pair; nothing is left of the old secret.

    Any of it may have been done before. The private key is last: as long as it is there, so is
    everything that doing it again needs.
    """
    assert files is not None, "keys that wait for adoption have a directory"
    _keep_public(files, f"{RETIRED_FOLDER}/{what}-{old.verifier.id.hex()}.vkey", old.verifier)
    if f"{what}.next.vkey" in files.names("."):
        files.rename(f"{what}.next.vkey", f"{what}.vkey")
        files.sync_folder(".")
    assert f"{what}.next.key" in files.names("."), new
    files.rename(f"{what}.next.key", f"{what}.key")
    files.sync_folder(".")


def _retire(files: Disk | None, old: SigningKey, new: SigningKey) -> None:
    _succeed(files, "log", old, new)
    _remove(files, RETIRE_FILE)


def _remove(files: Disk | None, name: str) -> None:
    assert files is not None, "a wish stands in a directory"
    files.remove(name)
    files.sync_folder(".")


def _keep_public(files: Disk, path: str, key: VerifierKey) -> None:
    files.make_folder(RETIRED_FOLDER)
    files.sync_folder(".")
    _remove_leftover(files)
    handle = files.create(_NEW_FILE, 0)
    try:
        files.write(handle, f"{key}\n".encode(), 0)
        files.sync(handle)
    finally:
        files.close(handle)
    files.rename(_NEW_FILE, path)
    files.sync_folder(RETIRED_FOLDER)


def recipients_in_force(disk: Disk, found: KeysFound, published_size: int) -> tuple[Recipient, ...]:
    """Whom the log names, all of it being published. Raises `LedgerDamaged`.

    The file is worth no more than the log it was made from: without one the log is read again.
    """
    kept = _kept_recipients(disk)
    now = found.announced_recipients or kept
    if now is None:
        bundles = (
            entry
            for number, width in bundle_slots(published_size)
            for entry in decode_bundle(disk.read(bundle_path(number, width)))
        )
        try:
            now = recipients_announced(bundles) or found.genesis_recipients
        except (FormatError, FileNotFoundError) as error:
            raise LedgerDamaged(f"the published entries cannot be read: {error}") from error
    if now != kept:
        keep_recipients(disk, now)
    return now


def keep_recipients(disk: Disk, recipients: Sequence[Recipient]) -> None:
    write_file(disk, RECIPIENTS_PATH, "".join(f"{each}\n" for each in recipients).encode())


def _kept_recipients(disk: Disk) -> tuple[Recipient, ...] | None:
    try:
        lines = disk.read(RECIPIENTS_PATH).decode().splitlines()
        return tuple(map(Recipient.parse, lines)) or None
    except (FileNotFoundError, UnicodeDecodeError, FormatError):
        return None
