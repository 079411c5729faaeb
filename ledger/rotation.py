"""What a log itself says of its keys, entry by entry: which are in force, and who may follow. Pure.

    purpose      fields beside it            signed by                 from then on
    epoch        wrapped                     entry key                 payloads may name it
    entry        alg, key                    entry key, new one        new one signs entries
    log          alg, key                    entry key, log key, new   both sign checkpoints
    log-retired  key                         entry key                 the newer one does
    recipients   recipients, pseudonym_key   entry key                 epochs are for these

A change of log keys holds for the checkpoint of its own frame, one of recipients for epochs that
begin after it: payloads name no earlier one any more.

The new key signs the entry to show that somebody holds it: else a log could be made to announce a
key that belongs to another, or to nobody. The old log key signs its own succession, so the step
from one to the other can be shown from the entries alone, long after the old key is gone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final, assert_never

from ledger.checkpoint import Checkpoint
from ledger.entry import Entry, entry_key_name, parse_entry
from ledger.envelope import RECIPIENTS_MIN, Recipient
from ledger.errors import FormatError
from ledger.fields import EntryKind, Header
from ledger.note import Algorithm, Note, VerifierKey, decode_base64, require_all, verify_note

ALG: Final = "ed25519"
"""How entries and checkpoints are signed; a verifier refuses a word it does not know."""
STATE_FROZEN: Final = "frozen"


class AlgorithmUnknown(FormatError):
    """Nothing is wrong with it, perhaps; a newer version may be able to tell."""


class Purpose(StrEnum):
    EPOCH = "epoch"
    ENTRY = "entry"
    LOG = "log"
    LOG_RETIRED = "log-retired"
    RECIPIENTS = "recipients"


LOG_KEY_BYTES: Final = b'{"kind":"key","purpose":"log"'
RECIPIENTS_BYTES: Final = b'{"kind":"key","purpose":"recipients"'
"""What an entry for this purpose holds: one without it need not be parsed."""

_FIELDS: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        Purpose.EPOCH: frozenset({"purpose", "wrapped"}),
        Purpose.ENTRY: frozenset({"purpose", "alg", "key"}),
        Purpose.LOG: frozenset({"purpose", "alg", "key"}),
        Purpose.LOG_RETIRED: frozenset({"purpose", "key"}),
        Purpose.RECIPIENTS: frozenset({"purpose", "recipients", "pseudonym_key"}),
    }
)


def purpose_of(header: Header) -> Purpose:
    """Raises `FormatError` for an unknown purpose, or one with other fields than are its own."""
    fields = _FIELDS.get(str(header.get("purpose")))
    if fields is None:
        raise FormatError("a key entry of a purpose this version does not know")
    if header.keys() != fields:
        raise FormatError(f"a key entry for {header['purpose']} has other fields")
    return Purpose(str(header["purpose"]))


def signing_key_header(purpose: Purpose, key: VerifierKey) -> Header:
    """Announces a successor to the entry key or to the log key."""
    return {"purpose": purpose.value, "alg": ALG, "key": str(key)}


def require_alg(header: Header) -> None:
    """Raises `AlgorithmUnknown`. A genesis entry without the word is one of before it was used."""
    if header.get("alg", ALG) != ALG:
        raise AlgorithmUnknown("keys of an algorithm this version does not know")


def signing_key(header: Header, field: str, name: str) -> VerifierKey:
    """The key in that field. Raises `FormatError` where it is not an Ed25519 key of that name."""
    require_alg(header)
    key = VerifierKey.parse(str(header[field]))
    if key.algorithm is not Algorithm.ED25519 or key.name != name:
        raise FormatError(f"the key for {field} has another name or algorithm")
    return key


def recipients_of(header: Header) -> tuple[Recipient, ...]:
    """Who can read, of a genesis or a `recipients` entry. Raises `FormatError`.

    Two at least, each with its own id, and the pseudonym key is wrapped to exactly them.
    """
    found = tuple(Recipient.parse(text) for text in _lines(header, "recipients"))
    if len({recipient.public for recipient in found}) < RECIPIENTS_MIN:
        raise FormatError("fewer than two different recipients")
    _require_wrapped(header, "pseudonym_key", found)
    return found


def frozen(entry: Entry) -> bool:
    """Is this the last entry that the log will ever have?"""
    return entry.kind is EntryKind.HEARTBEAT and entry.header["state"] == STATE_FROZEN


def successor_of(entry: Entry) -> str | None:
    """The origin of the log that goes on after a frozen one, where its last entry names it."""
    name = entry.header.get("successor")
    return None if name is None else str(name)


def predecessor_of(genesis: Entry) -> Checkpoint | None:
    """The last checkpoint of the log that this one continues. Raises `FormatError`."""
    header = genesis.header
    named = [header.get(f"predecessor{part}") for part in ("", "_size", "_root")]
    if named == [None, None, None]:
        return None
    origin, size, root = named
    if not isinstance(origin, str) or not isinstance(size, int) or not isinstance(root, str):
        raise FormatError("the genesis entry names half a predecessor")
    return Checkpoint(origin, size, decode_base64(root))


@dataclass(frozen=True, slots=True)
class KeysInForce:
    """What earlier entries lay down for later ones and for checkpoints."""

    origin: str
    proxy_id: str
    entry: VerifierKey
    logs: tuple[VerifierKey, ...]  # each of which signs every checkpoint; the older first
    recipients: tuple[Recipient, ...]
    recipients_since: int  # index of the entry that named them; payloads name a later epoch
    succeeded: tuple[tuple[VerifierKey, int], ...]  # log keys, and where the next was announced
    used: frozenset[VerifierKey]  # all signing keys there ever were

    @classmethod
    def from_genesis(cls, entry: Entry) -> KeysInForce:
        """Raises `FormatError`. Whether its log key is to be trusted, the caller knows."""
        name = entry_key_name(entry.origin, entry.proxy_id)
        log_key = signing_key(entry.header, "log_key", entry.origin)
        entry_key = signing_key(entry.header, "entry_key", name)
        return cls(
            entry.origin,
            entry.proxy_id,
            entry_key,
            (log_key,),
            recipients_of(entry.header),
            entry.sequence,
            (),
            frozenset({log_key, entry_key}),
        )

    def after(self, entry: Entry, note: Note) -> KeysInForce:
        """What holds after a `key` entry, which the entry key signed.

        Raises `FormatError` where it does not do what its purpose demands.
        """
        purpose = purpose_of(entry.header)
        match purpose:
            case Purpose.EPOCH:
                _require_wrapped(entry.header, "wrapped", self.recipients)
                return self
            case Purpose.ENTRY:
                key = self._new_key(entry.header, self.entry.name)
                require_all(note, (self.entry, key))
                return replace(self, entry=key, used=self.used | {key})
            case Purpose.LOG:
                key = self._new_key(entry.header, self.origin)
                if len(self.logs) > 1:
                    raise FormatError("a third log key before the first was retired")
                require_all(note, (self.entry, *self.logs, key))
                succeeded = (*self.succeeded, (self.logs[0], entry.sequence))
                logs, used = (*self.logs, key), self.used | {key}
                return replace(self, logs=logs, succeeded=succeeded, used=used)
            case Purpose.LOG_RETIRED:
                if len(self.logs) < 2 or str(entry.header["key"]) != str(self.logs[0]):
                    raise FormatError("the retired key is not the older of two in force")
                return replace(self, logs=self.logs[1:])
            case Purpose.RECIPIENTS:
                named = recipients_of(entry.header)
                return replace(self, recipients=named, recipients_since=entry.sequence)
            case _:
                assert_never(purpose)

    def _new_key(self, header: Header, name: str) -> VerifierKey:
        key = signing_key(header, "key", name)
        if key in self.used:
            raise FormatError("a key is announced that was in use before")
        return key


def succession(
    entries: Iterable[bytes], given: Iterable[VerifierKey]
) -> list[tuple[VerifierKey, int]]:
    """Log keys that `given` ones announced as their successors, and in which entry.

    For a reader who is without the key of now: what it names still has to come by a trusted way.
    """
    known, found = list(given), []
    for data in entries:
        if LOG_KEY_BYTES not in data:
            continue
        try:
            entry, note = parse_entry(data)
            if entry.kind is not EntryKind.KEY or purpose_of(entry.header) is not Purpose.LOG:
                continue
            key = signing_key(entry.header, "key", entry.origin)
            verify_note(note, known)
            require_all(note, [key])
        except FormatError:
            continue
        known.append(key)
        found.append((key, entry.sequence))
    return found


def retired(index: int, key: VerifierKey) -> str:
    """What to do for someone who has only a log key that was succeeded since."""
    return (
        f"entry {index} announces the key that signs now, {key}: have it confirmed by a way you "
        "trust, and give it with --key"
    )


def _lines(header: Header, field: str) -> list[str]:
    value = header.get(field)
    if not isinstance(value, list):
        raise FormatError(f"the field {field} is missing")
    return value


def _require_wrapped(header: Header, field: str, recipients: tuple[Recipient, ...]) -> None:
    """A host that leaves a reader out would be found when it is too late."""
    ids = sorted(line.partition(" ")[0] for line in _lines(header, field))
    if ids != sorted(recipient.id for recipient in recipients):
        raise FormatError(f"{field} is not wrapped to exactly the recipients in force")
