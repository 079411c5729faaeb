"""Steps of opinions as entries of the supervisor's own log, and back. Pure.

What an opinion's state depends on stands in the public header, so that the portal knows it without
anybody's key; the text is the payload, which is encrypted. Names of people are pseudonyms.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from ledger.entry import Entry
from ledger.errors import FormatError
from ledger.fields import EntryKind, Header
from ledger.portal.beijing import BEIJING, day_of
from ledger.portal.opinions.model import Act, Result, Step

ARTICLE: Final = "实施办法第22条"
MARKS: Final = (b'{"kind":"opinion"', b'{"kind":"reply"')
"""How the headers of these entries begin."""
TEXT_CHARACTERS_MAX: Final = 20_000
_TIME: Final = "%Y-%m-%dT%H:%M:%SZ"

Pseudonym = Callable[[str, str | bytes], str]


@dataclass(frozen=True, slots=True)
class Draft:
    """An entry to be written."""

    kind: EntryKind
    header: Header
    payload: bytes


def draft_of(act: Act, text: str, name: str, pseudonym: Pseudonym) -> Draft:
    """``name`` is who takes the step, ``act.by`` their pseudonym."""
    about = json.dumps({"supervisor": name, "text": text}, ensure_ascii=False).encode()
    header: dict[str, str | list[str] | None] = {"opinion": act.number}
    if act.step is Step.REPLIED:
        header |= {"result": None if act.result is None else act.result.value, "handler": act.by}
    else:
        named = [f"{act.log}:{number}" for number in act.entries]
        header |= {
            "event": act.step.value,
            "article": ARTICLE,
            "entries": named or None,
            "supervisor": act.by,
            "reply_due": None if act.due is None else _end_of(act.due),
        }
    header["document_hmac"] = pseudonym("opinion", text)
    kind = EntryKind.REPLY if act.step is Step.REPLIED else EntryKind.OPINION
    return Draft(kind, {name: value for name, value in header.items() if value is not None}, about)


def act_of(entry: Entry) -> Act:
    """The step that an entry records. Raises `FormatError` for one that is none."""
    header = entry.header
    day = day_of(datetime.fromisoformat(entry.time))
    number = str(header.get("opinion", ""))
    try:
        if entry.kind is EntryKind.REPLY:
            result = Result(str(header.get("result")))
            return Act(Step.REPLIED, number, str(header.get("handler", "")), day, result=result)
        step = Step(str(header.get("event")))
    except ValueError:
        raise FormatError("this is no step of an opinion") from None
    if entry.kind is not EntryKind.OPINION or step is Step.REPLIED:
        raise FormatError("this is no step of an opinion")
    log, numbers = _named(header.get("entries"))
    due = header.get("reply_due")
    return Act(
        step,
        number,
        str(header.get("supervisor", "")),
        day,
        log,
        numbers,
        None if due is None else day_of(datetime.fromisoformat(str(due))),
    )


def text_of(payload: bytes) -> str:
    """What was written with a step."""
    try:
        return str(json.loads(payload)["text"])
    except (ValueError, KeyError, TypeError):
        raise FormatError("this payload holds no text") from None


def _named(words: object) -> tuple[str, tuple[int, ...]]:
    """Of one log, as `draft_of` writes them."""
    if not isinstance(words, list) or not words:
        return "", ()
    pairs = [str(word).rpartition(":") for word in words]
    logs = {log for log, _, _ in pairs}
    if len(logs) != 1 or not all(number.isascii() and number.isdigit() for _, _, number in pairs):
        raise FormatError("an opinion is about entries of one log")
    return logs.pop(), tuple(int(number) for _, _, number in pairs)


def _end_of(day: date) -> str:
    """The last second of a day in China."""
    last = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=BEIJING)
    return last.astimezone(UTC).strftime(_TIME)
