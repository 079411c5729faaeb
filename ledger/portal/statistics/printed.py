"""A report as PDF, with the font of certificates: Noto Sans SC. Blocking.

It holds numbers that may leave the building, what they were counted from, and nobody's name.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import as_file, files
from itertools import groupby
from typing import Final

from reportlab.lib.pagesizes import A4
from reportlab.pdfbase.pdfmetrics import registerFont
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from ledger.portal.statistics.figure import SMALL, Figure
from ledger.portal.statistics.sheet import TITLES, WITHHELD
from ledger.portal.words import Language, Words

TITLE: Final = Words("封存记录查询监督统计", "Statistics of supervision")
FOR_REFERENCE: Final = Words("供参考", "For reference only")
NOTE: Final = Words(
    "数目取自目录，不是证据；日期按北京时间；按期与否以记录所载期限为准。",
    "Figures are from the index and no evidence; days are Beijing's, deadlines those on record.",
)
SUPPRESSED: Final = Words(
    f"1至{SMALL - 1}的数目，以及由之可推出这些数目的，一律略去。",
    f"Numbers from 1 to {SMALL - 1}, and those that would give them away, are withheld.",
)
_FONT: Final = "FengcunReport"
_FONT_FILE: Final = ("fonts", "ofl", "notosanssc", "NotoSansSC[wght].ttf")
_THICKEN: Final = 0.028
"""The file's own weight is the thinnest: outlines this part of a letter's size make it Regular."""
_FILL_AND_STROKE: Final = 2
_UNKNOWN: Final = "□"
_LEFT: Final = 56.0
_RIGHT: Final = A4[0] - 56.0
_TOP: Final = A4[1] - 64.0
_BOTTOM: Final = 64.0
_FOOT: Final = 40.0
_LINE: Final = 17.0
_lock = threading.Lock()
"""reportlab keeps fonts in one table for all."""


@dataclass(frozen=True, slots=True)
class Basis:
    """A log, and what was counted of it. ``root`` in Base64, of the signed checkpoint of ``size``
    entries; both None where it could not be read then. ``indexed``: None, nothing yet."""

    log: str
    origin: str
    indexed: int | None
    size: int | None
    root: str | None


@dataclass(frozen=True, slots=True)
class Cover:
    """What is said beside the figures. Days as `2026-01-31`, ``made_at`` in Beijing."""

    since: str
    until: str
    made_at: str
    logs: Sequence[Basis]


def print_of(report: Iterable[Figure], cover: Cover, language: Language) -> bytes:
    """The PDF, in one language. The report has been through `for_outside` before."""
    with _lock:
        out = io.BytesIO()
        canvas = Canvas(out, pagesize=A4, pageCompression=1)
        canvas.setTitle(TITLE.to(language))
        canvas.setAuthor("")
        canvas.setProducer("Fengcun")
        canvas.setCreator("Fengcun")
        paper = _Paper(canvas, language)
        paper.begin(cover)
        for section, figures in groupby(report, lambda each: each.section):
            paper.heading(TITLES[section].to(language))
            for each in figures:
                number = WITHHELD.to(language) if each.number is None else f"{each.number:,}"
                paper.row(each.words.to(language), number)
        paper.end()
        canvas.save()
        return out.getvalue()


@cache
def _font() -> TTFont:
    source = files("justmytype_intl_cjk").joinpath(*_FONT_FILE)
    with as_file(source) as path:
        font = TTFont(_FONT, str(path), asciiReadable=False)
    registerFont(font)
    return font


class _Paper:
    """Lines from the top of a page to its bottom, and on to the next."""

    def __init__(self, canvas: Canvas, language: Language) -> None:
        self._canvas = canvas
        self._language = language
        self._font = _font()
        self._y = _TOP
        self._page = 1

    def begin(self, cover: Cover) -> None:
        say = self._language
        self._text(TITLE.to(say), _LEFT, 18)
        self._text(FOR_REFERENCE.to(say), _RIGHT, 11, right=True)
        self._y -= 28
        self._line(Words("期间：", "Time: ").to(say) + f"{cover.since} – {cover.until}", 11)
        made = Words("生成时间：", "Made at: ").to(say) + cover.made_at
        self._line(made + Words("（北京时间）", " (Beijing)").to(say), 11)
        for words in (SUPPRESSED, NOTE):
            self._line(words.to(say), 9)
        self.heading(Words("所据账本", "Logs that were counted").to(say))
        for each in cover.logs:
            self._line(f"{each.log} — {each.origin}", 10)
            self._line(self._basis(each), 9)
            self._line(Words("根值 ", "root ").to(say) + (each.root or "—"), 9)

    def heading(self, text: str) -> None:
        """Not at the foot of a page."""
        self._need(3 * _LINE)
        self._y -= 10
        self._line(text, 12)
        self._canvas.line(_LEFT, self._y + 12, _RIGHT, self._y + 12)

    def row(self, name: str, number: str) -> None:
        """A name to the left and a number to the right."""
        self._need(_LINE)
        width = self._font.stringWidth(number, 10)
        self._text(name, _LEFT, 10, width=_RIGHT - _LEFT - width - 12)
        self._text(number, _RIGHT, 10, right=True)
        self._y -= _LINE

    def end(self) -> None:
        """What stands at the foot of the page."""
        self._text(f"{FOR_REFERENCE.to(self._language)}  {self._page}", _RIGHT, 9, True, _FOOT)

    def _basis(self, log: Basis) -> str:
        read = "—" if log.indexed is None else f"{log.indexed:,}"
        signed = "—" if log.size is None else f"{log.size:,}"
        words = Words(
            f"已读入目录 {read} 条；生成时的签名检查点 {signed} 条",
            f"{read} entries indexed; signed checkpoint of {signed} entries at that time",
        )
        return words.to(self._language)

    def _line(self, text: str, size: float) -> None:
        self._need(_LINE)
        self._text(text, _LEFT, size)
        self._y -= _LINE

    def _need(self, height: float) -> None:
        if self._y - height < _BOTTOM:
            self.end()
            self._canvas.showPage()
            self._page += 1
            self._y = _TOP

    def _text(
        self,
        text: str,
        x: float,
        size: float,
        right: bool = False,
        y: float | None = None,
        width: float = _RIGHT - _LEFT,
    ) -> None:
        shown = self._fitting(text, size, width)
        written = self._canvas.beginText()
        left = x - self._font.stringWidth(shown, size) if right else x
        written.setTextOrigin(left, self._y if y is None else y)
        self._canvas.setLineWidth(size * _THICKEN)
        written.setFont(_FONT, size)
        written.setTextRenderMode(_FILL_AND_STROKE)
        written.textOut(shown)
        self._canvas.drawText(written)

    def _fitting(self, text: str, size: float, width: float) -> str:
        """What the font lacks is shown as such: reportlab would leave it out."""
        known = self._font.face.charToGlyph
        shown = "".join(each if ord(each) in known else _UNKNOWN for each in text)
        if self._font.stringWidth(shown, size) <= width:
            return shown
        while shown and self._font.stringWidth(f"{shown}…", size) > width:
            shown = shown[:-1]
        return f"{shown}…"
