"""What a verification came to: kept as codes and numbers, told in words. Pure.

Whatever is not known to be intact, or known to be wrong, is "cannot be confirmed".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Final

from ledger.errors import LedgerError
from ledger.portal.proof.words import (
    FAULTS,
    INTACT,
    NOTES,
    NUMBERLESS,
    QUIET_NOTES,
    UNSURE,
    VERDICTS,
    Words,
)
from ledger.verify import Fault, LogInvalid, Report

_DETAIL_CHARACTERS_MAX: Final = 500


class Standing(StrEnum):
    """How the page is coloured, and what it says first."""

    INTACT = "intact"
    WARNED = "warned"  # intact, and something is missing that would let one be sure of more
    BROKEN = "broken"
    UNSURE = "unsure"


class Unsure(LedgerError):
    """Why nothing can be concluded; `code` is a key of `words.VERDICTS`."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class WitnessSeen:
    """Up to where a witness signed, and when by its clock; the size is None where it did not."""

    name: str
    size: int | None = None
    time_seconds: int = 0
    note: str | None = None  # a key of `words.NOTES`


@dataclass(frozen=True, slots=True)
class Verdict:
    """`code` is a key of `words.VERDICTS` or the value of a `Fault`. Times are Unix seconds."""

    code: str
    index: int | None = None
    count: int = 0
    origin: str = ""
    held_count: int | None = None  # entries of the copy that it was held against
    first_time: str = ""
    last_time: str = ""
    notes: tuple[str, ...] = ()
    witnesses: tuple[WitnessSeen, ...] = ()
    detail: str = ""

    @property
    def standing(self) -> Standing:
        if self.code == INTACT:
            loud = [note for note in self.notes if note not in QUIET_NOTES]
            return Standing.WARNED if loud else Standing.INTACT
        return Standing.BROKEN if self.code in set(Fault) else Standing.UNSURE

    @property
    def words(self) -> Words:
        """The sentence with its numbers in it."""
        if self.code in set(Fault):
            words = FAULTS[Fault(self.code)]
            if self.index is None and "{index}" in words.chinese:
                words = NUMBERLESS
        else:
            words = VERDICTS.get(self.code, VERDICTS[UNSURE])
        numbers = {"index": self.index, "last": self.count - 1, "count": f"{self.count:,}"}
        return Words(
            words.chinese.format(**numbers),
            words.english.format(**numbers),
            words.advice_chinese,
            words.advice_english,
        )

    @property
    def note_words(self) -> list[Words]:
        return [NOTES[note] for note in self.notes if note in NOTES]


def invalid(error: LogInvalid, origin: str = "") -> Verdict:
    """A fault that a later version knows and this one does not is not taken for another."""
    code = error.fault.value if error.fault in FAULTS else UNSURE
    return Verdict(code, index=error.index, origin=origin, detail=_cut(error.detail))


def unsure(code: str, detail: str = "") -> Verdict:
    return Verdict(code if code in VERDICTS and code != INTACT else UNSURE, detail=_cut(detail))


def intact(
    report: Report, held_count: int | None, witnesses: Sequence[WitnessSeen] = ()
) -> Verdict:
    """`held_count`: entries of the copy that was held already, None where there was none."""
    notes = [] if held_count is not None else ["no-copy"]
    notes += [] if witnesses else ["no-witness"]
    notes += [each.note for each in witnesses if each.note is not None]
    notes += ["key-not-registered"] if set(report.not_given) & set(report.log_keys) else []
    notes += ["contents-absent"] if report.payloads_absent_count else []
    notes += ["erasure-unfinished"] if report.erasures_unfinished_count else []
    notes += ["closed"] if report.ended is not None else []
    return Verdict(
        INTACT,
        count=report.size,
        origin=report.origin,
        held_count=held_count,
        first_time=report.first_time,
        last_time=report.last_time,
        notes=tuple(dict.fromkeys(notes)),
        witnesses=tuple(witnesses),
    )


def witness_note(time_seconds: int, now_seconds: float, age_seconds_max: float) -> str | None:
    """What is to be said of a cosignature of that time; five minutes are the clocks' own."""
    age = now_seconds - time_seconds
    if age < -300:
        return "witness-clock"
    return "witness-old" if age > age_seconds_max else None


def to_json(verdict: Verdict) -> dict[str, object]:
    return asdict(verdict)


def from_json(value: object) -> Verdict:
    """Raises `ValueError` for what `to_json` did not make."""
    if not isinstance(value, Mapping) or value.keys() != {f.name for f in fields(Verdict)}:
        raise ValueError("not a verdict")
    row = dict(value)
    try:
        witnesses = [WitnessSeen(**each) for each in row.pop("witnesses")]
        notes = [str(note) for note in row.pop("notes")]
    except TypeError as error:
        raise ValueError("not a verdict") from error
    verdict = Verdict(**row, notes=tuple(notes), witnesses=tuple(witnesses))
    numbers = [verdict.index, verdict.held_count, verdict.count]
    numbers += [number for each in witnesses for number in (each.size, each.time_seconds)]
    texts = [verdict.code, verdict.origin, verdict.first_time, verdict.last_time, verdict.detail]
    texts += [each.name for each in witnesses]
    texts += [each.note for each in witnesses if each.note is not None]
    if type(row["count"]) is not int or not all(type(n) in (int, type(None)) for n in numbers):
        raise ValueError("not a verdict: a number is none")
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("not a verdict: a text is none")
    return verdict


def _cut(detail: str) -> str:
    return detail[:_DETAIL_CHARACTERS_MAX]
