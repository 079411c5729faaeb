"""`fengcun certificate`: wrong usage is a line and exit code 2, before anything is asked."""

import json

import pytest
from typer.testing import CliRunner

from proxy.cli.main import app
from proxy.desk.certificate.errors import CertificateError
from proxy.errors import ConfigurationError
from tests.unit.proxy.desk.certificate.samples import CODE, DOCUMENT, REQUEST
from tests.unit.proxy.server.site import make_ledger


def run(*arguments, given=""):
    return CliRunner().invoke(app, ["certificate", *map(str, arguments)], input=given)


def test_without_the_section_nothing_is_issued(config):
    done = run("issue", "--config", config, "--officer", "1", given=json.dumps(REQUEST))
    assert isinstance(done.exception, ConfigurationError)
    assert "[certificate]" in str(done.exception)


def test_a_request_that_is_none_is_refused_first(config, tmp_path):
    done = run("issue", "--config", config, "--officer", "1", given="{}")
    assert isinstance(done.exception, CertificateError)
    done = run("issue", "--config", config, "--officer", "1", "--request", tmp_path / "no")
    assert isinstance(done.exception, ConfigurationError)
    for login in ("", "x" * 65, "a\nb"):
        done = run("issue", "--config", config, "--officer", login, given=json.dumps(REQUEST))
        assert isinstance(done.exception, ConfigurationError)


@pytest.fixture
def log(tmp_path):
    ledger = make_ledger(tmp_path)
    return "--log", ledger.directory, "--key", ledger.keys / "log.vkey"


def test_what_is_not_there_is_unknown_and_exit_code_one(log):
    from dataclasses import replace

    from proxy.desk.certificate.code import log_tag

    code = replace(CODE, log=log_tag("test.example/log"))
    done = run("verify", code, *log, "--json", given=json.dumps(DOCUMENT.to_json()))
    assert (done.exit_code, json.loads(done.stdout)["standing"]) == (1, "unknown")
    done = run("verify", CODE, *log, given=json.dumps(DOCUMENT.to_json()))
    assert (done.exit_code, "another log" in done.stdout) == (1, True)


@pytest.mark.parametrize("given", ["", "[]", "{", '{"form": "x"}', '{"more": "x"}', '{"name": 1}'])
def test_a_paper_that_is_not_described_is_wrong_usage(log, given):
    done = run("verify", CODE, *log, given=given)
    assert isinstance(done.exception, ConfigurationError)


def test_no_code_and_no_log_are_wrong_usage(log, tmp_path):
    (tmp_path / "a.pdf").write_bytes(b"%PDF-1.3")
    for document in ("FC-AAAAA", tmp_path / "a.pdf"):
        done = run("verify", document, *log, given="{}")
        assert isinstance(done.exception, ConfigurationError)
    done = run("verify", CODE, "--log", tmp_path, *log[2:], given="{}")
    assert isinstance(done.exception, ConfigurationError)


def test_no_option_takes_data_of_a_person():
    text = run("issue", "--help").stdout
    assert "--name" not in text
    assert "--number" not in text
