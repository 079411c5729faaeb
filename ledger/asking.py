"""How a witness is asked over HTTP, by somebody who believes nothing that it says.

Whoever answers in the witness's place can keep it from being heard and no more: an answer is short
or it is none, it comes in time, nothing is followed elsewhere, nothing is unpacked. What is in it
proves itself by signatures, which `witnessed` checks.
"""

from __future__ import annotations

import resource
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import aiohttp

from ledger.errors import ConfigurationError
from ledger.witness.state import origin_digest
from ledger.witnessed import Failing, WitnessUnavailable

ANSWER_SECONDS_MAX: Final = 10.0
ANSWER_BYTES_MAX: Final = 65_536
_MEMORY_BYTES_MAX: Final = 1 << 30
_OK: Final = 200
_NOT_FOUND: Final = 404


class HttpWitness:
    """A witness at a submission prefix; its monitoring prefix is the same."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._prefix = url.rstrip("/")

    async def ask(self, submission: bytes) -> tuple[int, bytes]:
        """Status and body of the answer to a submission. Raises `WitnessUnavailable`."""
        return await self._request("POST", "add-checkpoint", submission)

    async def latest(self, origin: str) -> bytes | None:
        """What it says it cosigned last of that log; None for nothing. Nothing in it is checked.

        Raises `WitnessUnavailable`.
        """
        status, body = await self._request("GET", f"{origin_digest(origin)}/checkpoint", None)
        if status == _NOT_FOUND:
            return None
        if status != _OK:
            message = f"the witness answered with HTTP status {status}"
            raise WitnessUnavailable(message, Failing.REFUSED)
        return body

    async def _request(self, method: str, path: str, data: bytes | None) -> tuple[int, bytes]:
        address = f"{self._prefix}/{path}"
        try:
            async with self._session.request(
                method, address, data=data, allow_redirects=False
            ) as response:
                return response.status, await _body(response)
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise WitnessUnavailable("the witness does not answer at that address") from error


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > ANSWER_BYTES_MAX:
            raise WitnessUnavailable("the witness's answer does not end", Failing.NONSENSE)
    return bytes(body)


@asynccontextmanager
async def witness_at(url: str, ca_file: Path | None = None) -> AsyncIterator[HttpWitness]:
    """`ca_file`: PEM certificates that may have signed its certificate, instead of the system's.

    Raises `ConfigurationError`.
    """
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ConfigurationError(f"cannot use {ca_file}: PEM certificates are wanted") from error
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=context, limit=1),
        timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS_MAX),
        auto_decompress=False,
        cookie_jar=aiohttp.DummyCookieJar(),
    ) as session:
        yield HttpWitness(session, url)


def confine() -> None:
    """Give this process, which is nothing but somebody who asks, a limit of memory."""
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES_MAX, _MEMORY_BYTES_MAX))
