"""What an index has to answer, in as few words as it can be said, with the parser that verifies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ledger.entry import Entry, parse_entry
from ledger.errors import FormatError
from ledger.fields import EntryKind
from ledger.portal.index.model import Flaw, Query, Role, Row

EVENTS = {
    EntryKind.HEARTBEAT: "state",
    EntryKind.KEY: "purpose",
    EntryKind.REPLY: "result",
    EntryKind.LABEL: "label",
    EntryKind.FINDING: "severity",
}
WORDS = (
    *("principal", "verdict", "rule", "article", "statement_class"),
    *("attribution", "session", "error", "decide_by", "certificate", "order"),
)
COUNTS = (
    *("decision", "rows_count", "released_bytes", "duration_ms"),
    *("subjects_count", "statements_count"),
)


def rows_of(log: str, origin: str, entries: Iterable[bytes | None]) -> list[Row]:
    """The rows of all entries of a log; None stands for one that is missing."""
    rows: list[Row] = []
    for number, data in enumerate(entries):
        before = rows[-1].time if rows else ""
        rows.append(row_of(log, origin, number, data, before))
    return rows


def row_of(log: str, origin: str, number: int, data: bytes | None, before: str) -> Row:
    if data is None:
        return Row(log, number, before, None, Flaw.MISSING)
    try:
        entry = parse_entry(data)[0]
    except FormatError:
        return Row(log, number, before, None, Flaw.MALFORMED)
    if (entry.origin, entry.sequence) != (origin, number):
        return Row(log, number, before, None, Flaw.MISPLACED)
    header: Mapping[str, Any] = entry.header
    permits = [header.get("permit"), *(header.get("permits") or ())]
    return Row(
        log,
        number,
        entry.time,
        entry.kind,
        **{name: header.get(name) for name in (*WORDS, *COUNTS)},
        event=header.get(EVENTS.get(entry.kind, "event")),
        permits=tuple(each for each in permits if each is not None),
        opinion=header.get("opinion"),
        cut=header.get("cut") is True,
        named=_named(entry),
    )


def _named(entry: Entry) -> dict[Role, tuple[str, ...]]:
    named: dict[Role, tuple[str, ...]] = {}
    for role in Role:
        value: Any = entry.header.get(role.value)
        items = [*([value] if value is not None else []), *_subjects(entry, role)]
        if items:
            named[role] = tuple(items)
    return named


def _subjects(entry: Entry, role: Role) -> Sequence[str]:
    subjects: Any = entry.header.get("subjects") if role is Role.PERSON else ()
    return subjects or ()


def fits(row: Row, query: Query) -> bool:
    if query.logs and row.log not in query.logs:
        return False
    if query.since is not None and row.time < query.since:
        return False
    if query.until is not None and (not row.time or row.time >= query.until):
        return False
    for name in ("principal", "verdict", "rule", "statement_class", "attribution", "event"):
        if getattr(query, name) not in (None, getattr(row, name)):
            return False
    for name in ("certificate", "opinion", "order", "session", "error"):
        if getattr(query, name) not in (None, getattr(row, name)):
            return False
    if query.permit is not None and query.permit not in row.permits:
        return False
    if query.kinds and row.kind not in query.kinds:
        return False
    if not all(set(row.named.get(each.role, ())) & set(each.pseudonyms) for each in query.named):
        return False
    refused = row.verdict == "refuse" or (
        row.event == "refused" and row.kind in (EntryKind.PERMIT, EntryKind.CERTIFICATE)
    )
    caseless = row.kind is EntryKind.DECISION and Role.CASE not in row.named
    return (
        (row.cut or not query.cut)
        and (refused or not query.refused)
        and (caseless or not query.without_case)
        and (row.flaw is not None or not query.flawed)
    )


def merged(logs: Mapping[str, Sequence[Row]], query: Query) -> list[Row]:
    """The newest of what the logs have next, again and again."""
    left = {log: [row for row in rows if fits(row, query)] for log, rows in logs.items()}
    found: list[Row] = []
    while any(left.values()):
        newest = max(
            (rows[-1] for rows in left.values() if rows), key=lambda row: (row.time, row.log)
        )
        found.append(left[newest.log].pop())
    return found
