"""A log, a real witness that watches it, and those who answer in the witness's place."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from aiohttp import web

from ledger.cosignature import CosigningKey
from ledger.fetch import DirectoryLog
from ledger.note import VerifierKey, parse_note
from ledger.submission import parse_submission, submission_from, with_cosignatures
from ledger.witness.service import application
from ledger.witness.state import init_witness, watch_log
from ledger.witness.witness import Witness
from ledger.witnessed import open_cosigned, published_size
from tests.unit.ledger.small_log import SmallLog, log_of

NAME = "procuratorate.example/w1"
OTHER = CosigningKey(NAME, b"o" * 32)

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Watched:
    """A closed log and its witness."""

    log: SmallLog
    witness: Witness

    @property
    def key(self) -> VerifierKey:
        return self.witness.state.key.verifier

    @property
    def log_key(self) -> VerifierKey:
        return self.log.keys.log.verifier

    @property
    def reader(self) -> DirectoryLog:
        return DirectoryLog(self.log.root)

    def reader_size(self) -> int:
        """Entries that are published."""
        return published_size(self.reader)

    def grow(self, count: int = 1) -> None:
        """More entries, published."""
        self.log.open().append(count)
        self.log.close()

    def cosign(self, known_size: int = 0, *, age_seconds: int = 0) -> bytes:
        """What the witness remembers now, having cosigned what is published."""
        data = submission_from(self.reader, known_size).to_bytes()
        self.witness._clock = lambda: time.time() - age_seconds
        signature = self.witness.cosign(data)
        self.witness._clock = time.time
        return with_cosignatures(parse_note(parse_submission(data).checkpoint_note), (signature,))

    def opened(self, note: bytes) -> int:
        """The size under both signatures."""
        return open_cosigned(note, [self.log_key], self.key).checkpoint.size

    def files(self) -> tuple[Path, Path]:
        """The public keys of log and witness, beside the log."""
        log, witness = (
            self.log.root.parent / "log.vkey",
            self.log.root.parent / "w" / "witness.vkey",
        )
        log.write_text(f"{self.log_key}\n")
        return log, witness

    @property
    def app(self) -> web.Application:
        """The real service."""
        return application(self.witness)


def watched_log(root: Path, count: int = 5) -> Watched:
    """The caller closes the witness."""
    log = log_of(root / "log", count)
    init_witness(root / "w", NAME)
    watch_log(root / "w", log.keys.log.verifier)
    return Watched(log, Witness(root / "w", time.time))


def answering(get: Answer, post: Answer | None = None) -> web.Application:
    """Somebody else at the witness's address."""
    app = web.Application()
    app.router.add_get("/{digest}/checkpoint", get)
    app.router.add_post("/add-checkpoint", post or get)
    return app


def saying(status: int, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Answer:
    async def answer(request: web.Request) -> web.StreamResponse:
        await request.read()
        return web.Response(status=status, body=body, headers=headers)

    return answer


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65_536)


async def hanging(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(3600)
    raise AssertionError


async def elsewhere(request: web.Request) -> web.StreamResponse:
    """Where somebody answers who would be believed, if he were asked."""
    raise web.HTTPFound(f"/elsewhere{request.path}")
