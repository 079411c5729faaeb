"""`fengcun ledger show`: entries as people read them."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from ledger.commands.app import (
    JsonOption,
    LogOption,
    ledger_app,
    plain_errors,
    require_log,
)
from ledger.entry import Entry, parse_entry
from ledger.errors import ConfigurationError, FormatError
from ledger.evidence.filters import EntryFilter
from ledger.evidence.moments import parse_moment
from ledger.evidence.outcomes import outcomes_of
from ledger.evidence.scan import Found, scan
from ledger.fetch import LogReader
from ledger.fields import EntryKind
from ledger.keys import load_identity
from ledger.opener import PayloadOpener
from ledger.printable import as_json_line, many_lines, one_line
from ledger.pseudonyms import PERSON_DOMAIN, plain_identity

_COLOURS = {
    "deny": typer.colors.RED,
    "rewrite": typer.colors.YELLOW,
    "allow": typer.colors.GREEN,
}


@ledger_app.command()
def show(
    log: LogOption,
    start: Annotated[int, typer.Option("--from", min=0, help="first entry")] = 0,
    last: Annotated[int | None, typer.Option("--to", min=0, help="last entry")] = None,
    count: Annotated[int, typer.Option(min=1, help="at most so many")] = 20,
    kind: Annotated[list[EntryKind] | None, typer.Option(help="only this kind; repeatable")] = None,
    since: Annotated[str | None, typer.Option(help="a date or RFC 3339 time, included")] = None,
    until: Annotated[
        str | None, typer.Option(help="a time, not included; of a date, that day is included")
    ] = None,
    principal: Annotated[str | None, typer.Option(help="only this application's")] = None,
    verdict: Annotated[str | None, typer.Option(help="only this verdict")] = None,
    rule: Annotated[str | None, typer.Option(help="only by this rule")] = None,
    session: Annotated[str | None, typer.Option(help="only of this session")] = None,
    permit: Annotated[str | None, typer.Option(help="only under this permit")] = None,
    subject: Annotated[
        bool,
        typer.Option("--subject", help="only about a person, whose ID is asked for or read in"),
    ] = False,
    outcomes: Annotated[
        bool, typer.Option("--outcomes", help="under each decision, what became of it")
    ] = False,
    identity: Annotated[
        Path | None, typer.Option(help="a recipient's private key: shows payloads")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Print entries. Checks nothing: run verify for that, or open for payloads as evidence."""
    with plain_errors():
        reader = require_log(log)
        opener = None if identity is None else PayloadOpener(reader, load_identity(identity))
        words = {"principal": principal, "verdict": verdict, "rule": rule}
        words |= {"session": session, "permit": permit}
        wanted = EntryFilter(
            kinds=frozenset(kind or ()),
            since=None if since is None else _moment(since),
            until=None if until is None else _moment(until, until=True),
            words=tuple((name, value) for name, value in words.items() if value is not None),
            subject=_asked_for(opener) if subject else None,
        )
        end = None if last is None else last + 1
        every = scan(reader, wanted, start=start, end=end, ciphertexts=opener is not None)
        for row in _rows(reader, islice(every, count), opener, outcomes=outcomes):
            _print_json(row) if as_json else _print(row)


@dataclass(frozen=True, slots=True)
class _Row:
    index: int
    entry: Entry
    payload: str | None
    outcome: tuple[int, Entry] | None


def _moment(text: str, *, until: bool = False) -> str:
    try:
        return parse_moment(text, until=until)
    except FormatError as error:
        raise ConfigurationError(str(error)) from error


def _asked_for(opener: PayloadOpener | None) -> str:
    """The pseudonym of a person. The ID itself is in no argument, which other users could list."""
    if opener is None:
        raise ConfigurationError("--subject needs --identity: only a recipient can look for people")
    if sys.stdin.isatty():
        value = typer.prompt("证件号码 / ID of the person", hide_input=True)
    else:
        value = sys.stdin.readline()
    if not value.strip():
        raise ConfigurationError("no ID was given")
    return opener.pseudonyms().of(PERSON_DOMAIN, plain_identity(value))


def _rows(
    reader: LogReader, found: Iterable[Found], opener: PayloadOpener | None, *, outcomes: bool
) -> Iterator[_Row]:
    if not outcomes:
        for each in found:
            entry = parse_entry(each.data)[0]
            yield _Row(each.index, entry, _open_payload(opener, entry, each.ciphertext), None)
        return
    parsed = [(each, parse_entry(each.data)[0]) for each in found]
    decisions = [each.index for each, entry in parsed if entry.kind is EntryKind.DECISION]
    became = outcomes_of(reader, decisions)
    for each, entry in parsed:
        payload = _open_payload(opener, entry, each.ciphertext)
        yield _Row(each.index, entry, payload, became.get(each.index))


def _open_payload(
    opener: PayloadOpener | None, entry: Entry, ciphertext: bytes | None
) -> str | None:
    if opener is None or entry.payload is None:
        return None
    if not ciphertext:
        return "(本副本不含密文 / not in this copy)"
    # Some are padded with blanks, for everybody sees how long they are.
    return opener.open(entry, ciphertext).decode(errors="replace").rstrip(" ")


def _print_json(row: _Row) -> None:
    entry = row.entry
    line: dict[str, object] = {"index": row.index, "time": entry.time, "kind": entry.kind.value}
    line["header"] = entry.header
    if row.payload is not None:
        line["payload"] = row.payload
    if row.outcome is not None:
        index, outcome = row.outcome
        line["outcome"] = {"index": index, "time": outcome.time, "header": outcome.header}
    typer.echo(as_json_line(line))


def _print(row: _Row) -> None:
    _print_entry(f"{row.index:>8}", row.entry)
    if row.outcome is not None:
        index, outcome = row.outcome
        _print_entry(f"  └{index:>6}", outcome)
    if row.payload is not None:
        typer.echo("          " + many_lines(row.payload).replace("\n", "\n          "))


def _print_entry(head: str, entry: Entry) -> None:
    fields = "  ".join(f"{name}={_brief(value)}" for name, value in entry.header.items())
    kind = typer.style(f"{entry.kind:<11}", fg=_COLOURS.get(str(entry.header.get("verdict"))))
    typer.echo(f"{head}  {entry.time}  {kind}  {one_line(fields)}")


def _brief(value: object) -> str:
    text = ",".join(value) if isinstance(value, list) else str(value)
    return text if len(text) <= 48 else f"{text[:45]}..."
