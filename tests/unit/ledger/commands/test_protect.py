from pathlib import Path

import pytest

from ledger import keyfile
from ledger.age import is_protected
from ledger.age import protect_text as original
from ledger.cli import keys_app, ledger_app
from ledger.keyfile import FILE_VARIABLE
from ledger.keys import load_keys
from ledger.witness.cli import witness_app
from ledger.witness.state import WitnessState
from tests.unit.ledger.commands.logs import RUN
from tests.unit.ledger.small_log import ORIGIN, PROXY_ID, key_directory

PRIVATE = ("log.key", "entry.key", "pseudonym.key")


@pytest.fixture(autouse=True)
def _fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    monkeypatch.setattr(
        keyfile, "protect_text", lambda text, word: original(text, word, work_factor=2)
    )


@pytest.fixture
def words(tmp_path: Path) -> str:
    path = tmp_path / "passphrase"
    path.write_text("five words are much better\n")
    path.chmod(0o600)
    return str(path)


def test_keys_that_are_there_are_protected_and_used(
    tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch
):
    directory, made = key_directory(tmp_path)
    files = [str(directory / name) for name in PRIVATE]
    done = RUN.invoke(keys_app, ["protect", *files, "--passphrase-file", words])
    assert done.exit_code == 0, done.output
    assert all(is_protected((directory / name).read_text()) for name in PRIVATE)
    assert RUN.invoke(keys_app, ["show", "--keys", str(directory)]).exit_code == 0

    create = ["create", "--log", str(tmp_path / "log"), "--keys", str(directory)]
    refused = RUN.invoke(ledger_app, [*create, "--force-filesystem"])
    assert refused.exit_code == 2
    assert FILE_VARIABLE in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert not (tmp_path / "log").exists()

    wrong = tmp_path / "wrong"
    wrong.write_text("another\n")
    wrong.chmod(0o600)
    monkeypatch.setenv(FILE_VARIABLE, str(wrong))
    refused = RUN.invoke(ledger_app, [*create, "--force-filesystem"])
    assert (refused.exit_code, len(refused.stderr.splitlines())) == (2, 1)
    assert "wrong passphrase" in refused.stderr

    monkeypatch.setenv(FILE_VARIABLE, words)
    assert load_keys(directory, PROXY_ID).log == made.log
    assert RUN.invoke(ledger_app, [*create, "--force-filesystem"]).exit_code == 0
    done = RUN.invoke(keys_app, ["unprotect", *files])
    assert done.exit_code == 0, done.output
    monkeypatch.delenv(FILE_VARIABLE)
    assert load_keys(directory, PROXY_ID).entry == made.entry


def test_keys_are_made_under_a_passphrase(
    tmp_path: Path, words: str, monkeypatch: pytest.MonkeyPatch
):
    given = ["--passphrase-file", words]
    for name in ("procuratorate", "escrow"):
        command = ["recipient", name, "--directory", str(tmp_path), *given]
        assert RUN.invoke(keys_app, command).exit_code == 0
        assert is_protected((tmp_path / f"{name}.identity").read_text())
    recipients = [
        argument
        for name in ("procuratorate", "escrow")
        for argument in ("--recipient", str(tmp_path / f"{name}.pub"))
    ]
    keys = tmp_path / "keys"
    made = RUN.invoke(
        keys_app, ["init", "--keys", str(keys), "--origin", ORIGIN, *recipients, *given]
    )
    assert made.exit_code == 0, made.output
    assert all(is_protected((keys / name).read_text()) for name in PRIVATE)
    assert not any(is_protected(path.read_text()) for path in keys.glob("*.vkey"))

    witness = ["init", "--directory", str(tmp_path / "w"), "--name", "w.example/1", *given]
    assert RUN.invoke(witness_app, witness).exit_code == 0
    monkeypatch.setenv(FILE_VARIABLE, words)
    state = WitnessState(tmp_path / "w")
    state.close()
    assert is_protected((tmp_path / "w/witness.key").read_text())


def test_without_a_terminal_protect_needs_a_file_and_makes_nothing(tmp_path: Path):
    made = RUN.invoke(keys_app, ["recipient", "x", "--directory", str(tmp_path), "--protect"])
    assert made.exit_code == 2
    assert "--passphrase-file" in made.stderr
    assert list(tmp_path.iterdir()) == []
