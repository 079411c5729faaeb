"""一次访问的全貌: one entry as a prosecutor reads it, each field with how far it is proved. Pure.

Three things are kept apart. What stands in the log was proved to be there unaltered since it was
written. What was decrypted is proved in the same way, and only a recipient's key shows it. And of
both, some is only what an application said of itself: that it said so is proved, not that it is so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from ledger.entry import Entry
from ledger.fields import FIELDS, EntryKind, HeaderValue, Shape
from ledger.portal.beijing import beijing_of
from ledger.portal.proof.fields import SERVING_RULES, label_of, meaning_of
from ledger.portal.proof.statement import Statement, read_statement
from ledger.portal.words import KINDS, Words
from ledger.printable import one_line, pretty

Pseudonym = Callable[[str, str], str]
"""Domain and value -> pseudonym, of the log's own key, which only a recipient has."""


class Standing(StrEnum):
    """How far a field is proved."""

    PROVED = "proved"
    DECRYPTED = "decrypted"
    CLAIMED = "claimed"


STANDINGS: Final[Mapping[Standing, Words]] = {
    Standing.PROVED: Words("账本所载", "in the log"),
    Standing.DECRYPTED: Words("解密所得", "decrypted"),
    Standing.CLAIMED: Words("应用自称", "the application's word"),
}
MEANING_OF_STANDINGS: Final[Mapping[Standing, Words]] = {
    Standing.PROVED: Words(
        "已证明写入账本后没有改动", "proved to be unaltered since it was written"
    ),
    Standing.DECRYPTED: Words(
        "由监督人的私钥解密，已证明写入后没有改动",
        "decrypted by the supervisor's private key, and proved to be unaltered",
    ),
    Standing.CLAIMED: Words(
        "已证明应用当时是这样说的，不证明属实",
        "that the application said so is proved; not that it is so",
    ),
}

# What nobody but the application vouches for; `operator` unless a certificate did.
_CLAIMS: Final = frozenset({"operator", "case", "application_name", "subjects"})
_DOMAINS: Final[Mapping[str, str]] = {"operator": "operator", "case": "case", "source": "source"}
_VALUE_CHARACTERS_MAX: Final = 2_000
_WHO: Final = ("principal", "operator", "attribution", "certificate", "account", "user", "source",
               "application_name", "database", "session")  # fmt: skip
_BASIS: Final = ("permit", "permits", "case", "subjects", "subjects_count")
_DECIDED: Final = ("verdict", "rule", "article", "statement_class", "relations", "timing", "policy",
                   "catalogue")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Row:
    """One field. `agrees`: whether what was decrypted is what its pseudonym in the log stands for;
    None where nobody could compare."""

    name: str
    label: Words
    value: str
    standing: Standing
    meaning: Words | None = None
    agrees: bool | None = None
    code: bool = False  # to be set as code: a pseudonym, a key, a digest


@dataclass(frozen=True, slots=True)
class Section:
    title: Words
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class Seen:
    """One entry, and for a decision what belongs to it."""

    index: int
    kind: Words
    time: str
    gist: Words
    sections: tuple[Section, ...]
    statement: Statement | None = None
    document: str = ""  # a payload that is no statement
    mismatch: bool = False  # something decrypted is not what the log's pseudonyms say
    decides: bool = False  # it is a decision


@dataclass(frozen=True, slots=True)
class Opened:
    """A payload in plain text, and what recomputes the log's pseudonyms."""

    payload: bytes
    pseudonym: Pseudonym | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """`rule_words`: rule -> what its refusal means, in Chinese."""

    rule_words: Mapping[str, str] = field(default_factory=dict)


def seen(index: int, entry: Entry, opened: Opened | None, context: Context) -> Seen:
    """The view of an entry that was proved."""
    statement = document = None
    if opened is not None:
        if entry.kind is EntryKind.DECISION:
            statement = read_statement(opened.payload)
        else:
            document = pretty(opened.payload).rstrip()
    header = _rows(entry, context)
    pseudonym = None if opened is None else opened.pseudonym
    decrypted = [] if statement is None else list(_decrypted(entry, statement, pseudonym))
    sections = _sections(entry, header, decrypted)
    mismatch = any(row.agrees is False for row in decrypted) or (
        opened is not None and _text_differs(entry, statement, opened)
    )
    return Seen(
        index,
        kind_words(entry.kind),
        beijing_of(entry.time),
        gist(entry),
        tuple(section for section in sections if section.rows),
        statement,
        document or "",
        mismatch,
        entry.kind is EntryKind.DECISION,
    )


def kind_words(kind: EntryKind) -> Words:
    return KINDS.get(kind) or _as_it_is(kind.value)


