"""The spellings under which a register may hold a number or a name. Pure.

A list that an index serves, instead of a function over each row: a look-up that reads the whole
table for its one person is one that an agency switches off.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from proxy.policy.identity import is_old_form, normalise_identity

_EIGHTEEN: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_OF_1900S: Final = "19"
_CHECK_DIGITS: Final = "10X98765432"
_WEIGHTS: Final = tuple(pow(2, place, 11) for place in range(17, 0, -1))
_WIDE: Final = {ord("X"): "Ｘ", **{ord(digit): chr(ord(digit) + 0xFEE0) for digit in "0123456789"}}
_BLANKS: Final = (" ", "\u3000")
_PARTS: Final = {18: ((6, 14), (6, 10, 14)), 15: ((6, 12),)}
"""Where numbers are set apart, as on forms: region, birth, the rest; or year and day apart."""
_PADDED: Final = (" {}", "{} ", "{}  ", "{}\u3000")
_DOTS: Final = "·•・‧"


def number_spellings(written: str) -> tuple[str, ...]:
    """All of one person's number: 15 and 18 digits where one follows from the other (GB 11643),
    small x, full width, and with blanks where they commonly stand: between the parts, and around.
    Blanks elsewhere are not found. Raises ValueError for what is no number."""
    number = normalise_identity(written)
    numbers = [number]
    if is_old_form(number):
        longer = number[:6] + _OF_1900S + number[6:]
        numbers.append(longer + _CHECK_DIGITS[_weighed(longer)])
    elif _EIGHTEEN.fullmatch(number) and number[6:8] == _OF_1900S:
        numbers.append(number[:6] + number[8:17])
    spelt = [form for each in numbers for form in (each, each.lower())]
    spelt += [each.translate(_WIDE) for each in numbers]
    for each in tuple(spelt):
        spelt += [_parted(each, at, blank) for at in _PARTS.get(len(each), ()) for blank in _BLANKS]
        spelt += [form.format(each) for form in _PADDED]
    return tuple(dict.fromkeys(spelt))


def _parted(number: str, places: Sequence[int], blank: str) -> str:
    bounds = (0, *places, len(number))
    return blank.join(number[start:end] for start, end in pairwise(bounds))


def name_spellings(name: str) -> tuple[str, ...]:
    """As it is, composed in both ways, and with each of the dots that part names."""
    spelt = [name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFKC", name)]
    for dot in _DOTS:
        spelt.append(re.sub(f"[{_DOTS}]", dot, name))
    return tuple(dict.fromkeys(spelt))


def _weighed(digits: str) -> int:
    return sum(int(digit) * weight for digit, weight in zip(digits, _WEIGHTS, strict=True)) % 11
