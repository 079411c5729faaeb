"""The key directory of a proxy host, and who may read it.

    log.key, log.vkey           signs checkpoints; named after the origin
    entry.key, entry.vkey       signs entries; named <origin>/proxy/<proxy id>
    pseudonym.key               keys the pseudonyms in public headers
    recipients/<name>.pub       who can decrypt payloads; two at least

What else lies there while keys change is told in `adoption`.
Who may read and replace them, passphrases and credentials are the business of `keyfile`.

Recipient key pairs are made where they will be used (the procuratorate's own machine) with
`write_identity`; only the .pub file travels.
"""

from __future__ import annotations

import secrets
from base64 import b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar

from ledger.entry import check_proxy_id, entry_key_name
from ledger.envelope import RECIPIENTS_MIN, Identity, Recipient
from ledger.errors import ConfigurationError, FormatError
from ledger.keyfile import (
    Passphrase,
    comes_as_credential,
    find_passphrase,
    once,
    read_secret,
    require_own_directory,
    require_unchanged_by_others,
    write_secret,
)
from ledger.keyfile import write_new as write_new
from ledger.note import Algorithm, SigningKey, VerifierKey, check_name, decode_base64
from ledger.pseudonyms import Pseudonyms

T = TypeVar("T")

RETIRED_FOLDER: Final = "retired"
RETIRE_FILE: Final = "log.retire"
_PSEUDONYM_PREFIX: Final = "PSEUDONYM+KEY+"


@dataclass(frozen=True, slots=True)
class NotaryKeys:
    """Everything the notary holds."""

    log: SigningKey
    entry: SigningKey
    pseudonyms: Pseudonyms
    recipients: tuple[Recipient, ...]
    entry_next: SigningKey | None = None  # prepared; in force once the log says so
    log_next: SigningKey | None = None  # likewise; then signs beside `log` until that is retired
    overlap: bool = False  # both log keys sign
    retiring: str | None = None  # id of the log key that shall sign no more
    log_retired: tuple[VerifierKey, ...] = ()

    @property
    def origin(self) -> str:
        return self.log.name

    @property
    def signing_checkpoints(self) -> tuple[SigningKey, ...]:
        """The older first."""
        if self.overlap and self.log_next is not None:
            return self.log, self.log_next
        return (self.log,)

    @property
    def log_verifiers(self) -> tuple[VerifierKey, ...]:
        """Of every key that may have signed a checkpoint of this log."""
        known = [key for key in (self.log, self.log_next) if key is not None]
        return (*(key.verifier for key in known), *self.log_retired)


def init_keys(
    directory: Path,
    *,
    origin: str,
    proxy_id: str,
    recipients: Sequence[Recipient],
    passphrase: bytes | None = None,
) -> NotaryKeys:
    """Make new keys in a new or empty directory. Raises `ConfigurationError`."""
    try:
        check_name(origin)
        check_proxy_id(proxy_id)
    except FormatError as error:
        raise ConfigurationError(str(error)) from error
    require_two(recipients)
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(f"{directory} is not empty: keys are never overwritten")
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    directory.chmod(0o700)
    (directory / "recipients").mkdir(mode=0o700)
    log = SigningKey(origin, secrets.token_bytes(32))
    entry = SigningKey(entry_key_name(origin, proxy_id), secrets.token_bytes(32))
    pseudonyms = Pseudonyms(secrets.token_bytes(32))
    write_secret(directory / "log.key", log.to_text(), passphrase)
    write_secret(directory / "entry.key", entry.to_text(), passphrase)
    secret = _PSEUDONYM_PREFIX + b64encode(pseudonyms.key).decode()
    write_secret(directory / "pseudonym.key", secret, passphrase)
    write_new(directory / "log.vkey", str(log.verifier), 0o644)
    write_new(directory / "entry.vkey", str(entry.verifier), 0o644)
    for recipient in recipients:
        path = directory / "recipients" / f"{recipient.id}.pub"
        write_new(path, str(recipient), 0o644)
    return NotaryKeys(log, entry, pseudonyms, tuple(recipients))


