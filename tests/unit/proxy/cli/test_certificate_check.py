"""Codes in files, and what somebody reads off a paper."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.cli.certificate_check import code_in, document_of
from proxy.desk.certificate.code import InvalidCode
from proxy.desk.certificate.form import Form
from proxy.desk.certificate.page import render
from tests.unit.proxy.desk.certificate.samples import CODE, DOCUMENT, LETTER, REFUSAL


@pytest.mark.parametrize("document", [DOCUMENT, LETTER, REFUSAL], ids=lambda each: each.form.value)
def test_the_code_is_found_in_the_file_and_the_paper_is_the_document(document):
    assert code_in(render(document, CODE, document.organ)) == CODE
    assert document_of(document.to_json()) == document


@given(st.binary())
def test_other_files_have_none(content):
    for prefix in (b"", b"/Keywords (FC-", b"/Keywords (" + str(CODE).encode()):
        with contextlib.suppress(InvalidCode):
            assert code_in(prefix + content) == CODE


@given(st.dictionaries(st.sampled_from([*DOCUMENT.to_json(), "x"]), st.text() | st.integers()))
def test_a_paper_is_a_document_or_a_value_error(fields):
    with contextlib.suppress(ValueError):
        assert document_of(fields).form in Form
