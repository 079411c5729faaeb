import asyncio
import contextlib
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint
from ledger.client import NotaryClient
from ledger.cosignature import CosigningKey
from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog
from ledger.log import create_log
from ledger.notary import EXIT_CONFIGURATION, EXIT_LEDGER, NotaryServer, main, serve_notary
from ledger.note import parse_note
from ledger.submission import with_cosignatures
from ledger.wire import HELLO, encode_cosigned
from ledger.withheld import Withheld
from ledger.witnessed import keep
from tests.unit.ledger.small_log import PROXY_ID, SmallLog, decision, key_directory

ROOT = Path(__file__).parents[3]
WITNESS = CosigningKey("procuratorate.example/w1", b"w" * 32)


@pytest.fixture
async def served(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    server = await serve_notary(log.prepare(), tmp_path / "s")
    yield log, server, tmp_path / "s"
    await server.close()
    log.disk.unlock()


@pytest.fixture
def arguments(tmp_path: Path) -> list[str]:
    directory, keys = key_directory(tmp_path)
    log = SmallLog(tmp_path / "log", keys)
    create_log(log.disk, keys, PROXY_ID, now_ms=log.clock(), reserve_bytes=0)
    return [
        *("--log", str(log.root), "--keys", str(directory), "--socket", str(tmp_path / "s")),
        *("--proxy-id", PROXY_ID, "--force-filesystem", "--reserve-bytes", "0"),
    ]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "ledger.notary", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


async def submit_one(path: Path) -> int:
    client = await NotaryClient.connect(path)
    receipt = await client.submit([decision()])
    await client.close()
    return receipt.count


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly_and_the_stop_is_recorded(tmp_path, arguments, number):
    process = start(arguments)
    assert asyncio.run(submit_one(tmp_path / "s")) == 1
    process.send_signal(number)
    assert process.wait(timeout=10) == 0
    assert not (tmp_path / "s").exists()
    bundle = max((tmp_path / "log/tile/entries/000.p").iterdir(), key=lambda p: int(p.name))
    assert b'"state":"stop","reason":"signal"' in bundle.read_bytes()


def test_the_socket_is_for_its_owner_alone(tmp_path: Path, arguments):
    process = start(arguments)
    assert stat.S_IMODE((tmp_path / "s").stat().st_mode) == 0o600
    process.terminate()
    process.wait(timeout=10)


def test_a_second_notary_is_refused_and_the_first_goes_on(tmp_path: Path, arguments, capsys):
    process = start(arguments)
    assert main(arguments) == EXIT_CONFIGURATION
    assert "another notary" in capsys.readouterr().err
    assert asyncio.run(submit_one(tmp_path / "s")) == 1
    process.terminate()
    assert process.wait(timeout=10) == 0


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (["--log", "/nonexistent"], EXIT_CONFIGURATION),
        (["--keys", "/nonexistent"], EXIT_CONFIGURATION),
        (["--proxy-id", "p2"], EXIT_CONFIGURATION),
        (["--seen", "/nonexistent"], EXIT_CONFIGURATION),
    ],
)
def test_wrong_configuration_is_one_line_and_2(arguments, change, expected, capsys):
    assert main([*arguments, *change]) == expected
    assert capsys.readouterr().err.count("\n") == 1


def test_to_withhold_for_nobody_is_wrong_usage(arguments):
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--withhold"])
    assert ended.value.code == EXIT_CONFIGURATION


def test_the_log_is_held_against_what_the_witness_cosigned(tmp_path: Path, arguments, capsys):
    (tmp_path / "w.vkey").write_text(f"{WITNESS.verifier}\n")
    more = ["--witness-key", str(tmp_path / "w.vkey"), "--witness-answer", "kept"]
    for copy in ("older", "elder"):
        shutil.copytree(tmp_path / "log", tmp_path / copy)
    process = start([*arguments, *more])
    process.terminate()
    assert process.wait(timeout=10) == 0
    entries = b"".join(p.read_bytes() for p in (tmp_path / "log/tile/entries/000.p").iterdir())
    assert b'"witness":"kept"' in entries
    note = parse_note((tmp_path / "log/checkpoint").read_bytes())
    seen = with_cosignatures(note, (WITNESS.cosign(note.text, 1_700_000_000),))
    keep(tmp_path / "older", WITNESS.verifier, seen)
    assert main([*arguments, *more, "--log", str(tmp_path / "older")]) == EXIT_LEDGER
    said = capsys.readouterr().err
    assert (said.count("\n"), "rollback or fork suspected" in said) == (1, True)
    assert main([*arguments, "--seen", str(tmp_path / "log/checkpoint"),
                 "--log", str(tmp_path / "elder")]) == EXIT_LEDGER  # fmt: skip


