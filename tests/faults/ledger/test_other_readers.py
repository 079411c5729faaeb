"""Code that knows nothing of this package reads the same log: Go's x/mod/sumdb, and openssl."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ledger.entry import parse_entry
from ledger.fetch import DirectoryLog, entry_at
from ledger.note import VerifierKey
from ledger.prepare import prepare_successor
from ledger.proof import prove
from ledger.verify import verify_log
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import SmallLog, log_of

SOURCE = Path(__file__).parent / "xmod"
ED25519_SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410 section 4


@pytest.fixture(scope="module")
def xmod(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("go") is None:
        pytest.skip("needs go")
    built = tmp_path_factory.mktemp("xmod") / "xmod"
    offline = {**os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local"}
    command = ["go", "build", "-o", str(built), "."]
    done = subprocess.run(command, cwd=SOURCE, env=offline, capture_output=True, text=True)
    if done.returncode:
        pytest.skip("needs golang.org/x/mod v0.40.0 in Go's module cache: go mod download")
    return built


def read(xmod: Path, log: SmallLog, *more: str) -> subprocess.CompletedProcess[str]:
    return read_with(xmod, log, log.keys.log.verifier, *more)


def read_with(
    xmod: Path, log: SmallLog, log_key: VerifierKey, *more: str
) -> subprocess.CompletedProcess[str]:
    keys = (str(log_key), str(log.keys.entry.verifier))
    return subprocess.run([xmod, log.root, *keys, *more], capture_output=True, text=True)


@pytest.mark.parametrize("count", [0, 1, 251, 252, 253, 700])
def test_go_computes_the_same_tree_from_the_same_entries(xmod: Path, tmp_path: Path, count: int):
    log = log_of(tmp_path / "log", count)
    size = log.verify().size
    proof = tmp_path / "proof"
    proof.write_bytes(prove(DirectoryLog(log.root), size - 1).to_bytes())
    done = read(xmod, log, str(size - 1), str(proof))
    assert (done.stdout, done.returncode) == (f"{size}\n", 0)


@pytest.mark.parametrize("name", ["tile/entries/000", "tile/0/000", "tile/1/000.p/2"])
def test_go_refuses_what_we_refuse(xmod: Path, tmp_path: Path, name: str):
    log = log_of(tmp_path / "log", 700)
    data = bytearray((log.root / name).read_bytes())
    data[40] ^= 1
    (log.root / name).write_bytes(data)
    assert read(xmod, log).returncode == 1


def test_go_opens_checkpoints_of_two_log_keys_with_either(xmod: Path, tmp_path: Path):
    """And the entry that announces the second, which bears three signatures."""
    log = RotatingLog(tmp_path).once()
    old, new = log.keys.log.verifier, prepare_successor(log.directory, "log")
    assert read_with(xmod, log, new).returncode == 1
    size = verify_log(DirectoryLog(log.once().root), [new]).size
    for key in (old, new):
        assert read_with(xmod, log, key).stdout == f"{size}\n"
    log.retire()
    size = verify_log(DirectoryLog(log.once().root), [new]).size
    assert read_with(xmod, log, new).stdout == f"{size}\n"
    assert read_with(xmod, log, old).returncode == 1


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_verifies_an_entry(tmp_path: Path):
    log = log_of(tmp_path / "log", 3)
    _, note = parse_entry(entry_at(DirectoryLog(log.root), 4, 7))
    (tmp_path / "text").write_bytes(note.text)
    (tmp_path / "signature").write_bytes(note.signatures[0].value)
    (tmp_path / "key").write_bytes(ED25519_SPKI + log.keys.entry.verifier.public)
    command = ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-rawin"]
    files = ["-inkey", "key", "-in", "text", "-sigfile", "signature"]
    done = subprocess.run([*command, *files], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (0, "Signature Verified Successfully")
