"""The supervisor's private key, for as long as one session holds it open, and in memory alone.

The file is under a passphrase (age, scrypt). Whoever signs in and gives it has the key until they
sign out, are idle, or lock it again; another session of theirs has to give it for itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.accounts.attempts import Attempts, Clock
from ledger.accounts.sittings import Sitting
from ledger.age import is_protected
from ledger.envelope import Identity
from ledger.errors import ConfigurationError, FormatError
from ledger.evidence.opened import open_proven, proven_opener
from ledger.evidence.proven import ProvenEntry, ProvenLog
from ledger.keyfile import read_private_bytes
from ledger.keys import load_private
from ledger.opener import PayloadOpener
from ledger.portal.accounts import Account
from ledger.portal.words import Words
from ledger.pseudonyms import Pseudonyms

_BYTES_MAX: Final = 1 << 16

LOCKED: Final = Words(
    "内容已加密。用检察机关的私钥解锁后才能查看。",
    "The content is encrypted. Unlock it with the procuratorate's private key.",
)
ERASED: Final = Words(
    "此处没有该记录的内容：已依指令销毁，或本副本不含内容。",
    "The content of this entry is not here: it was erased by order, or never was in this copy.",
)
NONE: Final = Words("该记录没有加密内容。", "This entry has no encrypted content.")
NOT_OURS: Final = Words(
    "所用私钥不能打开此内容，或内容与签名不符。",
    "This private key does not open the content, or it is not the one that was signed.",
)


@dataclass(frozen=True, slots=True)
class Payload:
    """What was sealed, in plain text."""

    data: bytes

    def __repr__(self) -> str:
        return "Payload(...)"


@dataclass(frozen=True, slots=True)
class Closed:
    """Why there is nothing to be seen."""

    why: Words


class Keyring:
    """Keys by session. `unlock` and `pseudonyms` block."""

    def __init__(self, file: Path | None, clock: Clock) -> None:
        """`file`: the identity. Raises `ConfigurationError` where it is under no passphrase."""
        if file is not None:
            text = read_private_bytes(file, "it should hold the private key", _BYTES_MAX)
            if not is_protected(text.decode("ascii", "replace").strip()):
                raise ConfigurationError(
                    f"{file} has no passphrase: run `fengcun keys protect {file}` first"
                )
        self._file = file
        self._attempts = Attempts(clock)
        self._held: dict[Sitting[Account], Identity] = {}

    @property
    def there(self) -> bool:
        """Whether there is a key that could be unlocked."""
        return self._file is not None

    def locked_seconds(self, sitting: Sitting[Account], source: str) -> float:
        """How long no passphrase may be tried, after too many that were wrong."""
        return self._attempts.locked_seconds(sitting.account.name, source)

    def unlock(self, passphrase: str) -> Identity:
        """Raises `ConfigurationError` for a wrong one. The caller counts, and calls `hold`."""
        assert self._file is not None
        given = passphrase.encode("utf-8", "surrogatepass")
        return load_private(self._file, Identity.parse, lambda _: given)

    def failed(self, sitting: Sitting[Account], source: str) -> None:
        """A passphrase was wrong."""
        self._attempts.failed(sitting.account.name, source)

    def hold(self, sitting: Sitting[Account], identity: Identity, source: str) -> bool:
        """The session has it from now on; not one that has ended meanwhile."""
        self._attempts.succeeded(sitting.account.name, source)
        if not sitting.over:
            self._held[sitting] = identity
        return not sitting.over

    def of(self, sitting: Sitting[Account]) -> Identity | None:
        """What the session holds."""
        return self._held.get(sitting)

    def drop(self, sitting: Sitting[Account]) -> None:
        """The session is over, or locks it again."""
        self._held.pop(sitting, None)


def open_payload(
    identity: Identity | None, log: ProvenLog, proven: ProvenEntry
) -> Payload | Closed:
    """Blocks. The payload of an entry that was proved to be in the log."""
    if proven.entry.payload is None:
        return Closed(NONE)
    if not proven.ciphertext:
        return Closed(ERASED)
    if identity is None:
        return Closed(LOCKED)
    try:
        return Payload(open_proven(proven_opener(log, identity), proven))
    except FormatError:
        return Closed(NOT_OURS)


def pseudonyms_of(identity: Identity, log: ProvenLog) -> Pseudonyms:
    """Blocks. What makes the pseudonyms of that log, from its proved entries. Raises
    `FormatError` where the identity is not a recipient of it."""
    opener: PayloadOpener = proven_opener(log, identity)
    return opener.pseudonyms()
