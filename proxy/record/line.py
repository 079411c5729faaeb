"""A process's line to the ledger: opened with the keys, and what fails on it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ledger.client import (
    Acknowledgement,
    Draft,
    EntryKind,
    HeaderValue,
    NotaryClient,
    RawDraft,
)
from ledger.errors import ConfigurationError as LedgerConfigurationError
from ledger.errors import LedgerUnavailable
from ledger.keys import load_pseudonyms, load_verifier_keys
from proxy.errors import ConfigurationError, RecordUnavailable
from proxy.record.recorder import Recorder
from proxy.telemetry.metrics import Metrics


class Client(Protocol):
    """What is needed of `ledger.client.NotaryClient`, which says what each is."""

    on_failure: Callable[[LedgerUnavailable], None] | None

    def submit(self, drafts: Sequence[Draft | RawDraft]) -> asyncio.Future[Acknowledgement]: ...

    def give_up_after(self, seconds_max: float) -> bool: ...

    async def close(self) -> None: ...


class Ledger:
    """A worker's line to the ledger. `on_failure` is called once, when it can record no more."""

    def __init__(self, client: Client, recorder: Recorder) -> None:
        self.recorder = recorder
        self.on_failure: Callable[[], None] | None = None
        self._client = client
        client.on_failure = self._failed
        self.give_up_after = client.give_up_after

    async def policy_in_force(
        self, digest: str, *, relations_count: int, principals_count: int
    ) -> None:
        """Record that this policy is what statements are judged by. Raises `RecordUnavailable`."""
        header: dict[str, HeaderValue] = {
            "policy": digest,
            "event": "in-force",
            "relations_count": relations_count,
            "principals_count": principals_count,
        }
        await self.entry(EntryKind.POLICY, header)

    async def entry(
        self, kind: EntryKind, header: Mapping[str, HeaderValue], payload: bytes | None = None
    ) -> int:
        """Record one thing, and return its index once it is durable. The payload is encrypted.

        Raises `RecordUnavailable`, and `ledger.errors.InvalidDraft` for what no entry can hold.
        """
        try:
            return (await self._client.submit([Draft(kind, header, payload)])).first_index
        except LedgerUnavailable as error:
            raise RecordUnavailable(str(error)) from error

    async def close(self) -> None:
        """Send what was submitted and hang up."""
        self.recorder.flush()
        await self._client.close()

    def _failed(self, _: LedgerUnavailable) -> None:
        if self.on_failure is not None:
            self.on_failure()


def require_origin(keys: Path, origin: str) -> None:
    """Raises `ConfigurationError` where the keys belong to a log of another name."""
    try:
        (key, *_) = load_verifier_keys([keys / "log.vkey"])
    except LedgerConfigurationError as error:
        raise ConfigurationError(str(error)) from error
    if key.name != origin:
        raise ConfigurationError(
            "ledger.origin is not the origin of the keys in ledger.keys: write the one that"
            " `fengcun keys show` prints"
        )


async def connect_ledger(socket: Path, keys: Path, metrics: Metrics | None = None) -> Ledger:
    """Raises `ConfigurationError` for unusable keys, `RecordUnavailable` without a notary."""
    try:
        pseudonyms = load_pseudonyms(keys)
        client = await NotaryClient.connect(socket)
    except LedgerConfigurationError as error:
        raise ConfigurationError(str(error)) from error
    except LedgerUnavailable as error:
        raise RecordUnavailable(str(error)) from error
    return Ledger(client, Recorder(client, pseudonyms, metrics))
