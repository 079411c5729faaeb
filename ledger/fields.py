"""The closed list of fields for each kind of entry, and how their values are spelled. Pure.

To add a field, add one line to `FIELDS` here and one to the table in `ledger/README.md`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from ledger.errors import InvalidDraft

HeaderValue: TypeAlias = str | int | bool | list[str] | tuple[str, ...] | None
Header: TypeAlias = Mapping[str, HeaderValue]

LIST_ITEMS_MAX: Final = 256
MEMO_MAX: Final = 1024


class EntryKind(StrEnum):
    GENESIS = "genesis"
    BOOT = "boot"
    HEARTBEAT = "heartbeat"
    POLICY = "policy"
    KEY = "key"
    DECISION = "decision"
    OUTCOME = "outcome"
    PERMIT = "permit"
    CERTIFICATE = "certificate"
    OPINION = "opinion"
    REPLY = "reply"
    UNSEAL = "unseal"
    ERASURE = "erasure"
    LABEL = "label"
    FINDING = "finding"
    LOOK = "look"


# Written by the notary's keys alone; a client that submits one is cut off.
NOTARY_KINDS: Final = frozenset(
    {EntryKind.GENESIS, EntryKind.BOOT, EntryKind.HEARTBEAT, EntryKind.KEY, EntryKind.ERASURE}
)


# Fifteen digits in a row are the old identity number; eighteen hold them too. Words never do.
_WORD = r'"(?![^"]*\d{15})\w[\w.:/@+=-]{0,199}"'
_PSEUDONYM = r'"[0-9a-f]{32}"'
_KEY = r'"[\w.:/@=-]{1,200}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{40,100}={0,2}"'
_WRAP = r'"[0-9a-f]{8} [A-Za-z0-9+/]{107}="'


class Shape(Enum):
    """What a value may look like in JSON. Nothing else can stand in a header.

    No pattern admits a quote or a backslash inside a string, so every value has one spelling.
    """

    WORD = "word", _WORD
    ARTICLE = "article", r'"(?![^"]*\d{15})[\w《（(][\w《》（）()、，.:/ -]{0,99}"'
    PSEUDONYM = "pseudonym", _PSEUDONYM
    DIGEST = "digest", r'"[0-9a-f]{64}"'
    BASE64 = "base64", r'"[A-Za-z0-9+/]{43}="'
    KEY = "key", _KEY
    TIME = "time", r'"[0-9]{4}(?:-[0-9]{2}){2}T[0-9]{2}(?::[0-9]{2}){2}(?:\.[0-9]{3})?Z"'
    COUNT = "count", r"(?:0|[1-9][0-9]{0,14})"  # RFC 8259 section 6: exact in every reader
    FLAG = "flag", r"(?:true|false)"
    WORDS = "list of words", _WORD
    PSEUDONYMS = "list of pseudonyms", _PSEUDONYM
    KEYS = "list of keys", _KEY
    WRAPS = "list of wrapped keys", _WRAP

    def __init__(self, label: str, item_pattern: str) -> None:
        self.label = label
        self.is_list = label.startswith("list of")
        self.item_grammar = re.compile(item_pattern)

    @property
    def pattern(self) -> str:
        item = self.item_grammar.pattern
        if not self.is_list:
            return item
        return rf"\[(?:{item}(?:,{item}){{0,{LIST_ITEMS_MAX - 1}}})?\]"


class Field:
    """One field of one kind of entry."""

    __slots__ = ("_known", "_memoised", "_opening", "name", "required", "shape")

    def __init__(self, name: str, shape: Shape, *, required: bool) -> None:
        self.name = name
        self.shape = shape
        self.required = required
        self._opening = f',"{name}":'
        # Rules, principals and digests of policies recur in every entry; pseudonyms do not.
        self._memoised = shape in (Shape.WORD, Shape.ARTICLE, Shape.DIGEST)
        self._known: dict[str, str] = {}

    def spell(self, value: HeaderValue) -> str:
        """`,"name":value`. Raises `InvalidDraft`, without the value in its text."""
        if type(value) is not str or not self._memoised:
            return self._opening + self._spell(value)
        known = self._known.get(value)
        if known is None:
            known = self._opening + self._spell(value)
            if len(self._known) >= MEMO_MAX:
                self._known.clear()
            self._known[value] = known
        return known

    def _spell(self, value: HeaderValue) -> str:
        if isinstance(value, list | tuple) and self.shape.is_list and len(value) <= LIST_ITEMS_MAX:
            return "[" + ",".join([self._spell_item(f'"{item}"') for item in value]) + "]"
        if self.shape.is_list or isinstance(value, list | tuple):
            return self._spell_item("")
        if isinstance(value, bool):
            return self._spell_item("true" if value else "false")
        return self._spell_item(f'"{value}"' if isinstance(value, str) else str(value))

    def _spell_item(self, spelled: str) -> str:
        if self.shape.item_grammar.fullmatch(spelled) is None:
            raise InvalidDraft(f"field {self.name!r} is not a {self.shape.label}")
        return spelled

    @property
    def pattern(self) -> str:
        """The field as it stands in a header line, with the comma before it."""
        spelled = f"{re.escape(self._opening)}{self.shape.pattern}"
        return spelled if self.required else f"(?:{spelled})?"


def _fields(**shapes: Shape | tuple[Shape]) -> Mapping[str, Field]:
    """`name=Shape.X` is required, `name=(Shape.X,)` is optional."""
    return MappingProxyType(
        {
            name: Field(name, shape, required=True)
            if isinstance(shape, Shape)
            else Field(name, shape[0], required=False)
            for name, shape in shapes.items()
        }
    )


FIELDS: Final[Mapping[EntryKind, Mapping[str, Field]]] = MappingProxyType(
    {
        EntryKind.GENESIS: _fields(
            format=Shape.WORD,
            alg=(Shape.WORD,),
            log_key=Shape.KEY,
            entry_key=Shape.KEY,
            recipients=Shape.KEYS,
            pseudonym_key=Shape.WRAPS,
            predecessor=(Shape.WORD,),
            predecessor_size=(Shape.COUNT,),
            predecessor_root=(Shape.BASE64,),
        ),
        EntryKind.BOOT: _fields(
            software=Shape.WORD,
            recovered_size=Shape.COUNT,
            published_size=Shape.COUNT,
            torn_bytes=Shape.COUNT,
            witness=(Shape.WORD,),
        ),
        EntryKind.HEARTBEAT: _fields(
            state=Shape.WORD,
            reason=(Shape.WORD,),
            free_bytes=(Shape.COUNT,),
            successor=(Shape.WORD,),
        ),
        EntryKind.POLICY: _fields(
            policy=Shape.DIGEST,
            event=Shape.WORD,
            version=(Shape.WORD,),
            relations_count=(Shape.COUNT,),
            principals_count=(Shape.COUNT,),
        ),
        # Which of these stand beside each purpose: `rotation`.
        EntryKind.KEY: _fields(
            purpose=Shape.WORD,
            wrapped=(Shape.WRAPS,),
            alg=(Shape.WORD,),
            key=(Shape.KEY,),
            recipients=(Shape.KEYS,),
            pseudonym_key=(Shape.WRAPS,),
        ),
        EntryKind.DECISION: _fields(
            verdict=Shape.WORD,
            rule=Shape.WORD,
            article=(Shape.ARTICLE,),
            statement_class=Shape.WORD,
            principal=Shape.WORD,
            attribution=(Shape.WORD,),
            operator=(Shape.PSEUDONYM,),
            case=(Shape.PSEUDONYM,),
            account=(Shape.PSEUDONYM,),
            source=(Shape.PSEUDONYM,),
            session=Shape.WORD,
            policy=Shape.DIGEST,
            catalogue=(Shape.WORD,),
            timing=(Shape.WORD,),
            permit=(Shape.WORD,),
            permits=(Shape.WORDS,),
            relations=(Shape.WORDS,),
            statement_hmac=(Shape.PSEUDONYM,),
            sent_hmac=(Shape.PSEUDONYM,),
            shape_hmac=(Shape.PSEUDONYM,),
            statements_count=(Shape.COUNT,),
            subjects=(Shape.PSEUDONYMS,),
            subjects_count=(Shape.COUNT,),
        ),
        EntryKind.OUTCOME: _fields(
            decision=(Shape.COUNT,),
            session=Shape.WORD,
            principal=(Shape.WORD,),
            rows_count=Shape.COUNT,
            released_bytes=Shape.COUNT,
            cut=(Shape.FLAG,),
            error=(Shape.WORD,),
            duration_ms=(Shape.COUNT,),
            subjects=(Shape.PSEUDONYMS,),
            subjects_count=(Shape.COUNT,),
        ),
        EntryKind.PERMIT: _fields(
            permit=Shape.WORD,
            event=Shape.WORD,
            principal=(Shape.WORD,),
            unit=(Shape.PSEUDONYM,),
            handler=(Shape.PSEUDONYM,),
            approver=(Shape.PSEUDONYM,),
            subjects=(Shape.PSEUDONYMS,),
            purpose=(Shape.WORD,),
            basis=(Shape.ARTICLE,),
            scope=(Shape.WORD,),
            case=(Shape.PSEUDONYM,),
            valid_from=(Shape.TIME,),
            valid_until=(Shape.TIME,),
            uses_max=(Shape.COUNT,),
            undertaking=(Shape.PSEUDONYM,),
            reason=(Shape.WORD,),
            operator=(Shape.PSEUDONYM,),
            officer=(Shape.PSEUDONYM,),
            label=(Shape.WORD,),
            document_hmac=(Shape.PSEUDONYM,),
            decide_by=(Shape.TIME,),
        ),
        EntryKind.CERTIFICATE: _fields(
            certificate=Shape.WORD,
            event=Shape.WORD,
            person=(Shape.PSEUDONYM,),
            applicant=(Shape.PSEUDONYM,),
            handler=(Shape.PSEUDONYM,),
            purpose=(Shape.WORD,),
            valid_until=(Shape.TIME,),
            document_hmac=(Shape.PSEUDONYM,),
            file_hmac=(Shape.PSEUDONYM,),
        ),
        EntryKind.OPINION: _fields(
            opinion=Shape.WORD,
            event=(Shape.WORD,),
            article=(Shape.ARTICLE,),
            entries=(Shape.WORDS,),
            supervisor=(Shape.PSEUDONYM,),
            reply_due=(Shape.TIME,),
            document_hmac=(Shape.PSEUDONYM,),
        ),
        EntryKind.REPLY: _fields(
            opinion=Shape.WORD,
            result=Shape.WORD,
            handler=(Shape.PSEUDONYM,),
            document_hmac=(Shape.PSEUDONYM,),
        ),
        EntryKind.UNSEAL: _fields(
            order=Shape.WORD,
            event=(Shape.WORD,),
            authority=(Shape.WORD,),
            article=(Shape.ARTICLE,),
            person=(Shape.PSEUDONYM,),
            case=(Shape.PSEUDONYM,),
            document_hmac=(Shape.PSEUDONYM,),
        ),
        EntryKind.ERASURE: _fields(
            order=Shape.WORD,
            authority=Shape.WORD,
            article=(Shape.ARTICLE,),
            entries=Shape.WORDS,
            log=(Shape.WORD,),
        ),
        EntryKind.LABEL: _fields(
            entry=Shape.COUNT, label=Shape.WORD, supervisor=(Shape.PSEUDONYM,)
        ),
        EntryKind.FINDING: _fields(
            rule=Shape.WORD,
            severity=Shape.WORD,
            article=(Shape.ARTICLE,),
            principal=(Shape.WORD,),
            operator=(Shape.PSEUDONYM,),
            entries=(Shape.WORDS,),
            observed_count=(Shape.COUNT,),
            limit_count=(Shape.COUNT,),
            window_from=(Shape.TIME,),
            window_until=(Shape.TIME,),
        ),
        EntryKind.LOOK: _fields(
            event=Shape.WORD,
            supervisor=(Shape.PSEUDONYM,),
            role=(Shape.WORD,),
            session=(Shape.WORD,),
            source=(Shape.PSEUDONYM,),
            log=(Shape.WORD,),
            entries=(Shape.WORDS,),
            person=(Shape.PSEUDONYM,),
            observed_count=(Shape.COUNT,),
            window_from=(Shape.TIME,),
            window_until=(Shape.TIME,),
        ),
    }
)
