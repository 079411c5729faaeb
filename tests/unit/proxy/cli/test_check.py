import json

import pytest

from proxy.cli.check import run
from proxy.errors import ConfigurationError, UpstreamUnavailable


def test_findings_are_printed_and_make_the_exit_code_one(config, capsys):
    assert run(config, as_json=True) == 1
    rows = json.loads(capsys.readouterr().out)
    assert {row["database"] for row in rows} == {"agency"}
    assert "undeclared-view" in {row["kind"] for row in rows}


def test_people_read_the_same_findings_with_their_count(config, capsys):
    run(config, as_json=True)
    count = len(json.loads(capsys.readouterr().out))
    assert run(config, as_json=False) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == count + 1
    assert lines[-1].startswith(f"{count} findings")


def test_a_policy_that_seals_nothing_is_said_to(config, capsys):
    config.with_name("policy.toml").write_text("seals_nothing = true\n", encoding="utf-8")
    assert run(config, as_json=True) == 0
    assert json.loads(capsys.readouterr().out) == []
    assert run(config, as_json=False) == 0
    assert "every statement is passed" in capsys.readouterr().out


def test_what_the_service_does_not_start_with_is_found_with_its_line(config, capsys):
    policy = config.with_name("policy.toml")
    lines = policy.read_text(encoding="utf-8").replace("self.role IN", "self.rolle IN", 1)
    policy.write_text(lines, encoding="utf-8")
    assert run(config, as_json=True) == 1
    (row,) = [r for r in json.loads(capsys.readouterr().out) if r["kind"] == "missing-column"]
    assert row["relation"] == "base.case_person"
    assert lines.splitlines()[row["line"] - 1].startswith("visible_when")


SHOWN = '[tls]\ncertificate_file = "absent"\nkey_file = "absent"\n'
ASKED = SHOWN + 'client_certificates = "optional"\nclient_ca_file = "absent"\n'


@pytest.mark.parametrize(
    ("tls", "says"),
    [
        ("", "no client is asked for a certificate"),
        (SHOWN, "client_certificates"),
        (ASKED, r"\[tls\] cannot use"),
    ],
)
def test_what_is_said_about_certificates_can_be_meant(config, tls, says):
    with config.open("a", encoding="utf-8") as file:
        file.write(tls)
    with config.with_name("policy.toml").open("a", encoding="utf-8") as file:
        file.write('[[principal]]\nname = "x"\nkind = "unit"\nmatch = { certificate = "CN=x" }\n')
    with pytest.raises(ConfigurationError, match=says):
        run(config, as_json=True)


@pytest.mark.parametrize("works", [True, False])
def test_the_query_for_verifiers_is_tried(config, works):
    function = "upper" if works else "no_such_function"
    with config.open("a", encoding="utf-8") as file:
        file.write(f'[login]\nauth = "scram"\nverifier_query = "SELECT {function}($1)"\n')
    if works:
        assert run(config, as_json=True) == 1
        return
    with pytest.raises(UpstreamUnavailable, match="verifier_query"):
        run(config, as_json=True)
