"""A form as PDF: the same bytes for the same document and code, whenever and wherever. Blocking.

Nothing is compressed that says something of its own, no time and no random value is in it, and the
font's subset begins with all that any form can need but names; so two files of a kind differ in
their fields, and where these are as long, nowhere else.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Mapping
from functools import cache
from importlib.resources import as_file, files
from typing import Final

from reportlab.graphics.barcode.qrencoder import QRCode, QRErrorCorrectLevel
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

from proxy.desk.certificate.code import Code
from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.form import (
    TITLES,
    CertificateRequest,
    Document,
    Form,
    Gender,
    IdentityKind,
    Purpose,
)
from proxy.desk.certificate.layout import (
    LABEL_X,
    NOTES,
    NOTES_Y,
    PAGE,
    ROWS,
    SAMPLE,
    SENTENCE_Y,
    SENTENCES,
    VALID_LABEL_X,
    Box,
    boxes,
    row_box,
)

FONT: Final = "FengcunNotoSansSC"
_FONT_FILE: Final = ("fonts", "ofl", "notosanssc", "NotoSansSC[wght].ttf")
_THICKEN: Final = 0.028
"""The file's own weight is the thinnest; each letter's outline is drawn as well, this part of its
size wide, which makes it about Regular."""
_FILL_AND_STROKE: Final = 2
_LINE: Final = 1.2
_QR_VERSION: Final = 4
_QR_QUIET_MODULES: Final = 4
_lock = threading.Lock()
"""reportlab keeps fonts in one table for all."""


def render(document: Document, code: Code, organ: str) -> bytes:
    """The PDF. Raises `CertificateError` for what the font cannot draw, or has no place."""
    require_printable(document)
    with _lock:
        return _render(document, code, organ)


def require_printable(document: Document) -> None:
    """Raises `CertificateError`: before anybody is looked up, and alike for everybody."""
    places = boxes(document.form)
    with _lock:
        font = _font()
        for field, text in document.to_json().items():
            if field not in places:
                continue
            if any(ord(character) not in font.face.charToGlyph for character in text):
                raise CertificateError("characters", field)
            _lines(text, places[field], field)


def require_printable_request(request: CertificateRequest, documents: list[Document]) -> None:
    """The same for each form that an answer may lead to, and for who asks."""
    for document in documents:
        require_printable(document)
    with _lock:
        known = _font().face.charToGlyph
    for field in ("applicant_name", "unit", "letter"):
        if any(ord(character) not in known for character in getattr(request, field)):
            raise CertificateError("characters", field)


@cache
def _font() -> TTFont:
    source = files("justmytype_intl_cjk").joinpath(*_FONT_FILE)
    with as_file(source) as path:
        return TTFont(FONT, str(path), asciiReadable=False)


@cache
def _alphabet() -> str:
    """Every character that a form can hold without a name, a unit or a nationality."""
    words = [SAMPLE, *NOTES, *TITLES.values(), "编号：〔〕号有效期至填发日期核验码："]
    words += [each for sentences in SENTENCES.values() for each in sentences]
    words += [label for rows in ROWS.values() for _, label in rows]
    words += [each.value for kind in (Gender, IdentityKind, Purpose) for each in kind]
    words += ["全时段自年月日填发之日中国", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ- "]
    return "".join(dict.fromkeys("".join(words)))


def _render(document: Document, code: Code, organ: str) -> bytes:
    out = io.BytesIO()
    canvas = Canvas(out, pagesize=PAGE, pageCompression=0, invariant=1)
    canvas.setTitle(TITLES[document.form])
    canvas.setAuthor(organ)
    canvas.setKeywords(str(code))
    canvas.setProducer("Fengcun")
    canvas.setCreator("Fengcun")
    font = _font()
    canvas._fontsize, canvas._leading = 11, 13
    pen = _Pen(canvas, font)
    font.splitString(_alphabet(), canvas._doc)
    pen.centred(TITLES[document.form], 740, 22)
    pen.centred(SAMPLE, 718, 9)
    _write(pen, document, code)
    canvas.save()
    return out.getvalue()


def _write(pen: _Pen, document: Document, code: Code) -> None:
    places = boxes(document.form)
    values: Mapping[str, str] = {
        **document.to_json(),
        "number": f"编号：{document.number}",
        "code": f"核验码：{code}",
    }
    for row, (_, label) in enumerate(ROWS[document.form]):
        pen.text(label, LABEL_X, _baseline(row_box(row)), 11)
    for field, box in places.items():
        if field in values:
            pen.boxed(values[field], box, field)
    for at, sentence in enumerate(SENTENCES[document.form]):
        pen.text(sentence, LABEL_X, SENTENCE_Y - 20 * at, 12)
    if document.form is not Form.REFUSAL:
        pen.text("有效期至", VALID_LABEL_X, _baseline(places["valid_until"]), 12)
    pen.text("填发日期", VALID_LABEL_X, _baseline(places["issued_on"]), 12)
    for at, note in enumerate(NOTES):
        pen.text(note, LABEL_X, NOTES_Y - 16 * at, 9)
    pen.squares(str(code), places["qr"])


class _Pen:
    """Draws on one page."""

    def __init__(self, canvas: Canvas, font: TTFont) -> None:
        self._canvas = canvas
        self._font = font

    def centred(self, text: str, y: float, size: float) -> None:
        width = self._font.stringWidth(text, size)
        self.text(text, (PAGE[0] - width) / 2, y, size)

    def boxed(self, text: str, box: Box, field: str) -> None:
        lines = _lines(text, box, field)
        for at, line in enumerate(lines):
            lower = (at - (len(lines) - 1) / 2) * box.size * _LINE
            self.text(line, box.x, _baseline(box) - lower, box.size)

    def text(self, text: str, x: float, y: float, size: float) -> None:
        """Written as PDF here: reportlab would leave out what it cannot draw."""
        out = [f"BT 1 0 0 1 {x:.2f} {y:.2f} Tm {_FILL_AND_STROKE} Tr {size * _THICKEN:.3f} w"]
        for subset, codes in self._font.splitString(text, self._canvas._doc):
            name = self._font.getSubsetInternalName(subset, self._canvas._doc)
            out.append(f"{name} {size:g} Tf <{codes.hex()}> Tj")
        self._canvas._code.append(" ".join([*out, "ET"]))

    def squares(self, text: str, box: Box) -> None:
        """A QR code as a picture of one bit a module: as many bytes for every code."""
        code = QRCode(_QR_VERSION, QRErrorCorrectLevel.M)
        code.addData(text)
        code.make()
        side = code.getModuleCount() + 2 * _QR_QUIET_MODULES
        quiet = _QR_QUIET_MODULES
        rows = []
        for row in range(side):
            bits = "".join(
                "0"
                if quiet <= row < side - quiet
                and quiet <= column < side - quiet
                and code.isDark(row - quiet, column - quiet)
                else "1"
                for column in range(side)
            ).ljust(-(-side // 8) * 8, "1")
            rows.append(f"{int(bits, 2):0{len(bits) // 4}x}")
        self._canvas._code.append(
            f"q {box.width:g} 0 0 {box.height:g} {box.x:g} {box.y:g} cm"
            f" BI /W {side} /H {side} /BPC 1 /CS /G /F /AHx ID {''.join(rows)}> EI Q"
        )


def _baseline(box: Box) -> float:
    """Of one line in the middle of a box: a Chinese letter hangs an eighth below it."""
    return box.y + (box.height - box.size) / 2 + box.size / 8


def _lines(text: str, box: Box, field: str) -> list[str]:
    """The text in as many lines as its box has. Raises `CertificateError`."""
    font, lines = _font(), [""]
    for character in text:
        if font.stringWidth(lines[-1] + character, box.size) > box.width:
            lines.append("")
        lines[-1] += character
    if len(lines) > box.lines:
        raise CertificateError("does-not-fit", field)
    return lines
