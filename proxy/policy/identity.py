"""One spelling of an identity number, however it was typed. Pure.

The policy's SQL normalises what stands in a column in the same way, so that both sides of a
comparison are spelt alike (GB 11643; 实施办法第23条 for numbers of 15 digits).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_WEIGHTS: Final = tuple(2**place % 11 for place in range(17, -1, -1))
_EIGHTEEN: Final = re.compile(r"[1-9][0-9]{16}[0-9X]")
_FIFTEEN: Final = re.compile(r"[1-9][0-9]{14}")
IDENTITY_CHARACTERS_MAX: Final = 64


def normalise_identity(written: str) -> str:
    """Half-width, without blanks, X as a capital. Raises ValueError for what is no number.

    A number that is not of GB 11643's form, such as a passport's, is kept: letters, digits and
    hyphens, up to `IDENTITY_CHARACTERS_MAX` of them.
    """
    plain = "".join(unicodedata.normalize("NFKC", written[: 4 * IDENTITY_CHARACTERS_MAX]).split())
    plain = plain.upper()
    if not re.fullmatch(r"[0-9A-Z-]{4,64}", plain):
        raise ValueError("expected an identity number: letters, digits and hyphens")
    return plain


def has_check_digit(number: str) -> bool:
    """Whether a normalised number of 18 places ends in the right digit (ISO 7064, MOD 11-2)."""
    if not _EIGHTEEN.fullmatch(number):
        return False
    digits = (10 if digit == "X" else int(digit) for digit in number)
    return sum(map(int.__mul__, digits, _WEIGHTS)) % 11 == 1


def is_old_form(number: str) -> bool:
    """Fifteen digits, as given out until 1999; it has no check digit."""
    return _FIFTEEN.fullmatch(number) is not None
