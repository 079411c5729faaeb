"""Checkpoints of this log that somebody kept: a notary signs nothing for a log without them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import ConfigurationError, FormatError, LedgerDamaged
from ledger.note import VerifierKey
from ledger.witnessed import COSIGNED_FOLDER, cosigned_path, kept


def seen_in(files: Sequence[Path], log_keys: Sequence[VerifierKey]) -> list[Checkpoint]:
    """What an operator, or `ledger.guard`, hands over. Raises `ConfigurationError`."""
    found = []
    for path in files:
        try:
            found.append(open_checkpoint(path.read_bytes(), log_keys))
        except (OSError, FormatError) as error:
            message = f"{path} is not a checkpoint of this log: {error}"
            raise ConfigurationError(message) from error
    return found


def seen_by(witness: VerifierKey, log: Path, log_keys: Sequence[VerifierKey]) -> list[Checkpoint]:
    """What the witness cosigned last, as far as is known beside the log.

    Raises `LedgerDamaged`: what cannot be read was not forgotten.
    """
    try:
        found = kept(log, witness)
        return [] if found is None else [open_checkpoint(found.note, log_keys)]
    except (OSError, FormatError) as error:
        raise LedgerDamaged(
            f"{cosigned_path(log, witness)} is not what {witness.name} cosigned of this log:"
            f" {error}; get its last cosigned checkpoint from the witness and put it there"
        ) from error


def seen_by_any(log: Path, log_keys: Sequence[VerifierKey]) -> list[Checkpoint]:
    """What any witness cosigned last, as far as is known beside the log; one of these log keys
    signed it. Whose cosignature it bears is not asked: it can only make a log be refused.

    Raises `LedgerDamaged`: what cannot be read was not forgotten.
    """
    found: list[Checkpoint] = []
    path = folder = log / COSIGNED_FOLDER
    if not os.path.lexists(folder):
        return found
    try:
        for path in sorted(folder.iterdir()):
            # A file that was not named yet when a process died: the one before it is here.
            if path.suffix != ".new":
                found.append(open_checkpoint(path.read_bytes(), log_keys))
    except (OSError, FormatError) as error:
        raise LedgerDamaged(
            f"{path} is no cosigned checkpoint of this log: {error}; get the last one from the"
            " witness and put it there"
        ) from error
    return found
