"""`fengcun portal`: what is said before it serves."""

import json

import pytest
from typer.testing import CliRunner

from ledger.fetch import DirectoryLog
from ledger.keys import load_verifier_keys
from ledger.note import VerifierKey
from ledger.portal.cli import portal_app
from ledger.verify import verify_log
from tests.unit.ledger.small_log import identities


def run(*arguments):
    return CliRunner().invoke(portal_app, [*map(str, arguments)])


def made(state, tmp_path):
    for identity in identities():
        (tmp_path / f"{identity.name}.pub").write_text(str(identity.recipient))
    recipients = [f"--recipient={tmp_path / identity.name}.pub" for identity in identities()]
    return run("create", "--state", state, "--origin", "procuratorate.example/portal", *recipients,
               "--force-filesystem", "--json")  # fmt: skip


def test_its_own_log_is_made_once(tmp_path):
    done = made(tmp_path / "state", tmp_path)
    assert done.exit_code == 0, done.output
    key = VerifierKey.parse(json.loads(done.output)["log_key"])
    assert load_verifier_keys([tmp_path / "state/keys/log.vkey"]) == [key]
    assert verify_log(DirectoryLog(tmp_path / "state/log"), [key]).size == 1
    again = made(tmp_path / "state", tmp_path)
    assert again.exit_code == 2
    assert "created once" in again.output


@pytest.mark.parametrize(
    ("arguments", "says"),
    [(["--listen", "127.0.0.1:1"], "--state is missing"),
     (["--state", "/x", "--listen", "0.0.0.0:8490"], "reached by others"),
     (["--state", "/nowhere"], "fengcun portal create"),
     (["--state", "/nowhere", "--identity", "/nowhere"], "cannot read /nowhere")],
)  # fmt: skip
def test_what_is_missing_is_said_in_a_line(arguments, says):
    done = run(*arguments)
    assert done.exit_code == 2
    assert says in done.output
    assert "Traceback" not in done.output
