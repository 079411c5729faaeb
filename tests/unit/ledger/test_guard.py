"""Before anything is signed: what the witness shows is judged, what it says is not believed."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ledger import asking
from ledger.asking import witness_at
from ledger.guard import CLOCKS_APART_SECONDS_MAX, EXIT_CONFIGURATION, Answer, what_was_seen
from ledger.witnessed import Failing
from tests.unit.ledger.small_log import log_of
from tests.unit.ledger.watched_log import (
    OTHER,
    Watched,
    answering,
    elsewhere,
    endless,
    hanging,
    saying,
    watched_log,
)

ROOT = Path(__file__).parents[3]


@pytest.fixture
def watched(tmp_path):
    made = watched_log(tmp_path)
    yield made
    made.witness.close()


async def heard(watched: Watched, server, clock=time.time):
    async with witness_at(str(server.make_url(""))) as witness:
        return await what_was_seen(watched.reader, [watched.log_key], watched.key, witness, clock)


async def test_a_witness_that_saw_nothing_says_so(watched, aiohttp_server):
    found = await heard(watched, await aiohttp_server(watched.app))
    assert (found.answer, found.note) == (Answer.UNKNOWN, None)


async def test_it_agrees_about_what_it_saw_and_what_it_sees(watched, aiohttp_server):
    server = await aiohttp_server(watched.app)
    watched.cosign()
    seen = await heard(watched, server)
    assert seen.answer is Answer.AGREED
    watched.grow()
    grown = await heard(watched, server)
    assert grown.answer is Answer.AGREED
    assert watched.opened(grown.note) > watched.opened(seen.note)


async def test_what_it_saw_of_a_log_that_was_rolled_back_is_handed_on(
    watched, aiohttp_server, tmp_path
):
    server = await aiohttp_server(watched.app)
    note = watched.cosign()
    watched.log = log_of(tmp_path / "older", 1)
    found = await heard(watched, server)
    assert (found.answer, found.note) == (Answer.AGREED, note)


async def test_what_it_saw_of_a_log_that_was_forked_is_handed_on(watched, aiohttp_server, tmp_path):
    server = await aiohttp_server(watched.app)
    note = watched.cosign()
    watched.log = log_of(tmp_path / "other", 9)
    found = await heard(watched, server)
    assert (found.answer, found.note) == (Answer.AGREED, note)


def other_key(watched: Watched, note: bytes) -> bytes:
    text, _, lines = note.partition(b"\n\n")
    log_line = lines.splitlines(keepends=True)[0]
    return text + b"\n\n" + log_line + OTHER.cosign(text + b"\n", int(time.time())).to_line()


def not_by_the_log(watched: Watched, note: bytes) -> bytes:
    text, _, lines = note.partition(b"\n\n")
    return text + b"\n\n" + lines.splitlines(keepends=True)[1]


LIES = {
    "garbage": lambda watched, note: b"\xff\x00 garbage",
    "nothing": lambda watched, note: b"",
    "other key": other_key,
    "not signed by the log": not_by_the_log,
    "cut short": lambda watched, note: note[:-20],
    "too many signatures": lambda watched, note: note + note.splitlines(keepends=True)[-1] * 20,
}


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_a_note_that_does_not_prove_itself_is_no_answer(watched, aiohttp_server, lie):
    body = lie(watched, watched.cosign())
    found = await heard(watched, await aiohttp_server(answering(saying(200, body))))
    assert (found.answer, found.note) == (Answer.UNREACHABLE, None)
    assert found.failing is Failing.NONSENSE


@pytest.mark.parametrize("answer", [endless, hanging, elsewhere, saying(500), saying(403)],
                         ids=["endless", "hangs", "redirects", "500", "403"])  # fmt: skip
async def test_no_note_is_no_answer(watched, aiohttp_server, monkeypatch, answer):
    monkeypatch.setattr(asking, "ANSWER_SECONDS_MAX", 1.0)
    found = await heard(watched, await aiohttp_server(answering(answer)))
    assert (found.answer, found.note) == (Answer.UNREACHABLE, None)


@pytest.mark.parametrize(
    ("post", "failing"),
    [
        (saying(404), Failing.UNKNOWN_LOG),
        (saying(500), Failing.REFUSED),
        (saying(200, b"garbage"), Failing.NONSENSE),
        (saying(409, b"99999\n"), Failing.UNPROVEN),
        (saying(409, b"many\n"), Failing.NONSENSE),
        (saying(422), Failing.UNPROVEN),
        (hanging, Failing.UNREACHABLE),
        (endless, Failing.NONSENSE),
    ],
    ids=["404", "500", "garbage", "beyond", "no number", "422", "hangs", "endless"],
)
async def test_a_played_back_note_without_the_witness_is_no_agreement(
    watched, aiohttp_server, monkeypatch, post, failing
):
    """It is true all the same: what the log is held against, and no more."""
    monkeypatch.setattr(asking, "ANSWER_SECONDS_MAX", 1.0)
    note = watched.cosign()
    watched.grow()
    found = await heard(watched, await aiohttp_server(answering(saying(200, note), post)))
    assert (found.answer, found.note, found.failing) == (Answer.UNREACHABLE, note, failing)


@pytest.mark.parametrize("apart", [-1, 1])
async def test_a_played_back_cosignature_is_no_agreement(watched, aiohttp_server, apart):
    """Recorded when the log was as it has been put back."""
    note = watched.cosign()
    line = note.splitlines(keepends=True)[-1]
    server = await aiohttp_server(answering(saying(200, note), saying(200, line)))
    assert (await heard(watched, server)).answer is Answer.AGREED
    late = time.time() + apart * (CLOCKS_APART_SECONDS_MAX + 10)
    found = await heard(watched, server, lambda: late)
    assert (found.answer, found.note, found.failing) == (
        Answer.UNREACHABLE, note, Failing.CLOCK
    )  # fmt: skip


async def test_a_log_that_cannot_be_read_is_not_agreed_about(watched, aiohttp_server):
    server = await aiohttp_server(watched.app)
    watched.cosign()
    watched.grow()
    for path in (watched.log.root / "tile/0").rglob("*"):
        if path.is_file():
            path.write_bytes(b"")
    assert (await heard(watched, server)).answer is Answer.UNREACHABLE


def command(watched: Watched, url: str, output: Path, *more: str) -> subprocess.CompletedProcess:
    log_key, key = watched.files()
    return subprocess.run(
        [sys.executable, "-m", "ledger.guard", "--log", watched.log.root, "--log-key", log_key,
         "--witness-key", key, "--url", url, "--output", output, *more],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip


async def test_the_process_says_in_one_line_and_writes_what_it_was_shown(
    watched, aiohttp_server, tmp_path
):
    before = {path: path.read_bytes() for path in watched.log.root.rglob("*") if path.is_file()}
    url = str((await aiohttp_server(watched.app)).make_url(""))
    done = await asyncio.to_thread(command, watched, url, tmp_path / "seen")
    assert (done.returncode, done.stdout, done.stderr) == (0, "unknown \n", "")
    assert not (tmp_path / "seen").exists()
    watched.cosign()
    done = await asyncio.to_thread(command, watched, url, tmp_path / "seen")
    assert (done.returncode, done.stdout, done.stderr) == (0, "agreed \n", "")
    assert watched.opened((tmp_path / "seen").read_bytes())
    done = await asyncio.to_thread(command, watched, "http://127.0.0.1:1", tmp_path / "seen")
    assert (done.returncode, done.stdout) == (0, "unreachable unreachable\n")
    assert before == {
        path: path.read_bytes() for path in watched.log.root.rglob("*") if path.is_file()
    }


def test_what_cannot_be_asked_with_is_a_mistake_in_the_configuration(watched, tmp_path):
    done = command(watched, "https://127.0.0.1", tmp_path / "seen", "--ca-file", "/nonexistent")
    assert (done.returncode, done.stdout) == (EXIT_CONFIGURATION, "")
    assert done.stderr.count("\n") == 1
