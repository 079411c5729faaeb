"""A judgment's wording and eight-digit dates, read as a person reads them. Pure.

The model's side of config/examples/pinyin.toml: rows of that schema as a `Story`. What is read here
is read by hand, sign by sign, and not by the expressions of the policy.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from tests.law.model import Accused, File, Judgment, Notice, Person, Stored, Story

ONES = {sign: value for value, sign in enumerate("一二三四五六七八九", start=1)} | {"两": 2}
SEPARATORS = ",，、;；。"
RESULTS = {"有罪": "GUILTY", "证据不足无罪": "ACQ_EVID"}
MONEY = frozenset("0123456789一二两三四五六七八九十百千万零〇,.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """A row of pjxx."""

    result: str
    term: Stored
    effective: Stored
    valid: str = "Y"


@dataclass(frozen=True, slots=True)
class Suspect:
    """A row of fzxyr with its person and what hangs on it; one file each."""

    id_no: Stored = None
    born: Stored = None
    began: Stored = None
    ended: Stored = None
    main_before: Stored = None
    optout: Stored = None
    verdicts: tuple[Verdict, ...] = ()
    notices: tuple[tuple[Stored, Stored, Stored], ...] = ()
    """State, ground, day."""


def story(suspect: Suspect) -> Story:
    """The suspect as the model knows people."""
    accused = Accused(
        person=0, file=0, role="CONVICT", first=day8(suspect.began), last=day8(suspect.ended),
        main_before_18={"Y": True, "N": False}.get(suspect.main_before or ""),
        optout=suspect.optout == "Y",
        judgments=tuple(map(_judgment, suspect.verdicts)),
        notices=tuple(
            Notice("UNSEALED" if bare(state) == "解封" else "ACTIVE", bare(ground), day8(day))
            for state, ground, day in suspect.notices
        ),
    )  # fmt: skip
    return Story((Person(suspect.id_no, day8(suspect.born)),), (File(),), (accused,))


def _judgment(verdict: Verdict) -> Judgment:
    kind, months = read_term(verdict.term)
    return Judgment(
        result=RESULTS.get(bare(verdict.result), "?"), penalty=kind, term_months=months,
        effective_on=day8(verdict.effective), in_force=verdict.valid == "Y",
    )  # fmt: skip


def bare(text: Stored) -> str:
    """Without the blanks that pad a column."""
    return (text or "").strip(" ")


def narrow(text: Stored) -> str:
    """Wide digits as narrow ones, and no blanks anywhere."""
    out = ""
    for sign in text or "":
        if "０" <= sign <= "９":
            out += str("０１２３４５６７８９".index(sign))
        elif sign not in " \t\r\n　":
            out += sign
    return out


def day8(stored: Stored) -> Stored:
    """YYYYMMDD as an ISO date; None where that is no day."""
    digits = narrow(stored)
    if len(digits) != 8 or not all("0" <= sign <= "9" for sign in digits):
        return None
    try:
        return dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).isoformat()
    except ValueError:
        return None


def read_term(text: Stored) -> tuple[Stored, int | None]:
    """The kind of penalty and the months of a fixed term, begun ones counted: five years and a day
    are 61. Kind None: not understood, or nothing that could be heavy."""
    written = narrow(text)
    before, decided, after = written.rpartition("决定执行")
    written = after if decided else before + after.removeprefix("判处")
    if written.startswith("无期徒刑"):
        return ("LIFE", None) if _only_extras(written[4:]) else (None, None)
    if written.startswith("死刑"):
        rests = [written[2:]]
        for two in "二两2":
            for comma in ("", ",", "，"):
                delayed = f"死刑{comma}缓期{two}年执行"
                rests += [written[len(delayed) :]] if written.startswith(delayed) else []
        return ("DEATH", None) if any(map(_only_extras, rests)) else (None, None)
    if not written.startswith("有期徒刑"):
        return None, None
    rest = written[4:]
    years, rest = _amount(rest, "", ("年",))
    half = years is not None and rest.startswith("半")
    months, rest = _amount(rest[half:], "零又", ("个月", "月"))
    days, rest = _amount(rest, "零又", ("日", "天"))
    if not _only_extras(rest):
        return None, None
    whole = 12 * (years or 0) + 6 * half + (months or 0)
    return "FIXED", whole + (1 if days else 0)


def _amount(text: str, joints: str, units: tuple[str, ...]) -> tuple[int | None, str]:
    """A number with one of the units at the beginning, and the rest; None where there is none."""
    body = text[1:] if text[:1] and text[0] in joints else text
    for length in (3, 2, 1):
        value = _number(body[:length]) if len(body) > length else None
        if value is not None:
            for unit in units:
                if body[length:].startswith(unit):
                    return value, body[length + len(unit) :]
    return None, text


def _number(text: str) -> int | None:
    """Up to three digits, or up to ninety-nine in Chinese; zero is not written so."""
    if text.isascii() and text.isdigit():
        return int(text)
    if len(text) == 1 and text in ONES:
        return ONES[text]
    tens, ten, ones = text.partition("十")
    if ten and (not tens or tens in ONES) and (not ones or (ones in ONES and ones != "两")):
        return 10 * ONES.get(tens, 1) + ONES.get(ones, 0)
    return None


def _only_extras(text: str) -> bool:
    """Nothing but suspension, loss of political rights and fine, in any order."""
    return text in ("", "。", ".") or any(map(_only_extras, _after_one_extra(text)))


def _after_one_extra(text: str) -> list[str]:
    """What may be left behind the first extra."""
    body = text[1:] if text[0] in SEPARATORS else text
    if body.startswith("缓刑"):
        rest = body[2:]
        out = [rest]
        for units in (("年",), ("个月", "月"), ("日", "天")):
            _, rest = _amount(rest, "", units)
            out.append(rest)
        return out
    if body.startswith("剥夺政治权利"):
        rest = body[6:]
        return [rest, rest.removeprefix("终身"), _amount(rest, "", ("年",))[1]]
    if body.startswith("并处罚金"):
        rest = body[4:].removeprefix("人民币")
        rests = [rest]
        while rest and rest[0] in MONEY:
            rest = rest[1:]
            rests.append(rest)
        rests += [rest.removeprefix("元") for rest in rests]
        return rests + [rest.removeprefix("整") for rest in rests]
    return []
