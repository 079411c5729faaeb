"""`fengcun ledger submit`: over HTTP, or carried by hand; what is kept is what was cosigned."""

import asyncio
import json

import pytest
from typer.testing import CliRunner

from ledger.cli import ledger_app
from ledger.witnessed import kept
from tests.unit.ledger.watched_log import answering, saying, watched_log


@pytest.fixture
def watched(tmp_path):
    made = watched_log(tmp_path)
    yield made
    made.witness.close()


def submit(watched, *more: str):
    _, key = watched.files()
    arguments = ["submit", "--log", watched.log.root, "--witness-key", key, "--json", *more]
    return CliRunner().invoke(ledger_app, [*map(str, arguments)])


async def test_over_http_it_is_cosigned_and_kept(watched, aiohttp_server):
    server = await aiohttp_server(watched.app)
    done = await asyncio.to_thread(submit, watched, "--url", str(server.make_url("/")))
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["size"] == watched.reader_size()
    assert kept(watched.log.root, watched.key).checkpoint.size == watched.reader_size()


async def test_who_does_not_answer_as_a_witness_is_told_of(watched, aiohttp_server):
    server = await aiohttp_server(answering(saying(200, b"garbage\n")))
    done = await asyncio.to_thread(submit, watched, "--url", str(server.make_url("/")))
    assert done.exit_code == 1
    assert kept(watched.log.root, watched.key) is None


def test_carried_by_hand_it_is_the_same(watched, tmp_path):
    sent, back = tmp_path / "sent", tmp_path / "back"
    assert submit(watched, "--to-file", sent).exit_code == 0
    back.write_bytes(watched.witness.cosign(sent.read_bytes()).to_line())
    assert submit(watched, "--submission", sent, "--answer", back).exit_code == 0
    assert kept(watched.log.root, watched.key).checkpoint.size == watched.reader_size()


@pytest.mark.parametrize(
    "more",
    [[], ["--answer", "x"], ["--url", "https://127.0.0.1:1", "--ca-file", "/nonexistent"]],
    ids=["no way", "half a way", "no authority"],
)
def test_wrong_usage_is_one_line_and_2(watched, more):
    done = submit(watched, *more)
    assert (done.exit_code, done.stderr.count("\n")) == (2, 1)


def test_the_key_of_a_log_is_no_witnesss(watched, tmp_path):
    log_key, _ = watched.files()
    arguments = ["submit", "--log", watched.log.root, "--witness-key", log_key, "--to-file", "x"]
    done = CliRunner().invoke(ledger_app, [*map(str, arguments)])
    assert (done.exit_code, "not the public key of a witness" in done.stderr) == (2, True)