def load_keys(directory: Path, proxy_id: str) -> NotaryKeys:
    """Raises `ConfigurationError` with one line that says which file and what to do."""
    passphrase = once(find_passphrase)
    log = load_private(directory / "log.key", SigningKey.parse, passphrase)
    entry = load_private(directory / "entry.key", SigningKey.parse, passphrase)
    if entry.name != entry_key_name(log.name, proxy_id):
        raise ConfigurationError(
            f"{directory / 'entry.key'} belongs to {entry.name}, not to proxy {proxy_id}"
        )
    public = sorted((directory / "recipients").glob("*.pub"))
    for path in public:
        require_unchanged_by_others(path)
    recipients = tuple(load_recipients(public))
    require_two(recipients)
    return NotaryKeys(
        log,
        entry,
        load_pseudonyms(directory, passphrase),
        recipients,
        entry_next=_load_next(directory / "entry.next.key", entry.name, passphrase),
        log_next=_load_next(directory / "log.next.key", log.name, passphrase),
        retiring=_read(directory / RETIRE_FILE) if (directory / RETIRE_FILE).exists() else None,
        log_retired=load_retired(directory),
    )


def _load_next(path: Path, name: str, passphrase: Passphrase) -> SigningKey | None:
    if not path.exists():
        return None
    present = path.name.replace(".next.", ".")
    if comes_as_credential(present):
        raise ConfigurationError(
            f"{path} waits to take the place of {present}, which comes as a credential and would"
            f" stay what it is: put {present} into the directory and take the credential away"
        )
    key = load_private(path, SigningKey.parse, passphrase)
    if key.name != name:
        raise ConfigurationError(f"{path} belongs to {key.name}, not to {name}")
    return key


def load_retired(directory: Path) -> tuple[VerifierKey, ...]:
    """Public keys of the log that were in force before."""
    files = sorted((directory / RETIRED_FOLDER).glob("log-*.vkey"))
    return tuple(load_verifier_keys(files)) if files else ()


def load_private(
    path: Path, parse: Callable[[str], T], passphrase: Passphrase = find_passphrase
) -> T:
    """A key that nobody else may read. Raises `ConfigurationError`."""
    return _parse_text(path, read_secret(path, passphrase), parse)


def load_pseudonyms(directory: Path, passphrase: Passphrase = find_passphrase) -> Pseudonyms:
    """What a worker needs of the key directory, and all it needs."""
    path = directory / "pseudonym.key"
    text = read_secret(path, passphrase)
    try:
        key = decode_base64(text.removeprefix(_PSEUDONYM_PREFIX))
    except FormatError as error:
        raise ConfigurationError(f"{path} is damaged: {error}") from error
    if not text.startswith(_PSEUDONYM_PREFIX) or len(key) != 32:
        raise ConfigurationError(f"{path} is not a pseudonym key")
    return Pseudonyms(key)


def load_recipients(paths: Sequence[Path]) -> list[Recipient]:
    return [_parse_text(path, _read(path), Recipient.parse) for path in paths]


def load_verifier_keys(paths: Sequence[Path]) -> list[VerifierKey]:
    """Public keys from files: one a line, blank lines and # comments skipped."""
    keys: list[VerifierKey] = []
    for path in paths:
        for line in _read(path).splitlines():
            if line.strip() and not line.startswith("#"):
                keys.append(_parse_text(path, line, VerifierKey.parse))
    if not keys:
        raise ConfigurationError("no public key given: pass the log's .vkey file")
    return keys


def load_witness_key(path: Path) -> VerifierKey:
    """The public key of one witness. Raises `ConfigurationError`."""
    keys = load_verifier_keys([path])
    if len(keys) != 1 or keys[0].algorithm is not Algorithm.COSIGNATURE_ED25519:
        raise ConfigurationError(f"{path} is not the public key of a witness, witness.vkey")
    return keys[0]


def load_identity(path: Path) -> Identity:
    return load_private(path, Identity.parse)


def write_identity(
    directory: Path, name: str, passphrase: bytes | None = None
) -> tuple[Identity, Path, Path]:
    """A new recipient key pair: <name>.identity (secret) and <name>.pub, never overwritten."""
    try:
        identity = Identity.generate(name)
    except FormatError as error:
        raise ConfigurationError(str(error)) from error
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    require_own_directory(directory)
    stem = name.replace("/", "-")
    private, public = directory / f"{stem}.identity", directory / f"{stem}.pub"
    write_secret(private, identity.to_text(), passphrase)
    write_new(public, str(identity.recipient), 0o644)
    return identity, private, public


def require_two(recipients: Sequence[Recipient]) -> None:
    if len({recipient.public for recipient in recipients}) < RECIPIENTS_MIN:
        raise ConfigurationError(
            "two different recipients are needed, so that one lost key does not blind the record"
        )


def _read(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"cannot read {path}: run `fengcun keys init` first?") from error


def _parse_text(path: Path, text: str, parse: Callable[[str], T]) -> T:
    try:
        return parse(text)
    except FormatError as error:
        raise ConfigurationError(f"{path}: {error}") from error
