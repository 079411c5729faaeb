"""The courier as a process: carries, keeps, hands on, and ends the log only on proof."""

import asyncio
import signal
import sys
from pathlib import Path

import pytest

from ledger.courier import EXIT_CONTRADICTED, EXIT_FAILED
from ledger.guard import EXIT_CONFIGURATION
from ledger.notary import serve_notary
from ledger.withheld import Withheld
from ledger.witnessed import cosigned_path, keep, kept
from tests.unit.ledger.small_log import decision, log_of
from tests.unit.ledger.watched_log import (
    answering,
    elsewhere,
    endless,
    saying,
    watched_log,
)

ROOT = Path(__file__).parents[3]
WITHIN_MAX_S = 60.0


@pytest.fixture
def watched(tmp_path):
    made = watched_log(tmp_path)
    yield made
    made.witness.close()


class Running:
    """A courier; `line` is the next thing it says."""

    def __init__(self, process):
        self.process = process

    async def line(self) -> str:
        async with asyncio.timeout(WITHIN_MAX_S):
            return str((await self.process.stdout.readline()).decode().strip())

    async def says(self, beginning: str) -> str:
        """Skips what comes before."""
        while True:
            line = await self.line()
            assert line or not self.process.stdout.at_eof(), beginning
            if line.startswith(beginning):
                return line

    async def end(self, number: int | None = None) -> tuple[int, str]:
        if number is not None:
            self.process.send_signal(number)
        async with asyncio.timeout(WITHIN_MAX_S):
            _, said = await self.process.communicate()
        return self.process.returncode, said.decode()


@pytest.fixture
async def courier(watched):
    started = []

    async def start(server, *more: str, url: str | None = None) -> Running:
        log_key, key = watched.files()
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "ledger.courier", "--log", watched.log.root),
            *("--log-key", log_key, "--witness-key", key, "--interval-ms", "20"),
            *("--url", url or str(server.make_url("")), *more),
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, cwd=ROOT,
        )  # fmt: skip
        started.append(process)
        return Running(process)

    yield start
    for process in started:
        if process.returncode is None:
            process.kill()
            await process.wait()


def kept_size(watched) -> int:
    found = kept(watched.log.root, watched.key)
    return 0 if found is None else found.checkpoint.size


async def test_what_is_published_is_cosigned_kept_and_told(watched, courier, aiohttp_server):
    running = await courier(await aiohttp_server(watched.app))
    size = watched.reader_size()
    assert (await running.line()).startswith(f"cosigned {size} ")
    assert kept_size(watched) == size
    watched.grow()
    assert await running.says(f"cosigned {watched.reader_size()} ")
    assert kept_size(watched) == watched.reader_size()
    assert await running.end(signal.SIGTERM) == (0, "")


async def test_another_life_goes_on_from_what_was_kept(watched, courier, aiohttp_server):
    server = await aiohttp_server(watched.app)
    running = await courier(server)
    size = watched.reader_size()
    await running.says("cosigned")
    await running.end(signal.SIGKILL)
    watched.grow()
    running = await courier(server)
    assert (await running.line()).startswith(f"kept {size} ")
    assert (await running.line()).startswith(f"cosigned {watched.reader_size()} ")


async def test_one_that_died_before_it_kept_anything_catches_up(watched, courier, aiohttp_server):
    watched.cosign()
    running = await courier(await aiohttp_server(watched.app))
    assert (await running.line()).startswith(f"cosigned {watched.reader_size()} ")


async def test_when_told_to_stop_it_takes_along_what_was_published_last(
    watched, courier, aiohttp_server
):
    server = await aiohttp_server(watched.app)
    running = await courier(server, "--interval-ms", "3600000")
    await running.says("cosigned")
    watched.grow()
    assert (await running.end(signal.SIGTERM))[0] == 0
    assert kept_size(watched) == watched.reader_size()


LIES = {
    "nobody": (None, "unreachable"),
    "redirects": (elsewhere, "refused"),
    "endless": (endless, "nonsense"),
    "garbage": (saying(200, b"garbage\n"), "nonsense"),
    "403": (saying(403), "unknown-log"),
    "404": (saying(404), "unknown-log"),
    "500": (saying(500), "refused"),
    "says rollback": (saying(409, b"99999\n"), "unproven"),
    "says fork": (saying(422), "unproven"),
    "garbage size": (saying(409, b"-1\n"), "nonsense"),
}


@pytest.mark.parametrize(("answer", "how"), LIES.values(), ids=LIES)
async def test_a_liar_is_a_witness_that_is_away(watched, courier, aiohttp_server, answer, how):
    if answer is None:
        running = await courier(None, url="http://127.0.0.1:1")
    else:
        running = await courier(await aiohttp_server(answering(answer)))
    for _ in range(3):
        assert await running.line() == f"failed {how}"
    assert kept_size(watched) == 0
    assert await running.end(signal.SIGTERM) == (0, "")


