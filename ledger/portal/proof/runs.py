"""Verifications under way and done: one at a time for each log, the last result kept on disk.

    <folder>/<SHA-256 of the log's name>.json     what came of the last run, when, and the copy held

The copy moves on only when all of the log was found intact against the copy before it. A file that
cannot be read is no memory of "nothing held": until it is put right, nothing is confirmed.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from ledger.portal.proof.verdict import Verdict, from_json, to_json, unsure
from ledger.portal.proof.verification import Job

_LINE_BYTES_MAX: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one log. Unix seconds; `held` is the signed checkpoint."""

    verdict: Verdict
    began_seconds: float
    ended_seconds: float
    held: str | None


@dataclass(frozen=True, slots=True)
class State:
    """`done` of `total` entries, where a run is under way; `kept` is of the last that ended."""

    running: bool
    done: int
    total: int
    kept: Kept | None


@dataclass(slots=True)
class _Run:
    task: asyncio.Task[None]
    done: int = 0
    total: int = 0


class Runs:
    """Belongs to one event loop. `clock` gives Unix seconds."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.time) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._clock = clock
        self._running: dict[str, _Run] = {}

    def start(self, name: str, job: Job) -> bool:
        """False where a run of this log is under way already. `held` of the job is filled in."""
        if name in self._running:
            return False
        task = asyncio.get_running_loop().create_task(self._run(name, job))
        self._running[name] = _Run(task)
        return True

    async def state(self, name: str) -> State:
        run = self._running.get(name)
        kept = await asyncio.to_thread(self._read, name)
        if run is None:
            return State(False, 0, 0, kept)
        return State(True, run.done, run.total, kept)

    async def finished(self, name: str) -> State:
        """When no run of this log is under way."""
        if (run := self._running.get(name)) is not None:
            await asyncio.wait([run.task])
        return await self.state(name)

    async def close(self) -> None:
        """End what is under way; its log keeps the result it had."""
        tasks = [run.task for run in self._running.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _run(self, name: str, job: Job) -> None:
        began = self._clock()
        try:
            before = await asyncio.to_thread(self._read, name)
            held = None if before is None else before.held
            if before is not None and before.verdict.code == "copy-unreadable" and held is None:
                verdict, note = replace(before.verdict), None
            else:
                verdict, note = await self._ask(name, replace(job, held=held))
            kept = Kept(verdict, began, self._clock(), held if note is None else note)
            await asyncio.to_thread(self._write, name, kept)
        finally:
            del self._running[name]

    async def _ask(self, name: str, job: Job) -> tuple[Verdict, str | None]:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", "ledger.portal.proof.worker",
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL, limit=_LINE_BYTES_MAX,
        )  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            with suppress(ConnectionError):
                process.stdin.write(job.to_bytes())
                await process.stdin.drain()
                process.stdin.close()
            result: tuple[Verdict, str | None] | None = None
            async for line in process.stdout:
                result = self._told(name, json.loads(line)) or result
            if await process.wait() != 0 or result is None:
                return unsure("interrupted"), None
        except (ValueError, TypeError, KeyError):
            return unsure("unsure", "the process of the verification said what it never says"), None
        else:
            return result
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()

    def _told(self, name: str, row: dict[str, object]) -> tuple[Verdict, str | None] | None:
        if "verdict" not in row:
            run = self._running[name]
            run.done, run.total = int(str(row["done"])), int(str(row["total"]))
            return None
        note = row["note"]
        return from_json(row["verdict"]), None if note is None else str(note)

    def _path(self, name: str) -> Path:
        return self._folder / f"{hashlib.sha256(name.encode()).hexdigest()}.json"

    def _read(self, name: str) -> Kept | None:
        """Nothing where there was no run; what cannot be read confirms nothing."""
        try:
            row = json.loads(self._path(name).read_bytes())
            verdict, held = from_json(row["verdict"]), row["held"]
            began, ended = float(row["began_seconds"]), float(row["ended_seconds"])
            if row["log"] != name or not (held is None or isinstance(held, str)):
                raise ValueError("of another log")
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return Kept(unsure("copy-unreadable"), 0.0, 0.0, None)
        return Kept(verdict, began, ended, held)

    def _write(self, name: str, kept: Kept) -> None:
        path = self._path(name)
        if kept.verdict.code == "copy-unreadable" and kept.held is None:
            return  # what is there may still be mended
        row = {
            "log": name,
            "verdict": to_json(kept.verdict),
            "began_seconds": kept.began_seconds,
            "ended_seconds": kept.ended_seconds,
            "held": kept.held,
        }
        new = path.with_suffix(".new")
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(json.dumps(row, ensure_ascii=False).encode())
            file.flush()
            os.fsync(file.fileno())
        new.rename(path)
        folder = os.open(self._folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
