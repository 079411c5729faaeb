"""Entries and questions for hypothesis, out of so few words that they meet. Synthetic data."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from ledger.fields import FIELDS, NOTARY_KINDS, EntryKind, Header, Shape
from ledger.portal.index.model import Named, Query, Role
from tests.unit.ledger.small_log import START_MS

WORDS = ("a", "refuse", "refused", "P-1", "x.y")
PSEUDONYMS = tuple(f"{each:032x}" for each in (1, 2, 0xFFFF))
TIMES_MS = tuple(START_MS + each * 1_700_000 for each in (-3, 0, 1, 2, 40))
_KEY = f"n.example+00000000+{'A' * 44}"
_WRAP = f"00000000 {'A' * 107}="
ITEMS = {
    Shape.WORD: st.sampled_from(WORDS),
    Shape.ARTICLE: st.sampled_from(("刑事诉讼法 286", "x")),
    Shape.PSEUDONYM: st.sampled_from(PSEUDONYMS),
    Shape.DIGEST: st.just("0" * 64),
    Shape.BASE64: st.just("A" * 43 + "="),
    Shape.KEY: st.just(_KEY),
    Shape.TIME: st.just("2026-01-01T00:00:00Z"),
    Shape.COUNT: st.integers(0, 9),
    Shape.FLAG: st.booleans(),
    Shape.WORDS: st.lists(st.sampled_from(WORDS), max_size=3),
    Shape.PSEUDONYMS: st.lists(st.sampled_from(PSEUDONYMS), max_size=3),
    Shape.KEYS: st.lists(st.just(_KEY), max_size=2),
    Shape.WRAPS: st.lists(st.just(_WRAP), max_size=2),
}
WRITTEN_KINDS = sorted(set(EntryKind) - NOTARY_KINDS | {EntryKind.HEARTBEAT, EntryKind.ERASURE})


@st.composite
def headers(draw: st.DrawFn, kind: EntryKind) -> Header:
    fields = FIELDS[kind].values()
    drawn: dict[str, Any] = {
        field.name: draw(ITEMS[field.shape]) for field in fields if field.required
    }
    optional = [field for field in fields if not field.required]
    for field in draw(st.lists(st.sampled_from(optional), unique=True)) if optional else ():
        drawn[field.name] = draw(ITEMS[field.shape])
    return drawn


@st.composite
def drafts(draw: st.DrawFn) -> tuple[EntryKind, Header]:
    kind = draw(st.sampled_from([EntryKind.DECISION, EntryKind.OUTCOME, *WRITTEN_KINDS]))
    return kind, draw(headers(kind))


@st.composite
def moments(draw: st.DrawFn) -> str:
    moment = datetime.fromtimestamp(draw(st.sampled_from(TIMES_MS)) / 1000, UTC)
    moment += timedelta(milliseconds=draw(st.integers(-1, 1)))
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _with(conditions: dict[str, Any]) -> Query:
    return Query(**conditions)


def queries(logs: tuple[str, ...]) -> st.SearchStrategy[Query]:
    word = st.none() | st.sampled_from(WORDS)
    named = st.builds(
        Named, st.sampled_from(Role), st.lists(st.sampled_from(PSEUDONYMS), max_size=2).map(tuple)
    )
    rarely = st.sampled_from((False, False, False, True))
    every = st.builds(
        Query,
        logs=st.frozensets(st.sampled_from(logs)),
        kinds=st.frozensets(st.sampled_from(EntryKind), max_size=3),
        since=st.none() | moments(),
        until=st.none() | moments(),
        principal=word,
        verdict=word,
        rule=word,
        statement_class=word,
        attribution=word,
        event=word,
        permit=word,
        certificate=word,
        opinion=word,
        order=word,
        session=word,
        error=word,
        named=st.lists(named, max_size=2).map(tuple),
        cut=rarely,
        refused=rarely,
        without_case=rarely,
        flawed=rarely,
    )
    one = st.sampled_from(
        (
            *("principal", "verdict", "rule", "statement_class", "attribution", "event"),
            *("permit", "certificate", "opinion", "order", "session", "error"),
        )
    )
    # Most of what has many conditions finds nothing.
    few = st.builds(
        lambda name, word, since: _with({name: word, "since": since}),
        one,
        st.sampled_from(WORDS),
        st.none() | moments(),
    )
    about = st.builds(lambda each: Query(named=(each,)), named)
    flags = ("cut", "refused", "without_case", "flawed")
    flag = st.builds(lambda name: _with({name: True}), st.sampled_from(flags))
    return few | about | flag | every
