"""The process of one verification, by what goes in and comes out."""

import io
import json
import subprocess
import sys

from ledger.portal.proof.verdict import from_json
from ledger.portal.proof.verification import Job
from ledger.portal.proof.worker import run
from tests.unit.ledger.small_log import log_of


def lines_of(data: bytes) -> list[dict]:
    return [json.loads(line) for line in data.splitlines()]


def test_progress_comes_first_and_the_verdict_last(tmp_path):
    log = log_of(tmp_path / "log", 3)
    job, out = Job(str(log.root), (str(log.keys.log.verifier),)), io.BytesIO()
    run(io.BytesIO(job.to_bytes()), out)
    *progress, last = lines_of(out.getvalue())
    assert progress
    assert all(row.keys() == {"done", "total"} for row in progress)
    assert from_json(last["verdict"]).count == log.verify().size
    assert last["note"] == (log.root / "checkpoint").read_text()


def test_it_runs_as_a_process_of_its_own(tmp_path):
    log = log_of(tmp_path / "log", 3)
    job = Job(str(log.root), (str(log.keys.log.verifier),))
    command = [sys.executable, "-I", "-m", "ledger.portal.proof.worker"]
    done = subprocess.run(command, input=job.to_bytes(), capture_output=True, check=True)
    assert from_json(lines_of(done.stdout)[-1]["verdict"]).code == "intact"
    assert done.stderr == b""


def test_what_is_no_job_gives_no_verdict():
    command = [sys.executable, "-I", "-m", "ledger.portal.proof.worker"]
    done = subprocess.run(command, input=b"{}", capture_output=True, check=False)
    assert done.returncode != 0
    assert done.stdout == b""
