"""Verifications one after the other, by real processes, and what is kept of them."""

import asyncio
import json
import os
import shutil
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.portal.proof.runs import Runs
from ledger.portal.proof.verdict import Standing
from ledger.portal.proof.verification import Job
from tests.unit.ledger.small_log import SmallLog, log_of

NAME = "一号/../agency"


@pytest.fixture
def log(tmp_path: Path) -> SmallLog:
    return log_of(tmp_path / "log", 3)


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    return Runs(tmp_path / "state")


def job_of(log: SmallLog) -> Job:
    return Job(str(log.root), (str(log.keys.log.verifier),))


def file_of(runs: Runs) -> Path:
    (file,) = runs._folder.glob("*.json")
    return file


async def once(runs: Runs, job: Job):
    assert runs.start(NAME, job)
    state = await runs.finished(NAME)
    assert not state.running
    return state.kept


async def test_before_the_first_run_nothing_is_said(runs: Runs):
    state = await runs.state(NAME)
    assert (state.running, state.kept) == (False, None)


async def test_what_was_verified_is_what_the_next_run_is_held_against(runs: Runs, log: SmallLog):
    first = await once(runs, job_of(log))
    assert first.verdict.held_count is None
    second = await once(Runs(runs._folder), job_of(log))
    assert second.verdict.held_count == first.verdict.count
    assert second.held == (log.root / "checkpoint").read_text()
    assert second.ended_seconds >= second.began_seconds >= first.ended_seconds


async def test_one_run_at_a_time(runs: Runs, log: SmallLog):
    assert runs.start(NAME, job_of(log))
    assert not runs.start(NAME, job_of(log))
    assert (await runs.state(NAME)).running
    assert runs.start("another", job_of(log))
    assert (await runs.finished(NAME)).kept is not None
    assert (await runs.finished("another")).kept is not None


async def test_a_log_that_is_found_wrong_does_not_move_the_copy(
    runs: Runs, log: SmallLog, tmp_path: Path
):
    shutil.copytree(log.root, tmp_path / "older")
    log.open().append(3)
    log.close()
    good = await once(runs, job_of(log))
    bad = await once(runs, replace(job_of(log), log=str(tmp_path / "older")))
    assert bad.verdict.standing is Standing.BROKEN
    assert "末尾缺失" in bad.verdict.words.chinese
    assert bad.held == good.held
    assert (await once(runs, job_of(log))).verdict.held_count == good.verdict.count


@pytest.mark.parametrize("damage", [b"", b"{}", b"[" * 100_000, b"null"])
async def test_a_memory_that_cannot_be_read_confirms_nothing_and_stays(
    runs: Runs, log: SmallLog, damage: bytes
):
    await once(runs, job_of(log))
    file_of(runs).write_bytes(damage)
    kept = await once(runs, job_of(log))
    assert kept.verdict.code == "copy-unreadable"
    assert file_of(runs).read_bytes() == damage


async def test_the_memory_of_another_log_is_none(runs: Runs, log: SmallLog):
    await once(runs, job_of(log))
    row = json.loads(file_of(runs).read_bytes())
    file_of(runs).write_text(json.dumps(row | {"log": "other"}))
    kept = (await runs.state(NAME)).kept
    assert kept is not None
    assert kept.verdict.code == "copy-unreadable"


async def test_a_copy_that_is_lost_from_a_readable_memory_is_missed(runs: Runs, log: SmallLog):
    await once(runs, job_of(log))
    row = json.loads(file_of(runs).read_bytes())
    file_of(runs).write_text(json.dumps(row | {"held": "not a note"}))
    assert (await once(runs, job_of(log))).verdict.standing is Standing.UNSURE


async def test_a_process_that_ends_early_confirms_nothing(
    runs: Runs, log: SmallLog, monkeypatch, tmp_path: Path
):
    program = tmp_path / "python"
    for script, code in (("exit 0", "interrupted"), ("kill -9 $$", "interrupted"),
                         ("echo nonsense", "unsure"), ("echo '{\"verdict\":{}}'", "unsure"),
                         ("echo 1", "unsure")):  # fmt: skip
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        monkeypatch.setattr(sys, "executable", str(program))
        with suppress(FileNotFoundError):
            shutil.rmtree(runs._folder)
        runs._folder.mkdir()
        kept = await once(runs, job_of(log))
        assert kept.verdict.standing is Standing.UNSURE, script
        assert kept.verdict.code == code, script


async def test_closing_ends_the_process_and_keeps_the_result_of_before(
    runs: Runs, log: SmallLog, monkeypatch, tmp_path: Path
):
    before = await once(runs, job_of(log))
    program = tmp_path / "python"
    program.write_text(f"#!/bin/sh\necho $$ > {tmp_path}/pid.new\nmv {tmp_path}/pid.new"
                       f" {tmp_path}/pid\nexec sleep 600\n")  # fmt: skip
    program.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(program))
    runs.start(NAME, job_of(log))
    async with asyncio.timeout(60):
        while not (tmp_path / "pid").exists():
            await asyncio.sleep(0.02)
    await runs.close()
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    state = await runs.state(NAME)
    assert (state.running, state.kept) == (False, before)