async def test_an_old_truth_is_no_proof_of_a_fork(watched, courier, aiohttp_server):
    """Who answers in its place shows what it really cosigned, and says that there is more."""
    note = watched.cosign()
    watched.grow()
    server = await aiohttp_server(answering(saying(200, note), saying(422)))
    running = await courier(server)
    assert await running.line() == "failed unproven"
    assert await running.end(signal.SIGTERM) == (0, "")


@pytest.mark.parametrize(("count", "how"), [(1, "rolled back"), (9, "forked")])
async def test_a_contradiction_that_is_shown_ends_it_and_is_kept(
    watched, courier, aiohttp_server, tmp_path, count, how
):
    note = watched.cosign()
    watched.log = log_of(tmp_path / "other", count)
    running = await courier(await aiohttp_server(watched.app))
    code, said = await running.end()
    assert code == EXIT_CONTRADICTED
    assert how in said
    assert said.count("\n") == 1
    assert cosigned_path(watched.log.root, watched.key).read_bytes() == note


async def test_a_line_too_many_is_not_kept(watched, courier, aiohttp_server):
    """What is kept is what is verified: else a stranger could make it unreadable."""
    note = watched.cosign()
    line = note.splitlines(keepends=True)[-1]
    junk = line.replace(b"procuratorate.example/w1 ", b"procuratorate.example/w1 AAAA")
    answer = saying(200, line + junk + line + junk * 9)
    running = await courier(await aiohttp_server(answering(saying(404), answer)))
    await running.says("cosigned")
    assert cosigned_path(watched.log.root, watched.key).read_bytes() == note


async def test_a_log_that_cannot_be_read_ends_it(watched, courier, aiohttp_server):
    (watched.log.root / "checkpoint").write_bytes(b"rubbish")
    running = await courier(await aiohttp_server(watched.app))
    code, said = await running.end()
    assert (code, said.count("\n")) == (EXIT_FAILED, 1)


async def test_a_key_that_is_no_witnesss_is_a_mistake_in_the_configuration(
    watched, courier, aiohttp_server
):
    log_key, _ = watched.files()
    running = await courier(await aiohttp_server(watched.app), "--witness-key", str(log_key))
    assert (await running.end())[0] == EXIT_CONFIGURATION


@pytest.fixture
async def notary(watched, tmp_path):
    """One that withholds."""
    sequencer = watched.log.prepare()
    withheld = Withheld([watched.log_key], watched.key, sequencer.size)
    server = await serve_notary(sequencer, tmp_path / "s", withheld)
    yield server
    await server.close()
    watched.log.disk.unlock()


async def test_receipts_come_once_it_was_there_and_no_earlier(
    watched, courier, notary, aiohttp_server, tmp_path
):
    from ledger.client import NotaryClient

    client = await NotaryClient.connect(tmp_path / "s")
    receipt = client.submit([decision()])
    done, _ = await asyncio.wait((receipt,), timeout=2.0)
    assert not done
    # The interval is longer than anybody waits: it goes because it is told.
    await courier(
        await aiohttp_server(watched.app), "--notary", str(tmp_path / "s"),
        "--interval-ms", "3600000",
    )  # fmt: skip
    for _ in range(5):
        async with asyncio.timeout(WITHIN_MAX_S):
            covered = (await receipt).first_index + 1
        assert watched.opened(watched.witness.state.note_of(_digest(watched))) >= covered
        receipt = client.submit([decision()])
    await receipt
    await client.close()


def _digest(watched) -> str:
    from ledger.witness.state import origin_digest

    return origin_digest(watched.log_key.name)


async def test_what_a_dead_one_kept_and_did_not_hand_on_is_handed_on(
    watched, courier, notary, aiohttp_server, tmp_path
):
    from ledger.client import NotaryClient

    client = await NotaryClient.connect(tmp_path / "s")
    receipt = client.submit([decision()])
    while b"decision" not in b"".join(
        path.read_bytes() for path in (watched.log.root / "tile/entries").rglob("*")
        if path.is_file()
    ):  # fmt: skip
        await asyncio.sleep(0.02)
    while watched.reader_size() < notary.sequencer.size:
        await asyncio.sleep(0.02)
    keep(watched.log.root, watched.key, watched.cosign())
    watched.witness.state.note_of = lambda _: None
    await courier(None, "--notary", str(tmp_path / "s"), url="http://127.0.0.1:1")
    async with asyncio.timeout(WITHIN_MAX_S):
        await receipt
    await client.close()


async def test_with_the_notary_it_ends(watched, courier, notary, aiohttp_server, tmp_path):
    server = await aiohttp_server(watched.app)
    running = await courier(server, "--notary", str(tmp_path / "s"))
    await running.says("cosigned")
    await notary.close()
    assert (await running.end())[0] == EXIT_FAILED
    assert kept_size(watched) == watched.reader_size()


async def test_without_a_notary_it_ends(watched, courier, aiohttp_server, tmp_path):
    server = await aiohttp_server(watched.app)
    running = await courier(server, "--notary", str(tmp_path / "nobody"))
    assert (await running.end())[0] == EXIT_FAILED