def gist(entry: Entry) -> Words:
    """What happened, in one line."""
    header = entry.header
    if entry.kind is EntryKind.DECISION:
        words = meaning_of("verdict", str(header["verdict"])) or _as_it_is(header["verdict"])
        who = one_line(str(header["principal"]))
        return Words(f"{who}：{words.chinese}", f"{who}: {words.english}")
    if entry.kind is EntryKind.OUTCOME:
        count = header["rows_count"]
        return Words(f"返回 {count} 行", f"{count} rows released")
    for name in ("event", "state", "purpose", "result", "rule", "order"):
        if name in header:
            what = meaning_of(name, str(header[name])) or _as_it_is(header[name])
            number = one_line(str(next((header[n] for n in _NUMBERS if n in header), "")))
            return Words(f"{what.chinese} {number}".strip(), f"{what.english} {number}".strip())
    return _as_it_is(entry.kind.value)


_NUMBERS: Final = ("permit", "certificate", "opinion", "order", "software")


def rule_row(entry: Entry, context: Context) -> Words | None:
    """What the rule of a decision means; None where nobody told."""
    rule = str(entry.header.get("rule"))
    if rule in SERVING_RULES:
        return SERVING_RULES[rule]
    chinese = context.rule_words.get(rule)
    return None if chinese is None else Words(chinese, chinese)


def _sections(entry: Entry, header: Sequence[Row], decrypted: Sequence[Row]) -> list[Section]:
    if entry.kind is not EntryKind.DECISION:
        return [Section(Words("内容", "Content"), tuple(header))]
    who, basis = _named([*header, *decrypted], _WHO), _named([*header, *decrypted], _BASIS)
    placed = {*_WHO, *_BASIS, *_DECIDED}
    return [
        Section(Words("谁，从哪里", "Who, and from where"), who),
        Section(Words("凭什么", "On what basis"), basis),
        Section(Words("如何裁决", "What was decided"), _named(header, _DECIDED)),
        Section(Words("其他", "Further"), tuple(r for r in header if r.name not in placed)),
    ]


def _named(rows: Sequence[Row], names: Sequence[str]) -> tuple[Row, ...]:
    return tuple(row for name in names for row in rows if row.name == name)


def _rows(entry: Entry, context: Context) -> list[Row]:
    certified = entry.header.get("attribution") == "certificate"
    rows = []
    for name, value in entry.header.items():
        shape = FIELDS[entry.kind][name].shape if name in FIELDS[entry.kind] else None
        claimed = entry.kind is EntryKind.DECISION and name in _CLAIMS
        if name == "operator" and certified:
            claimed = False
        meaning = meaning_of(name, str(value))
        if name == "rule" and entry.kind is EntryKind.DECISION:
            meaning = rule_row(entry, context)
        rows.append(
            Row(
                name,
                label_of(name),
                _shown(value, shape),
                Standing.CLAIMED if claimed else Standing.PROVED,
                meaning,
                code=shape in _CODES,
            )
        )
    return rows


_CODES: Final = frozenset(
    {Shape.PSEUDONYM, Shape.PSEUDONYMS, Shape.DIGEST, Shape.BASE64, Shape.KEY, Shape.KEYS,
     Shape.WRAPS}
)  # fmt: skip


def _shown(value: HeaderValue, shape: Shape | None) -> str:
    if isinstance(value, list | tuple):
        return "，".join(one_line(str(each)) for each in value)
    if isinstance(value, bool):
        return "是 / yes" if value else "否 / no"
    if shape is Shape.TIME:
        return one_line(beijing_of(str(value)))
    return one_line(str(value))


def _decrypted(entry: Entry, statement: Statement, pseudonym: Pseudonym | None) -> Iterator[Row]:
    certified = entry.header.get("attribution") == "certificate"
    for name, value in statement.who.items():
        claimed = name in _CLAIMS and not (name == "operator" and certified)
        in_log = entry.header.get(name)
        agrees = None
        if pseudonym is not None and name in _DOMAINS and in_log is not None:
            agrees = pseudonym(_DOMAINS[name], value) == in_log
        yield Row(
            name,
            label_of(name),
            one_line(value[:_VALUE_CHARACTERS_MAX]),
            Standing.CLAIMED if claimed else Standing.DECRYPTED,
            agrees=agrees,
        )


def _text_differs(entry: Entry, statement: Statement | None, opened: Opened) -> bool:
    """The text that was decrypted is not the one whose pseudonym the log has."""
    in_log = entry.header.get("statement_hmac")
    if opened.pseudonym is None or statement is None or in_log is None:
        return False
    return statement.raw is not None and opened.pseudonym("statement", statement.raw) != in_log


def _as_it_is(value: object) -> Words:
    text = one_line(str(value))
    return Words(text, text)
