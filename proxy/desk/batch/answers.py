"""What a batch check answers: a number as it was given, and whether there is a record to report.

Nothing else of anybody is in it. The answer is made of one boolean of the gate, in which what is
sealed does not exist, so a sealed person's line is that of somebody clean. Pure.
"""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from enum import Enum
from hashlib import sha256
from typing import Final

VERSION: Final = 1


class Answer(Enum):
    """``value`` in JSON; what is written in a file is in `said`."""

    NO_RECORD = "no-record"
    RECORD = "record"

    @property
    def said(self) -> str:
        """In Chinese and English."""
        return _SAID[self]


_SAID: Final = {
    Answer.NO_RECORD: "无 / no record to report",
    Answer.RECORD: "有 / has a record to report",
}
HEADING: Final = ("证件号码 / number", "答复 / answer")


def answer_of(convicted: bool) -> Answer:
    """The only place where a look-up's answer decides anything."""
    return Answer.RECORD if convicted else Answer.NO_RECORD


@dataclass(frozen=True, slots=True)
class Answers:
    """Of one check under a permit, its ``run``th, in the order of the list. Numbers are as they
    were given; ``officer`` is the login of who ran it."""

    permit: str
    run: int
    officer: str
    people: tuple[tuple[str, Answer], ...]


def encode_answers(answers: Answers) -> bytes:
    """One line of JSON: what the ledger's entry binds, and its payload. With the SHA-256 of the
    unit's file, so that whoever opens the payload can tell that file from another."""
    return json.dumps(
        {
            "version": VERSION,
            "permit": answers.permit,
            "run": answers.run,
            "officer": answers.officer,
            "file_sha256": sha256(csv_file(answers)).hexdigest(),
            "people": [[number, answer.value] for number, answer in answers.people],
        },
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()


def decode_answers(line: bytes) -> Answers:
    """The inverse. Raises ValueError, with nothing of it, for what is no such line."""
    try:
        found = json.loads(line)
        answers = Answers(
            permit=_text(found["permit"]),
            run=int(found["run"]),
            officer=_text(found["officer"]),
            people=tuple((_text(number), Answer(answer)) for number, answer in found["people"]),
        )
        if encode_answers(answers) != line:
            raise ValueError
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
        raise ValueError("these are no answers") from None
    return answers


def csv_file(answers: Answers) -> bytes:
    """The unit's file (RFC 4180), in UTF-8 with the mark by which spreadsheets know it."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(HEADING)
    writer.writerows((number, answer.said) for number, answer in answers.people)
    return out.getvalue().encode("utf-8-sig")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError
    value.encode()
    return value
