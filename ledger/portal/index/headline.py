"""What the index keeps of an entry, taken from its bytes as fast as Python can. Pure.

One regular expression for each kind, made of the same grammar that `header` judges by, both judges
the header line and takes it apart. What no writer could have written is a flaw and not an error.
Signatures, digests and links are for verification to judge: see `ledger.verify`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from ledger.errors import FormatError
from ledger.fields import FIELDS, EntryKind, Field
from ledger.header import HEADER_BYTES_MAX
from ledger.portal.index.model import Flaw, Role
from ledger.tile import ENTRY_BYTES_MAX

KIND_CODES: Final = {kind: code for code, kind in enumerate(EntryKind, start=1)}
FLAWED_CODE: Final = 0
ROLE_CODES: Final = {role: code for code, role in enumerate(Role, start=1)}
PSEUDONYM_BYTES: Final = 16

WORDS: Final = (
    *("principal", "verdict", "rule", "article", "statement_class"),
    *("attribution", "event", "session", "error", "decide_by"),
)
"""Columns of `Headline.words`, by the name of the field that most of them come from."""
STAMPS: Final = (Role.OPERATOR, Role.ACCOUNT, Role.SOURCE)
"""Pseudonyms that recur in very many entries, and are kept as words are."""
COUNTS: Final = (
    *("decision", "rows_count", "released_bytes", "duration_ms"),
    *("subjects_count", "statements_count"),
)

# Kinds whose "event" has a name of its own.
_EVENTS: Final = {
    EntryKind.HEARTBEAT: "state",
    EntryKind.KEY: "purpose",
    EntryKind.REPLY: "result",
    EntryKind.LABEL: "label",
    EntryKind.FINDING: "severity",
}
REFERENCES: Final = {
    "permit": frozenset({EntryKind.DECISION, EntryKind.PERMIT}),
    "permits": frozenset({EntryKind.DECISION}),
    "certificate": frozenset({EntryKind.CERTIFICATE}),
    "opinion": frozenset({EntryKind.OPINION, EntryKind.REPLY}),
    "order": frozenset({EntryKind.UNSEAL, EntryKind.ERASURE}),
}
"""Fields that hold the number of a document, and the kinds that have them."""
# The word that says that something was refused, by the column it stands in.
_REFUSALS: Final = {
    EntryKind.DECISION: ("verdict", "refuse"),
    EntryKind.PERMIT: ("event", "refused"),
    EntryKind.CERTIFICATE: ("event", "refused"),
}

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_FRAME: Final = re.compile(
    rb"ledger-(?:entry|(genesis))/v1\n([^\n]{1,800})\n[a-z0-9-]{1,64} (0|[1-9][0-9]{0,17})"
    rb" [A-Za-z0-9+/=]{44}\n(\d{4}-\d\d-\d\dT\d\d:\d\d):(\d\d)\.(\d{3})Z\n(\{\"kind\":\"([a-z]+)\""
    rb"[^\n]*)\npayload (?:none|chacha20poly1305-epoch (?:0|[1-9][0-9]{0,17})"
    rb" (?:0|[1-9][0-9]{0,17}) [A-Za-z0-9+/=]{44})\n\n(?:\xe2\x80\x94 [^\n]+\n){1,16}"
)


class Headline(NamedTuple):
    """An entry as the index takes it. Absent is None; of a flawed entry only `flaw` counts."""

    number: int
    time_ms: int | None
    kind: int  # of KIND_CODES, or FLAWED_CODE
    flaw: str | None = None
    words: tuple[str | None, ...] = (None,) * len(WORDS)
    stamps: tuple[str | None, ...] = (None,) * len(STAMPS)
    counts: tuple[int | None, ...] = (None,) * len(COUNTS)
    references: tuple[str, ...] = ()
    named: bytes = b""  # role code and pseudonym, 17 bytes each
    cut: bool = False
    refused: bool = False


class _Taking:
    """How entries of one kind are taken apart."""

    def __init__(self, kind: EntryKind) -> None:
        fields = FIELDS[kind]
        self.kind = kind
        self.code = KIND_CODES[kind]
        self.genesis = kind is EntryKind.GENESIS
        pattern = "".join(_capturing(name, field) for name, field in fields.items())
        self.grammar = re.compile(re.escape(f'{{"kind":"{kind}"') + pattern + r"\}")
        place = {name: at for at, name in enumerate(fields, start=1)}
        event = _EVENTS.get(kind, "event")
        names = [event if name == "event" else name for name in WORDS]
        # Place 0 is that of no field, and always None.
        self.words = [place.get(name, 0) for name in names]
        self.stamps = [place.get(role.value, 0) for role in STAMPS]
        self.counts = [place.get(name, 0) for name in COUNTS]
        self.cut = place.get("cut", 0)
        self.references = [
            (place[name], fields[name].shape.is_list) for name in REFERENCES if name in fields
        ]
        self.named = [
            (place[name], bytes([ROLE_CODES[role]]), fields[name].shape.is_list)
            for role, name in _named_fields()
            if name in fields
        ]
        column, self.refusal = _REFUSALS.get(kind, ("verdict", ""))
        self.refusal_at = WORDS.index(column)


def _named_fields() -> list[tuple[Role, str]]:
    """All roles but the stamps; of a person there are two fields."""
    found = [(role, role.value) for role in Role if role not in STAMPS]
    return [*found, (Role.PERSON, "subjects")]


def _capturing(name: str, field: Field) -> str:
    """The field's own pattern with a group around the value, without its quotes."""
    pattern = field.shape.pattern
    if pattern[0] == pattern[-1] == '"' and not field.shape.is_list:
        group = f'"({pattern[1:-1]})"'
    else:
        group = f"({pattern})"
    spelled = f',"{re.escape(name)}":{group}'
    return spelled if field.required else f"(?:{spelled})?"


