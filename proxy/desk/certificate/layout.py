"""Where everything stands on the page, in points from the lower left of an A4 sheet. Pure.

The three forms share one page. What differs between two of a kind stands in `BOXES` and nowhere
else: a test compares two certificates outside of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from proxy.desk.certificate.form import Form

PAGE: Final = (595, 842)
SAMPLE: Final = "示例格式，正式使用前按统一格式核定"
"""The layout is ours: the unified one was not at hand when this was made."""


@dataclass(frozen=True, slots=True)
class Box:
    """Lower left corner, width and height; the size of its letters. One line, or two."""

    x: float
    y: float
    width: float
    height: float
    size: float = 11
    lines: int = 1


LABEL_X: Final = 85
VALUE_X: Final = 175
_VALUE_WIDTH: Final = 335
_ROW_HEIGHT: Final = 30
_FIRST_ROW_Y: Final = 610

ROWS: Final[Mapping[Form, tuple[tuple[str, str], ...]]] = MappingProxyType(
    {
        Form.CERTIFICATE: (
            ("name", "被查询人"),
            ("gender", "性别"),
            ("nationality", "国籍"),
            ("identity_kind", "证件名称"),
            ("identity", "证件号码"),
            ("period", "查询时段"),
            ("purpose", "用途"),
        ),
        Form.LETTER: (
            ("unit", "查询单位"),
            ("letter", "公函文号"),
            ("name", "被查询人"),
            ("identity_kind", "证件名称"),
            ("identity", "证件号码"),
            ("period", "查询时段"),
            ("purpose", "用途"),
        ),
        Form.REFUSAL: (
            ("name", "被查询人"),
            ("identity_kind", "证件名称"),
            ("identity", "证件号码"),
            ("period", "查询时段"),
            ("purpose", "用途"),
        ),
    }
)
"""Field of `form.Document` and what stands before it, from above."""

SENTENCES: Final[Mapping[Form, tuple[str, ...]]] = MappingProxyType(
    {
        Form.CERTIFICATE: ("经查询，上述被查询人在所列查询时段内未发现有犯罪记录。特此证明。",),
        Form.LETTER: (
            "你单位来函收悉。经查询，上述被查询人在所列查询时段内无犯罪记录。特此告知。",
        ),
        Form.REFUSAL: (
            "经审查，不符合出具无犯罪记录证明的条件，决定不予出具。",
            "对本决定有异议的，可以向本单位申请复查。",
        ),
    }
)

NOTES: Final = (
    "注：1. 本文书仅反映出具时信息查询平台内的犯罪记录信息情况。",
    "2. 查询时段为“全时段”的，指平台内全部时段的信息。",
    "3. 有效期至所载日期止；核验请使用下方核验码。",
)
SENTENCE_Y: Final = 370
NOTES_Y: Final = 178

BOXES: Final[Mapping[str, Box]] = MappingProxyType(
    {
        "number": Box(300, 690, 210, 16, 11),
        "organ": Box(300, 300, 210, 18, 12),
        "issued_on": Box(370, 275, 140, 18, 12),
        "valid_until": Box(370, 250, 140, 18, 12),
        "code": Box(85, 78, 425, 14, 9),
        "qr": Box(85, 200, 100, 100),
    }
)
VALID_LABEL_X: Final = 300


def row_box(row: int) -> Box:
    """Where the value of a row stands, counted from 0; two lines fit into it."""
    y = _FIRST_ROW_Y - _ROW_HEIGHT * row
    return Box(VALUE_X, y, _VALUE_WIDTH, _ROW_HEIGHT - 2, 11, 2)


def boxes(form: Form) -> dict[str, Box]:
    """Every place where a form says something of its own, by the field that stands there."""
    return {
        **BOXES,
        **{field: row_box(row) for row, (field, _) in enumerate(ROWS[form])},
    }
