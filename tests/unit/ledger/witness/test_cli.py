"""What a supervisor types, from making the keys to a log that was rolled back."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager

import pytest
from typer.testing import CliRunner

from ledger.disk import LocalDisk
from ledger.log import create_log, open_sequencer
from proxy.cli.main import app
from tests.unit.ledger.small_log import PROXY_ID, SEGMENT_BYTES, judged, key_directory
from tests.world import free_port

RUN = CliRunner()


@pytest.fixture
def home(tmp_path):
    """A log with its keys, and a witness that watches it."""
    key_directory(tmp_path)
    grow(tmp_path, new=True)
    must("witness", "init", "--directory", tmp_path / "w", "--name", "procuratorate.example/w1")
    must("witness", "watch", "--directory", tmp_path / "w", tmp_path / "keys" / "log.vkey")
    return tmp_path


def grow(home, *, new=False):
    from ledger.keys import load_keys

    keys = load_keys(home / "keys", PROXY_ID)
    (home / "log").mkdir(exist_ok=True)
    disk = LocalDisk(home / "log")
    sizes = {"segment_bytes": SEGMENT_BYTES, "reserve_bytes": 0}
    if new:
        create_log(disk, keys, PROXY_ID, now_ms=1_767_225_600_000, **sizes)
    sequencer = open_sequencer(disk, keys, PROXY_ID, clock_ms=lambda: 1_767_225_600_000, **sizes)
    sequencer.start()
    sequencer.commit([[judged()]])
    sequencer.stop()
    disk.unlock()


def run(*arguments):
    return RUN.invoke(app, [str(argument) for argument in arguments])


def must(*arguments):
    done = run(*arguments)
    assert done.exit_code == 0, done.output
    return done.stdout


def submit(home, *more):
    key = home / "w" / "witness.vkey"
    return run("ledger", "submit", "--log", home / "log", "--witness-key", key, *more)


def verify(home, *more):
    key = home / "keys" / "log.vkey"
    return run("ledger", "verify", "--log", home / "log", "--key", key, *more)


def carry(home):
    """Over the air gap and back."""
    sent, answer = home / "submission", home / "answer"
    assert submit(home, "--to-file", sent).exit_code == 0
    must("witness", "cosign", "--directory", home / "w", sent, "--output", answer)
    done = submit(home, "--submission", sent, "--answer", answer, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_from_file_to_file(home):
    first = carry(home)
    grow(home)
    second = carry(home)
    assert second["size"] > first["size"]
    report = json.loads(verify(home, "--witness", home / "w/witness.vkey", "--json").stdout)
    assert [row["size"] for row in report["witnesses"]] == [second["size"]]
    assert "procuratorate.example/w1" in verify(home, "--witness", home / "w/witness.vkey").stdout


def test_a_log_without_a_cosignature_has_none(home):
    done = verify(home, "--witness", home / "w/witness.vkey")
    assert (done.exit_code, "cosigned nothing" in done.output) == (1, True)


def test_a_log_that_began_anew_is_not_cosigned(home):
    carry(home)
    (home / "log").rename(home / "kept")
    grow(home, new=True)
    (home / "log" / "cosigned").mkdir()
    for file in (home / "kept" / "cosigned").iterdir():
        (home / "log" / "cosigned" / file.name).write_bytes(file.read_bytes())
    (home / "answer").unlink()
    sent = home / "submission"
    assert submit(home, "--to-file", sent).exit_code == 0
    done = run("witness", "cosign", "--directory", home / "w", sent, "--output", home / "answer")
    assert (done.exit_code, "does not begin with" in done.output) == (1, True)
    assert not (home / "answer").exists()
    assert verify(home, "--witness", home / "w/witness.vkey").exit_code == 1


@contextmanager
def serving(home):
    port = free_port()
    arguments = ("witness", "serve", "--directory", home / "w", "--port", port)
    command = [sys.executable, "-m", "proxy.cli", *map(str, arguments)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, env=os.environ) as process:
        assert process.stderr is not None
        assert b"ready" in process.stderr.readline()
        try:
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/")
                except urllib.error.HTTPError:
                    break
                except OSError:
                    time.sleep(0.05)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
        assert process.wait(60) == 0


def test_over_http(home):
    with serving(home) as url:
        assert submit(home, "--url", url).exit_code == 0
        grow(home)
        done = submit(home, "--url", url + "/")
        assert (done.exit_code, "procuratorate.example/w1" in done.stdout) == (0, True)
    done = submit(home, "--url", url)
    assert (done.exit_code, "does not answer" in done.output) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("ledger", "submit", "--log", "log", "--witness-key", "w/witness.vkey"), "say how"),
        (("witness", "watch", "--directory", "w", "w/witness.vkey"), "a log's is wanted"),
        (("witness", "serve", "--directory", "nowhere"), "cannot read"),
    ],
)
def test_wrong_usage(home, monkeypatch, arguments, says):
    monkeypatch.chdir(home)
    done = run(*arguments)
    assert (done.exit_code, says in done.output) == (2, True)
