"""An evidence pack of chosen entries, as a file that can be sent away and is gone afterwards."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import BinaryIO, Final

from ledger.envelope import Identity
from ledger.erasure import indices_from
from ledger.errors import FormatError
from ledger.evidence.archive import open_archive
from ledger.evidence.pack import Order, write_pack
from ledger.evidence.proven import ProvenLog
from ledger.evidence.selection import select
from ledger.fetch import LogReader
from ledger.note import VerifierKey
from ledger.witnessed import COSIGNED_FOLDER, CosignedNote, open_cosigned

ENTRIES_MAX: Final = 5_000
_WORDS_MAX: Final = 1_000


def chosen(text: str) -> list[int]:
    """Numbers out of `7`, `12-40`, apart by blanks or commas. Raises `FormatError`."""
    words = text.replace(",", " ").replace("，", " ").replace("、", " ").split()
    try:
        indices = indices_from(words[:_WORDS_MAX])
    except ValueError as error:
        raise FormatError(str(error)) from error
    if not words or len(words) > _WORDS_MAX or len(indices) > ENTRIES_MAX:
        raise FormatError(f"1 to {ENTRIES_MAX:,} entries can be exported at once")
    return indices


def cosigned_notes(
    reader: LogReader, keys: Sequence[VerifierKey], witnesses: Iterable[VerifierKey]
) -> list[CosignedNote]:
    """What each witness signed last, in this copy. Raises `FormatError` for a bad one."""
    found = []
    for witness in witnesses:
        try:
            note = reader.read(f"{COSIGNED_FOLDER}/{witness.id.hex()}")
        except FileNotFoundError:
            continue
        found.append(open_cosigned(note, keys, witness))
    return found


def make_pack(
    log: ProvenLog,
    indices: Sequence[int],
    folder: Path,
    *,
    witnesses: Iterable[VerifierKey] = (),
    identity: Identity | None = None,
    made_seconds: int,
) -> tuple[BinaryIO, str]:
    """Blocks. A zip file that has no name any more, and the SHA-256 of its manifest.

    `identity` adds the plain texts. Raises `FormatError` for what is not as it was signed.
    """
    order = Order(
        cosigned=cosigned_notes(log.reader, log.keys, witnesses),
        identity=identity,
        made_seconds=made_seconds,
    )
    selection = select(log, indices=indices)
    folder.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        path = Path(scratch) / "pack.zip"
        manifest_sha256 = write_pack(log, selection, open_archive(path), order)
        return path.open("rb"), manifest_sha256