@pytest.fixture
async def withholding(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    sequencer = log.prepare()
    server = await serve_notary(
        sequencer,
        tmp_path / "s",
        Withheld([log.keys.log.verifier], WITNESS.verifier, sequencer.size),
    )
    yield log, server, tmp_path / "s"
    await server.close()
    log.disk.unlock()


class Bringing:
    """A courier's end of the socket."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, path: Path) -> "Bringing":
        made = cls(*await asyncio.open_unix_connection(path))
        assert await made.reader.readexactly(len(HELLO)) == HELLO
        return made

    def bring(self, note: bytes) -> None:
        self.writer.write(encode_cosigned(note))

    async def until_told_of(self, size: int) -> None:
        told = 0
        while told < size:
            first, count, told = struct.unpack(">QIQ", await self.reader.readexactly(20))
            assert (first, count) == (0, 0)


async def test_a_receipt_waits_for_the_witness_and_boot_and_heartbeat_do_not(withholding):
    log, server, path = withholding
    client, courier = await NotaryClient.connect(path), await Bringing.connect(path)
    receipt = client.submit([decision()])
    server.heartbeat(123)
    courier.bring(b"")
    await courier.until_told_of(server.sequencer.size)
    assert not receipt.done()
    note = parse_note(DirectoryLog(log.root).read("checkpoint"))
    courier.bring(with_cosignatures(note, (WITNESS.cosign(note.text, 1_700_000_000),)))
    assert (await asyncio.wait_for(receipt, 60)).count == 1
    await client.close()
    courier.writer.close()


async def test_what_is_not_cosigned_ends_the_courier_and_not_the_notary(withholding):
    log, server, path = withholding
    client = await NotaryClient.connect(path)
    receipt = client.submit([decision()])
    uncosigned = DirectoryLog(log.root).read("checkpoint")
    for nonsense in (b"rubbish", uncosigned, b"x" * 100_000):
        courier = await Bringing.connect(path)
        courier.bring(nonsense)
        with contextlib.suppress(ConnectionResetError):
            await asyncio.wait_for(courier.reader.read(), 60)
        courier.writer.close()
    assert not receipt.done()
    assert not server.failed.done()
    await client.close()


async def test_two_histories_under_both_signatures_end_the_notary(withholding):
    log, server, path = withholding
    courier = await Bringing.connect(path)
    forked = Checkpoint(log.keys.origin, 99, bytes(32)).signed(log.keys.log.signer())
    note = parse_note(forked)
    courier.bring(with_cosignatures(note, (WITNESS.cosign(note.text, 1_700_000_000),)))
    assert "two histories" in str(await asyncio.wait_for(server.failed, 60))
    courier.writer.close()


async def test_where_nothing_waits_a_courier_is_a_stranger(served):
    _, _, path = served
    courier = await Bringing.connect(path)
    courier.bring(b"")
    with contextlib.suppress(ConnectionResetError):
        assert await asyncio.wait_for(courier.reader.read(), 60) == b""
    courier.writer.close()


def test_a_damaged_log_is_one_line_and_3(tmp_path: Path, arguments, capsys):
    (tmp_path / "log/tile/0/000.p/1").write_bytes(bytes(32))
    assert main(arguments) == EXIT_LEDGER
    assert capsys.readouterr().err.count("\n") == 1


def test_a_file_system_that_forgets_is_refused(tmp_path: Path, arguments, capsys, monkeypatch):
    monkeypatch.setattr("ledger.disk.DURABLE_FILESYSTEMS", frozenset())
    assert main([one for one in arguments if one != "--force-filesystem"]) == EXIT_CONFIGURATION
    assert "--force-filesystem" in capsys.readouterr().err


async def test_nonsense_ends_the_connection_and_not_the_notary(served):
    log, _, path = served
    for nonsense in (
        b"\xff" * 100,
        b"\0\0\0\x04\0\0\0\0",
        b"\0\0\0\x0e\0\0\0\x01\0\0\0\x02{}" + b"\xff" * 4,
    ):
        reader, writer = await asyncio.open_unix_connection(path)
        writer.write(nonsense)
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() in (b"", HELLO)
        writer.close()
    assert await submit_one(path) == 1
    assert log.verify().kinds["decision"] == 1


async def test_half_a_submission_is_no_entry(served):
    log, _, path = served
    reader, writer = await asyncio.open_unix_connection(path)
    assert await reader.readexactly(len(HELLO)) == HELLO
    from ledger.wire import encode_submission

    writer.write(encode_submission([decision()])[:-5])
    writer.close()
    await writer.wait_closed()
    assert await submit_one(path) == 1
    assert log.verify().kinds["decision"] == 1


async def test_heartbeats_are_entries(served):
    log, server, path = served
    server.heartbeat(123)
    assert await submit_one(path) == 1
    assert log.verify().kinds["heartbeat"] == 1


async def test_a_dead_notarys_socket_is_replaced_and_a_live_ones_is_not(served, tmp_path: Path):
    _, server, path = served
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(str(tmp_path / "dead"))
    dead.close()
    other = NotaryServer(server.sequencer)
    await other.listen(tmp_path / "dead")
    with pytest.raises(ConfigurationError, match="already listens"):
        await NotaryServer(server.sequencer).listen(path)


async def test_a_failed_sequencer_hangs_up_on_every_worker(served):
    _, server, path = served
    from ledger.errors import LedgerFailed, LedgerUnavailable

    client = await NotaryClient.connect(path)
    await client.submit([decision()])
    server.sequencer.fail(LedgerFailed("for the test"))
    assert str(await server.failed) == "for the test"
    with pytest.raises(LedgerUnavailable):
        await client.submit([decision()])
