from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.countersignature import CountersignerKey
from ledger.countersigned import (
    NotCountersigned,
    SignerFailed,
    countersign,
    countersigned_path,
    kept,
    require_valid,
    run_signer,
)
from ledger.errors import ConfigurationError, FormatError, SignatureInvalid
from tests.unit.ledger.sm2_signer import python_signer, sm2_signer
from tests.unit.ledger.small_log import SmallLog, log_of

SECONDS = 60.0


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> tuple[CountersignerKey, str]:
    return sm2_signer(tmp_path_factory.mktemp("sm2"))


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return log_of(tmp_path / "log", 3)


def test_what_openssl_signs_is_kept_beside_the_checkpoint_of_the_notary(log: SmallLog, signer):
    key, command = signer
    keys, published = [log.keys.log.verifier], (log.root / "checkpoint").read_bytes()
    checkpoint = countersign(log.root, keys, key, command)
    assert checkpoint == open_checkpoint(published, keys) == kept(log.root, keys, key)
    assert (log.root / "checkpoint").read_bytes() == published
    note = countersigned_path(log.root, key).read_bytes()
    assert note.startswith(published)
    assert len(note.splitlines()) == len(published.splitlines()) + 1
    assert open_checkpoint(note, keys) == checkpoint
    assert log.verify().size == 7


def test_a_grown_log_is_countersigned_anew_and_an_unchanged_one_not(log: SmallLog, signer):
    key, command = signer
    keys = [log.keys.log.verifier]
    assert kept(log.root, keys, key) is None
    countersign(log.root, keys, key, command)
    assert countersign(log.root, keys, key, "nobody is asked").size == 7
    log.open().append(2)
    log.close()
    assert countersign(log.root, keys, key, command).size == 12
    assert kept(log.root, keys, key) == open_checkpoint(
        (log.root / "checkpoint").read_bytes(), keys
    )


def test_a_log_that_went_back_is_not_countersigned(log: SmallLog, signer, tmp_path: Path):
    key, command = signer
    keys = [log.keys.log.verifier]
    older = shutil.copytree(log.root, tmp_path / "older")
    log.open().append(2)
    log.close()
    countersign(log.root, keys, key, command)
    shutil.copytree(log.root / "countersigned", older / "countersigned")
    with pytest.raises(NotCountersigned, match="rollback"):
        countersign(older, keys, key, command)


BAD_SIGNERS = {
    "says nothing": "pass",
    "fails": "import sys; sys.exit(1)",
    "signs and fails": "import sys; sys.stdout.write('x' * 64); sys.exit(1)",
    "is killed": "import os; os.kill(os.getpid(), 9)",
    "puts out zeros": "import sys; sys.stdout.buffer.write(bytes(64))",
    "puts out a signature that is none": "print('a' * 63)",
    "puts out too much": "print('x' * 100_000)",
    "never ends": "while True: print('x' * 100)",
}


@pytest.mark.parametrize("code", BAD_SIGNERS.values(), ids=BAD_SIGNERS)
def test_of_a_bad_signer_nothing_is_kept(log: SmallLog, signer, code: str):
    key, _ = signer
    keys = [log.keys.log.verifier]
    with pytest.raises(SignerFailed):
        countersign(log.root, keys, key, python_signer(code), timeout_seconds=SECONDS)
    assert not (log.root / "countersigned").exists()


def test_another_device_is_not_the_countersigner(log: SmallLog, signer, tmp_path: Path):
    key, _ = signer
    _, stranger = sm2_signer(tmp_path)
    with pytest.raises(SignerFailed, match="is bad"):
        countersign(log.root, [log.keys.log.verifier], key, stranger)
    assert not (log.root / "countersigned").exists()


def test_a_log_of_another_key_is_not_shown_to_the_signer(log: SmallLog, signer):
    key, _ = signer
    other = SmallLog(log.root.parent / "other").keys.entry.verifier
    with pytest.raises(SignatureInvalid):
        countersign(log.root, [other], key, "nobody is asked")


@pytest.mark.parametrize("position", [3, 40, -10])
def test_a_changed_file_is_not_held_for_countersigned(log: SmallLog, signer, position: int):
    key, command = signer
    keys = [log.keys.log.verifier]
    countersign(log.root, keys, key, command)
    path = countersigned_path(log.root, key)
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)
    with pytest.raises(FormatError):
        kept(log.root, keys, key)
    path.write_bytes((log.root / "checkpoint").read_bytes())
    with pytest.raises(FormatError, match="did not sign"):
        kept(log.root, keys, key)


def test_the_signer_gets_the_text_and_no_shell():
    echo = python_signer("import sys; sys.stdout.buffer.write(sys.stdin.buffer.read())")
    text = b"origin\n$(id) `id` ; id\n"
    assert run_signer(echo, text, timeout_seconds=SECONDS) == text
    words = python_signer("import sys; print(sys.argv[1:])") + " '$HOME' ; id | cat"
    answer = run_signer(words, text, timeout_seconds=SECONDS)
    assert answer == b"['$HOME', ';', 'id', '|', 'cat']\n"


@pytest.mark.parametrize("command", ["", "/nowhere/signer", "'open quote", "/"])
def test_no_signer_at_all_is_wrong_usage(command: str):
    with pytest.raises(ConfigurationError):
        run_signer(command, b"", timeout_seconds=SECONDS)


@pytest.mark.parametrize("before", ["pass", "import os; os.close(1)"])
def test_a_signer_that_hangs_is_ended(before: str):
    code = f"{before}; import time; time.sleep(600)"
    with pytest.raises(SignerFailed):
        run_signer(python_signer(code), b"\n", timeout_seconds=0.5)


def test_without_openssl_nothing_is_taken_for_checked(monkeypatch, signer, tmp_path: Path):
    key, _ = signer
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError, match="install OpenSSL"):
        require_valid(b"text\n", key.signature(bytes(64)), key)


def test_a_point_off_the_curve_verifies_nothing(signer):
    key, _ = signer
    point = key.point[:-1] + bytes([key.point[-1] ^ 1])
    off = CountersignerKey(key.name, point)
    with pytest.raises((ConfigurationError, SignatureInvalid)):
        require_valid(b"text\n", off.signature(bytes(range(64))), off)


def test_a_silent_openssl_is_not_believed(monkeypatch, signer, tmp_path: Path):
    """Exit code 0 alone is not its word."""
    key, _ = signer
    fake = tmp_path / "openssl"
    fake.write_text("#!/bin/sh\nexit 0\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError):
        require_valid(b"text\n", key.signature(bytes(64)), key)
