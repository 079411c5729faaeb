"""`fengcun demo` as a newcomer runs it: a process of its own, from nothing to nothing."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
from rich.cells import cell_len

from proxy.demo.agency import Agency, command, environment, fengcun
from proxy.demo.month.history import ORIGIN as MONTH_ORIGIN
from proxy.demo.processes import HOST
from proxy.demo.register import COLUMNS
from proxy.demo.tour import EXIT_INTERRUPTED, STEPS, build_register
from proxy.settings.shipped import shipped_file
from tests.world import SQL, PostgresWorld

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
# On two idle cores it takes half a minute; others may be at work on them.
TOUR_SECONDS_MAX = 400


PROOFS = (
    "ERROR 42501", "UPDATE 0", "含犯罪记录封存信息", "在册，内容一致", "决定不予许可查询",
    "rule subject-budget", "permitted-rows", "notice-not-executed", "record intact", "was altered",
    "受理 2 · 不予 1 · 许可 1 · 撤销 1",
)  # fmt: skip


@pytest.fixture
def temporary() -> Iterator[Path]:
    """A short path that everybody may pass: sockets lie below, and root's server is not root."""
    directory = Path(tempfile.mkdtemp(prefix="fd-", dir="/tmp"))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory)


def start(temporary: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        command("demo", *options), text=True, encoding="utf-8", stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env={**environment(), "TMPDIR": str(temporary)},
    )  # fmt: skip


@pytest.mark.slow
def test_the_tour_holds_every_claim_in_a_pipe_and_leaves_nothing(temporary):
    with start(temporary, "--once") as running:
        shown, complaints = running.communicate(timeout=TOUR_SECONDS_MAX)
    assert (running.returncode, complaints) == (0, "")
    assert [int(n) for n in re.findall(rf"^(\d+)/{len(STEPS)}  ", shown, re.MULTILINE)] == list(
        range(1, len(STEPS) + 1)
    )
    for proof in PROOFS:
        assert proof in shown
    assert "\x1b" not in shown
    assert max(map(cell_len, shown.splitlines())) <= 100
    [refusal] = re.findall(r"^ERROR:  (.+)\nDETAIL:  (.+)\nHINT:  (.+)$", README, re.MULTILINE)
    assert all(unbroken(line) in unbroken(shown) for line in refusal)
    assert list(temporary.iterdir()) == []


def unbroken(text: str) -> str:
    """Without white space: a long line is broken where it need not have any."""
    return "".join(text.split())


@pytest.mark.slow
def test_everything_stays_up_until_ctrl_c_and_a_busy_port_is_avoided(temporary):
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        busy = taken.getsockname()[1]
        with start(temporary, "--port", str(busy), "--keep", str(temporary / "kept")) as running:
            try:
                assert running.stdout is not None
                lines: list[str] = []
                for line in running.stdout:
                    lines.append(line)
                    if "Ctrl-C" in line:
                        break
                shown = "".join(lines)
                through, direct, _ = re.findall(r"postgresql://\S+", shown)
                assert f":{busy}/" not in through
                with psycopg.connect(through) as hidden, psycopg.connect(direct) as plain:
                    assert names(hidden) < names(plain)
                [certificate] = re.findall(r"/\S+\.pdf$", shown, re.MULTILINE)
                [_, page, portal, metrics] = re.findall(r"http://\S+", shown)
                with urllib.request.urlopen(portal) as answer:
                    assert 'name="code"' in answer.read().decode()
                with urllib.request.urlopen(page) as answer:
                    assert 'id="officer"' in answer.read().decode()
                with urllib.request.urlopen(metrics) as answer:
                    assert b"fengcun_decisions_total{" in answer.read()
                running.send_signal(signal.SIGINT)
                _, complaints = running.communicate(timeout=TOUR_SECONDS_MAX)
            finally:
                running.terminate()
    assert (running.returncode, complaints) == (0, "")
    for place in (through, direct):
        with pytest.raises(psycopg.OperationalError, match="refused"):
            psycopg.connect(place)
    agency = Agency(temporary / "kept")
    assert "record intact" in agency.verify()
    month = agency.home / "month"
    verified = fengcun(
        *("ledger", "verify", "--log", month / "ledger", "--key", month / "keys" / "log.vkey")
    )
    [count] = re.findall(r"([\d,]+) 条 entries", shown)
    assert f"record intact: {count} entries" in verified
    assert MONTH_ORIGIN in verified
    assert "后者全属虚构" in shown
    assert certificate in [str(file) for file in agency.certificates.glob("*.pdf")]
    assert "在册" in agency.check_certificate(Path(certificate))


@pytest.mark.slow
@pytest.mark.parametrize("until", ["embedded database", "11  派出所"])
def test_ctrl_c_in_the_middle_leaves_neither_files_nor_processes(temporary, until):
    with start(temporary) as running:
        assert running.stdout is not None
        for line in running.stdout:
            if until in line:
                break
        family = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGINT)
        _, complaints = running.communicate(timeout=TOUR_SECONDS_MAX)
    assert (running.returncode, complaints) == (EXIT_INTERRUPTED, "")
    assert family
    assert [each for each in family if each.is_running()] == []
    assert list(temporary.iterdir()) == []


def names(connection: psycopg.Connection) -> set[object]:
    return {row[0] for row in connection.execute("SELECT name FROM person")}


def test_the_law_seals_exactly_whom_the_generator_says(postgres: PostgresWorld):
    register, _ = build_register()
    database = postgres.create_database()
    database.run(shipped_file("demo/schema.sql").read_text(encoding="utf-8"))
    with database.connect() as connection:
        for table, columns in COLUMNS.items():
            statement = f"COPY base.{table} ({', '.join(columns)}) FROM STDIN"
            with connection.cursor().copy(statement.encode()) as copy:
                for row in register.rows[table]:
                    copy.write_row(row)
    database.run((SQL / "oracle.sql").read_text(encoding="utf-8"))
    sealed = {row[0] for row in database.run("SELECT cp_id FROM sealed.cp_verdict WHERE sealed")}
    postgres.drop_database(database)
    wrong = {register.profiles[cp_id] for cp_id in sealed ^ register.sealed}
    assert not wrong, wrong


def test_a_directory_in_use_is_refused_before_anything_is_made(temporary):
    (temporary / "precious").touch()
    with start(temporary, "--once", "--keep", str(temporary)) as running:
        shown, complaints = running.communicate(timeout=TOUR_SECONDS_MAX)
    assert (running.returncode, shown) == (2, "")
    assert complaints == f"fengcun: --keep: {temporary} is not empty: choose a new directory\n"
    assert os.listdir(temporary) == ["precious"]
