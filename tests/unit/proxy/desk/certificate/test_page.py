"""One document, one file: the same bytes, and what can be read is what was given."""

import io
from dataclasses import replace

import pypdf
import pypdfium2
import pytest

from proxy.desk.certificate.errors import CertificateError
from proxy.desk.certificate.form import TITLES
from proxy.desk.certificate.layout import BOXES, PAGE, SENTENCES
from proxy.desk.certificate.page import render, require_printable, require_printable_request
from tests.unit.proxy.desk.certificate.samples import CODE, DOCUMENT, LETTER, REFUSAL, REQUEST
from tests.unit.proxy.desk.certificate.test_decoding import decoded

FORMS = (DOCUMENT, LETTER, REFUSAL)


def drawn(document):
    return render(document, CODE, document.organ)


def text_of(pdf):
    return pypdfium2.PdfDocument(pdf)[0].get_textpage().get_text_range()


@pytest.mark.requirement("E1")
@pytest.mark.parametrize("document", FORMS, ids=lambda each: each.form.value)
def test_the_same_document_is_the_same_bytes(document):
    assert drawn(document) == drawn(document)


@pytest.mark.parametrize("document", FORMS, ids=lambda each: each.form.value)
def test_everything_can_be_read_on_it(document):
    text = text_of(drawn(document)).replace("\r\n", "")
    assert TITLES[document.form] in text
    assert "示例格式" in text
    assert str(CODE) in text
    for field in ("number", "name", "identity", "period", "purpose", "organ", "issued_on"):
        assert getattr(document, field) in text
    for sentence in SENTENCES[document.form]:
        assert sentence in text


@pytest.mark.requirement("E1")
def test_the_font_is_embedded_and_no_time_is_in_the_file():
    pdf = pypdf.PdfReader(io.BytesIO(drawn(DOCUMENT)))
    fonts = [font.get_object() for font in pdf.pages[0]["/Resources"]["/Font"].values()]
    used = [font for font in fonts if "NotoSansSC" in font["/BaseFont"]]
    assert used
    assert all("/FontFile2" in font["/FontDescriptor"] for font in used)
    assert pdf.metadata["/Keywords"] == str(CODE)
    assert {pdf.metadata[name] for name in ("/CreationDate", "/ModDate")} == {
        "D:20000101000000+00'00'"
    }


@pytest.mark.requirement("E1")
def test_files_of_fields_as_long_are_as_long_object_by_object():
    other = replace(DOCUMENT, name="一甲", number="示公证字〔2026〕999999号")
    code = replace(CODE, number=999_999, salt=b"\xff" * 14)
    one, two = drawn(DOCUMENT), render(other, code, other.organ)
    assert one != two
    assert [len(each) for each in one.split(b"endobj")] == [
        len(each) for each in two.split(b"endobj")
    ]


def test_rare_letters_are_drawn_and_missing_ones_are_an_error():
    assert "䶮喆堃镕㛃" in text_of(drawn(replace(DOCUMENT, name="䶮喆堃镕㛃")))
    for name in ("甲\U00020bb7", "甲\u3164", "甲\ue000"):
        with pytest.raises(CertificateError) as refused:
            drawn(replace(DOCUMENT, name=name))
        assert (refused.value.code, refused.value.field) == ("characters", "name")


def test_a_long_name_takes_two_lines_and_no_third():
    require_printable(replace(DOCUMENT, name="甲" * 40))
    assert "甲" * 20 in text_of(drawn(replace(DOCUMENT, name="甲" * 40)))
    with pytest.raises(CertificateError) as refused:
        require_printable(replace(DOCUMENT, name="甲" * 61))
    assert refused.value.code == "does-not-fit"


def test_who_asks_is_printable_too():
    request = decoded(REQUEST)
    require_printable_request(request, [DOCUMENT, REFUSAL])
    for field in ("applicant_name", "unit", "letter"):
        with pytest.raises(CertificateError):
            require_printable_request(replace(request, **{field: "\U00020bb7"}), [DOCUMENT])


def test_the_square_code_is_dark_and_light():
    image = pypdfium2.PdfDocument(drawn(DOCUMENT))[0].render(scale=4).to_pil().convert("L")
    box = BOXES["qr"]
    part = image.crop(
        tuple(4 * each for each in (
            box.x, PAGE[1] - box.y - box.height, box.x + box.width, PAGE[1] - box.y
        ))
    )  # fmt: skip
    levels = part.histogram()
    assert sum(levels[:50]) > 0.2 * sum(levels)
    assert sum(levels[200:]) > 0.4 * sum(levels)
