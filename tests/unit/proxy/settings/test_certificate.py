"""The section [certificate]."""

import pytest
from pydantic import ValidationError

from proxy.errors import ConfigurationError
from proxy.settings.certificate import Certificate

GIVEN = {
    "organ": "示例市公安局",
    "directory": "/var/lib/fengcun/certificates",
    "user": "certificate",
}


def test_the_shipped_query_is_the_default():
    section = Certificate.model_validate(GIVEN)
    assert "ANY ($1::text[])" in section.query()
    assert section.password() is None


def test_a_statement_of_batch_checks_goes_with_the_other(tmp_path):
    section = Certificate.model_validate(GIVEN)
    assert "$2::text[]" not in section.batch_query()
    (own := tmp_path / "own").write_text("SELECT true\n")
    assert Certificate.model_validate({**GIVEN, "query_file": own}).batch_query() is None
    both = Certificate.model_validate({**GIVEN, "query_file": own, "batch_query_file": own})
    assert both.batch_query() == "SELECT true"
    missing = Certificate.model_validate({**GIVEN, "batch_query_file": tmp_path / "no"})
    with pytest.raises(ConfigurationError, match="batch_query_file"):
        missing.batch_query()


def test_files_are_read_or_named(tmp_path):
    (tmp_path / "password").write_text("synthetic\nmore\n")
    (tmp_path / "query").write_text("SELECT true\n")
    section = Certificate.model_validate(
        {**GIVEN, "password_file": tmp_path / "password", "query_file": tmp_path / "query"}
    )
    assert (section.password(), section.query()) == ("synthetic", "SELECT true")
    missing = Certificate.model_validate({**GIVEN, "password_file": tmp_path / "no"})
    with pytest.raises(ConfigurationError, match="password_file"):
        missing.password()


@pytest.mark.parametrize(
    "more",
    [
        {"organ": ""},
        {"user": ""},
        {"answer_every_ms": 99},
        {"valid_days": 0},
        {"verifications_per_minute": 0},
        {"number_word": "字" * 11},
        {"more": 1},
    ],
)
def test_what_cannot_be_meant_is_refused(more):
    with pytest.raises(ValidationError):
        Certificate.model_validate({**GIVEN, **more})