_TAKINGS: Final = {kind.value.encode(): _Taking(kind) for kind in EntryKind}


def headline(data: bytes, origin: bytes, number: int) -> Headline:
    """What is kept of the bytes that stand at `number` of the log `origin`. Raises nothing."""
    frame = _FRAME.fullmatch(data) if len(data) <= ENTRY_BYTES_MAX else None
    if frame is None:
        return flawed(number, Flaw.MALFORMED)
    genesis, named_origin, sequence, minute, seconds, milliseconds, line, kind = frame.groups()
    taking = _TAKINGS.get(kind)
    minute_ms = _minute_ms(minute)
    if taking is None or minute_ms is None or seconds > b"59" or len(line) > HEADER_BYTES_MAX:
        return flawed(number, Flaw.MALFORMED)
    try:
        match = taking.grammar.fullmatch(line.decode())
    except UnicodeDecodeError:
        match = None
    if match is None or (genesis is not None) is not taking.genesis:
        return flawed(number, Flaw.MALFORMED)
    if named_origin != origin or int(sequence) != number:
        return flawed(number, Flaw.MISPLACED)
    time_ms = minute_ms + int(seconds) * 1000 + int(milliseconds)
    return _taken(taking, (None, *match.groups()), number, time_ms)


def flawed(number: int, flaw: Flaw) -> Headline:
    return Headline(number, None, FLAWED_CODE, flaw.value)


def _taken(taking: _Taking, values: tuple[str | None, ...], number: int, time_ms: int) -> Headline:
    words = tuple([values[at] for at in taking.words])
    references: list[str] = []
    for at, is_list in taking.references:
        if value := values[at]:
            references += _items(value) if is_list else (value,)
    named = b""
    for at, code, is_list in taking.named:
        if value := values[at]:
            items = _items(value) if is_list else (value,)
            named += b"".join([code + bytes.fromhex(item) for item in items])
    return Headline(
        number,
        time_ms,
        taking.code,
        None,
        words,
        tuple([values[at] for at in taking.stamps]),
        tuple([None if (value := values[at]) is None else int(value) for at in taking.counts]),
        tuple(references),
        named,
        values[taking.cut] == "true",
        words[taking.refusal_at] == taking.refusal,
    )


def _items(listed: str) -> list[str]:
    """Of a list whose items hold no quotes."""
    return listed[2:-2].split('","') if len(listed) > 2 else []


@lru_cache(maxsize=4096)
def _minute_ms(minute: bytes) -> int | None:
    """`2026-01-01T08:30` in Unix milliseconds; None where there is no such minute."""
    try:
        moment = datetime.fromisoformat(minute.decode()).replace(tzinfo=UTC)
    except ValueError:
        return None
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def time_ms_of(text: str) -> int:
    """Unix milliseconds of a time as entries have it. Raises `FormatError`."""
    minute_ms = _minute_ms(text[:16].encode())
    if minute_ms is None or text[17:19] > "59":
        raise FormatError("there is no such date or time")
    return minute_ms + int(text[17:19]) * 1000 + int(text[20:23])


def time_text(time_ms: int) -> str:
    """The inverse of `time_ms_of`."""
    moment = _EPOCH + timedelta(milliseconds=time_ms)
    return moment.isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
