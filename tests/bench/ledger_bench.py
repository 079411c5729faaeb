"""What the ledger alone can do: durable, signed, sealed decision entries a second.

    python -m tests.bench.ledger_bench [--seconds 5] [--witness] [--json]

One notary process, one client process, entries of the size a proxy writes (about 500 bytes of
header, 250 bytes of payload, which is sealed). Beside them what the disk does of itself: a write of
1 KiB and fdatasync, one after the other. The run ends with a verification of the whole log, at both
depths; the fuller its log is, the less the start of the workers counts.
With `--witness`, a receipt waits for one on this machine.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import socket as socket_module
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles

from ledger.client import Draft, EntryKind, HeaderValue, NotaryClient
from ledger.disk import LocalDisk, filesystem_kind
from ledger.envelope import Identity
from ledger.fetch import DirectoryLog
from ledger.keys import init_keys, load_verifier_keys
from ledger.log import create_log
from ledger.verify import verify_log
from ledger.witness.state import init_witness, watch_log

PROXY_ID = "bench"
PAYLOAD = (
    b'{"sql":"SELECT name, id_no FROM base.case_person WHERE id_no = $1",'
    b'"parameters":["000000000000000000"],"note":"synthetic"}' * 2
)


@dataclass(frozen=True, slots=True)
class Result:
    outstanding_count: int
    batch_count: int
    acknowledged_per_second: int
    p50_ms: float
    p99_ms: float


def decision(number: int) -> Draft:
    header: dict[str, HeaderValue] = {
        "verdict": "rewrite",
        "rule": "sealed-rows",
        "article": "刑事诉讼法 286",
        "statement_class": "select",
        "principal": "background-check-platform",
        "session": f"s{number % 32}",
        "policy": "0" * 64,
        "catalogue": "17",
        "timing": "held",
        "relations": ["base.case_person"],
        "statement_hmac": "00112233445566778899aabbccddeeff",
        "sent_hmac": "ffeeddccbbaa99887766554433221100",
    }
    return Draft(EntryKind.DECISION, header, PAYLOAD)


async def measure(socket: Path, outstanding: int, batch: int, seconds: float) -> Result:
    """`outstanding` entries in flight at any time, submitted `batch` at a time."""
    client = await NotaryClient.connect(socket)
    latencies_s: list[float] = []
    deadline = time.perf_counter() + seconds

    async def lane() -> None:
        while (start := time.perf_counter()) < deadline:
            await client.submit([decision(number) for number in range(batch)])
            latencies_s.append(time.perf_counter() - start)

    start = time.perf_counter()
    await asyncio.gather(*(lane() for _ in range(outstanding // batch)))
    elapsed_s = time.perf_counter() - start
    await client.close()
    cuts = quantiles(latencies_s, n=100)
    return Result(
        outstanding,
        batch,
        round(len(latencies_s) * batch / elapsed_s),
        round(cuts[49] * 1000, 2),
        round(cuts[98] * 1000, 2),
    )


@dataclass(frozen=True, slots=True)
class Verified:
    signatures: bool  # whether the entries' own were checked
    entries_count: int
    entries_per_second: int


def syncs_per_second(directory: Path, seconds: float) -> int:
    """Of this disk, with nothing else to do: into a file that has its full size already."""
    block, size_bytes = os.urandom(1024), 64 << 20
    with (directory / "syncs").open("wb+") as file:
        handle = file.fileno()
        os.posix_fallocate(handle, 0, size_bytes)
        os.fsync(handle)
        count, start = 0, time.perf_counter()
        while (elapsed_s := time.perf_counter() - start) < seconds:
            os.pwrite(handle, block, count * len(block) % size_bytes)
            os.fdatasync(handle)
            count += 1
    (directory / "syncs").unlink()
    return round(count / elapsed_s)


def verify(log: Path, key: Path) -> list[Verified]:
    """Without and with the entries' own signatures."""
    results = []
    for signatures in (False, True):
        start = time.perf_counter()
        report = verify_log(DirectoryLog(log), load_verifier_keys([key]), signatures=signatures)
        elapsed_s = time.perf_counter() - start
        results.append(Verified(signatures, report.size, round(report.size / elapsed_s)))
    return results


