"""The look-up: one statement, asked of the proxy's own listener as a principal of the policy.

There is no way past the gate: what is sealed is not in the answer, for the reason that it is in no
other answer either, and the look-up is a decision in the ledger like all others.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from datetime import date
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Protocol, TypeVar

import asyncpg

from proxy.desk.certificate.form import CertificateRequest
from proxy.desk.certificate.spelling import name_spellings, number_spellings
from proxy.errors import ConfigurationError, UpstreamUnavailable
from proxy.names import OPERATOR_SETTING

TIMEOUT_SECONDS: Final = 30.0
_EARLIEST: Final = date(1, 1, 1)
_T = TypeVar("_T")


class ListGate(Protocol):
    """The same of people by their numbers alone."""

    async def have_convictions(
        self, numbers: Sequence[str], *, officer: str, today: date
    ) -> tuple[bool, ...]:
        """One answer for each, in their order. Raises `UpstreamUnavailable`, alike for
        everybody."""


class Gate(Protocol):
    """Whether there is a conviction of this person that is not sealed."""

    async def has_conviction(
        self, request: CertificateRequest, *, officer: str, today: date
    ) -> bool:
        """Raises `UpstreamUnavailable`, alike for everybody."""


@dataclass(frozen=True, slots=True)
class ProxyGate:
    """The listener, as the login of a principal. Each look-up is a session of its own: nothing of
    one is left for the next. ``query`` has four parameters: the spellings of number and name,
    from and until; of a list there are no names, and three."""

    host: str
    port: int
    database: str
    user: str
    password: str | None
    query: str
    tls: ssl.SSLContext | None = None

    async def has_conviction(
        self, request: CertificateRequest, *, officer: str, today: date
    ) -> bool:
        """Raises `UpstreamUnavailable`."""
        asked = (
            list(number_spellings(request.person.number)),
            list(name_spellings(request.person.name)),
            request.period_from or _EARLIEST,
            min(request.period_until or today, today),
        )
        (convicted,) = await self._answers([asked], officer)
        return convicted

    async def have_convictions(
        self, numbers: Sequence[str], *, officer: str, today: date
    ) -> tuple[bool, ...]:
        """A statement for each of them, in one session. Raises `UpstreamUnavailable`."""
        asked = [(list(number_spellings(each)), _EARLIEST, today) for each in numbers]
        return await self._answers(asked, officer)

    async def _answers(self, asked: Sequence[tuple[object, ...]], officer: str) -> tuple[bool, ...]:
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                return await self._ask(asked, officer)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            code = getattr(error, "sqlstate", None) or type(error).__name__
            raise UpstreamUnavailable(
                f"the look-up failed ({code}): is the service up, may certificate.user log in, does"
                " it match a principal of the policy by its user and this machine's address, and"
                " does `fengcun explain` pass its query?"
            ) from None

    async def _ask(self, asked: Sequence[tuple[object, ...]], officer: str) -> tuple[bool, ...]:
        connection = await asyncpg.connect(
            host=self.host,
            port=self.port,
            database=self.database,
            user=self.user,
            password=self.password,
            ssl=self.tls if self.tls is not None else False,
            server_settings={OPERATOR_SETTING: officer, "application_name": "certificate"},
        )
        try:
            return tuple(
                [_boolean(await connection.fetch(self.query, *values)) for values in asked]
            )
        finally:
            await connection.close()


def _boolean(rows: Sequence[Sequence[object]]) -> bool:
    """Raises `UpstreamUnavailable` for any other answer."""
    if len(rows) != 1 or len(rows[0]) != 1 or not isinstance(rows[0][0], bool):
        raise UpstreamUnavailable("the statement of the look-up: its answer is not one boolean")
    return rows[0][0]


def own_address(listening_on: str) -> str:
    """Where this machine reaches what listens there: a wildcard is reached by loopback."""
    try:
        address = ip_address(listening_on)
    except ValueError:
        return listening_on
    if not address.is_unspecified:
        return listening_on
    return "127.0.0.1" if address.version == 4 else "::1"


def gate_context(ca_file: Path | None, *, required: bool) -> ssl.SSLContext | None:
    """For a listener that refuses to speak in clear. Raises `ConfigurationError`."""
    if ca_file is None:
        if required:
            raise ConfigurationError(
                "certificate.ca_file is missing: [tls] has required = true, and the desk asks the"
                " proxy like everybody else"
            )
        return None
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError):
        raise ConfigurationError("certificate.ca_file cannot be read") from None


async def at_a_fixed_time(every_seconds: float, answer: Awaitable[_T]) -> _T:
    """What is answered, or its exception, at a whole multiple of `every_seconds` after now."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    try:
        return await answer
    finally:
        late = (loop.time() - start) % every_seconds
        await asyncio.sleep(every_seconds - late)
