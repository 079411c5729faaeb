"""Judge, remember, and only then sign."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from ledger.note import Signature
from ledger.submission import with_cosignatures
from ledger.witness.rules import judge
from ledger.witness.state import WitnessState


class Witness:
    """One witness, for all the logs it watches. `clock` gives Unix seconds. Any thread."""

    def __init__(self, directory: Path, clock: Callable[[], float]) -> None:
        """Raises `ConfigurationError`."""
        self.state = WitnessState(directory)
        self._clock = clock
        # Two submissions judged side by side could each be right, and together roll back.
        self._one_at_a_time = threading.Lock()

    def cosign(self, data: bytes) -> Signature:
        """The cosignature for a submission. Blocks until it is durable that it was given.

        Raises `ledger.witness.rules.Refused`, and `LedgerDamaged` where nothing may be signed.
        """
        with self._one_at_a_time:
            accepted = judge(data, self.state.log_keys, self.state.latest)
            signature = self.state.key.cosign(accepted.note.text, int(self._clock()))
            note = with_cosignatures(accepted.note, (signature,))
            self.state.remember(accepted.checkpoint.origin, note)
        return signature

    def close(self) -> None:
        self.state.close()
