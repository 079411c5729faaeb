import json

from proxy.cli.check import run


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
