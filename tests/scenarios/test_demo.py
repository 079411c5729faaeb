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

import psycopg
import pytest

from proxy.demo.agency import command, environment, fengcun
from proxy.demo.processes import HOST
from proxy.demo.register import COLUMNS
from proxy.demo.tour import STEPS, build_register
from proxy.settings.shipped import shipped_file
from tests.world import SQL, PostgresWorld

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
TOUR_SECONDS_MAX = 120


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
    assert [int(n) for n in re.findall(rf"^(\d)/{len(STEPS)}  ", shown, re.MULTILINE)] == list(
        range(1, len(STEPS) + 1)
    )
    for proof in ("ERROR 42501", "UPDATE 0", "record intact", "was altered", "含犯罪记录封存信息"):
        assert proof in shown
    assert "\x1b" not in shown
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
                [metrics] = re.findall(r"http://\S+/metrics", shown)
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
    kept = temporary / "kept"
    assert "record intact" in fengcun(
        "ledger", "verify", "--log", kept / "ledger", "--key", kept / "keys" / "log.vkey"
    )


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