@contextmanager
def witness_of(log: Path, keys: Path, socket: Path) -> Iterator[list[list[str]]]:
    """A witness that serves: what a notary is started with, and a courier as a whole."""
    home = log.parent / "witness"
    init_witness(home, "bench.example/w1")
    (key,) = load_verifier_keys([keys / "log.vkey"])
    watch_log(home, key)
    with socket_of_its_own() as free:
        port = str(free.getsockname()[1])
    serve = "from ledger.witness.cli import witness_app as app; app()"
    known = ["--witness-key", str(home / "witness.vkey")]
    courier = [sys.executable, "-m", "ledger.courier", "--log", str(log), "--notary", str(socket)]
    courier += ["--log-key", str(keys / "log.vkey"), *known, "--url", f"http://127.0.0.1:{port}"]
    command = [sys.executable, "-c", serve, "serve", "--directory", str(home), "--port", port]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as witness:
        yield [[*known, "--withhold"], courier]
        witness.terminate()


def socket_of_its_own() -> socket_module.socket:
    made = socket_module.socket()
    made.bind(("127.0.0.1", 0))
    return made


def run(directory: Path, seconds: float, *, with_witness: bool = False) -> list[Result]:
    log, keys, socket = directory / "log", directory / "keys", directory / "notary.sock"
    recipients = [Identity.generate(name).recipient for name in ("procuratorate", "escrow")]
    log.mkdir()
    made = init_keys(keys, origin="bench.example/log", proxy_id=PROXY_ID, recipients=recipients)
    create_log(LocalDisk(log), made, PROXY_ID, now_ms=time.time_ns() // 1_000_000)
    command = [sys.executable, "-m", "ledger.notary", "--log", str(log), "--keys", str(keys)]
    command += ["--socket", str(socket), "--proxy-id", PROXY_ID, "--force-filesystem"]
    with ExitStack() as stack:
        courier: list[str] = []
        if with_witness:
            more, courier = stack.enter_context(witness_of(log, keys, socket))
            command += more
        notary = stack.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert notary.stdout is not None
        assert notary.stdout.readline() == "ready\n"
        if with_witness:
            stack.enter_context(subprocess.Popen(courier, stdout=subprocess.DEVNULL))
        results = [
            asyncio.run(measure(socket, outstanding, batch, seconds))
            for outstanding, batch in ((1, 1), (32, 1), (64, 1), (128, 1), (512, 1), (512, 8))
        ]
        notary.terminate()
        assert notary.wait() == 0
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--directory", type=Path, help="where to put the log (default: a new one)")
    parser.add_argument("--witness", action="store_true", help="a receipt waits for a witness")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.directory) as name:
        directory = Path(name)
        syncs = syncs_per_second(directory, arguments.seconds)
        results = run(directory, arguments.seconds, with_witness=arguments.witness)
        verified = verify(directory / "log", directory / "keys/log.vkey")
        filesystem = filesystem_kind(directory)
    if arguments.json:
        machine = {"cores": os.cpu_count(), "python": platform.python_version()}
        figures = {
            "filesystem": filesystem,
            "machine": machine,
            "syncs_per_second": syncs,
            "results": [asdict(result) for result in results],
            "verified": [asdict(each) for each in verified],
        }
        print(json.dumps(figures))
        return
    print(f"{os.cpu_count()} cores, Python {platform.python_version()}, {filesystem}")
    print(f"{syncs:,} syncs/s of the disk alone")
    print("outstanding  batch  acknowledged/s   p50 ms   p99 ms")
    for result in results:
        print(
            f"{result.outstanding_count:11d}  {result.batch_count:5d}"
            f"  {result.acknowledged_per_second:14,d}  {result.p50_ms:7.2f}  {result.p99_ms:7.2f}"
        )
    for each in verified:
        depth = "all" if each.signatures else "all but the entries' own signatures"
        print(f"verified {each.entries_count:,} entries, {each.entries_per_second:,}/s: {depth}")


if __name__ == "__main__":
    main()
