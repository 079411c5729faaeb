"""A copy of a log in use, for reading: consistent, incremental, verified before it counts.

The copy holds what one checkpoint covers, and no write-ahead log: it can be verified and read, and
no notary goes on from it. Bundles and tiles never change, so each is copied once; a payload file
that became shorter was erased from, and is copied again. The checkpoint comes last: until then the
copy is what it was.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.disk import replace_file
from ledger.errors import ConfigurationError, FormatError
from ledger.fetch import CHECKPOINT_PATH, DirectoryLog
from ledger.note import VerifierKey
from ledger.tile import (
    TILE_WIDTH,
    TileSlot,
    bundle_path,
    bundle_slots,
    level_count,
    payload_path,
    tile_width,
)
from ledger.verify import Report, verify_log
from ledger.verify.whole import Progress
from ledger.witnessed import COSIGNED_FOLDER

_ATTEMPTS_MAX: Final = 10


@dataclass(frozen=True, slots=True)
class Copied:
    report: Report
    files_count: int


class _Staged(DirectoryLog):
    """The copy as it will be: its files under the new checkpoint."""

    def __init__(self, root: Path, note: bytes) -> None:
        super().__init__(root)
        self._note = note

    def read(self, path: str) -> bytes:
        return self._note if path == CHECKPOINT_PATH else super().read(path)

    def segments(self) -> list[tuple[str, bytes]]:
        return []


def back_up(
    log: Path,
    output: Path,
    keys: Sequence[VerifierKey],
    *,
    payloads: bool = True,
    erased: Iterable[int] = (),
    progress: Progress = lambda done, total: None,
) -> Copied:
    """Bring the copy in `output` up to what is published in `log`. `erased` as in `verify_log`.

    Raises `ConfigurationError` for an `output` that is no copy, `LogInvalid` where the result would
    not verify or not contain the copy so far: the log was rolled back. The copy stays as it was.
    """
    before = _checkpoint_of(output, keys)
    output.mkdir(mode=0o755, parents=True, exist_ok=True)
    files_count = 0
    for _ in range(_ATTEMPTS_MAX):
        note = (log / CHECKPOINT_PATH).read_bytes()
        size = _opened(note, keys, log).size
        try:
            files_count += _copy_files(log, output, size, payloads=payloads)
            break
        except FileNotFoundError:
            continue  # a partial file made way for its full one: take a newer checkpoint
    else:
        raise FormatError("the log grows faster than it can be copied")
    seen = [] if before is None else [before]
    staged = _Staged(output, note)
    report = verify_log(staged, keys, seen=seen, erased=erased, progress=progress)
    for path in sorted((log / COSIGNED_FOLDER).glob("*[0-9a-f]")):
        _copy(path, output / COSIGNED_FOLDER / path.name)
    _sync_folders(output)
    replace_file(output / CHECKPOINT_PATH, note)
    _remove_old_partials(output, size)
    return Copied(report, files_count)


def _checkpoint_of(output: Path, keys: Sequence[VerifierKey]) -> Checkpoint | None:
    if (output / ".state").exists():
        raise ConfigurationError(f"{output} is a log, not a copy of one: give another directory")
    try:
        return _opened((output / CHECKPOINT_PATH).read_bytes(), keys, output)
    except FileNotFoundError:
        if output.exists() and any(
            name not in ("tile", "payload", COSIGNED_FOLDER) for name in os.listdir(output)
        ):
            raise ConfigurationError(
                f"{output} holds something else: give an empty directory, or the copy"
            ) from None
        return None


def _opened(note: bytes, keys: Sequence[VerifierKey], directory: Path) -> Checkpoint:
    try:
        return open_checkpoint(note, keys)
    except FormatError as error:
        raise ConfigurationError(f"{directory} is not a log of this key: {error}") from error


def _paths(size: int, *, payloads: bool) -> Iterator[str]:
    """Every file that a log of that size has."""
    for number, width in bundle_slots(size):
        yield bundle_path(number, width)
        if payloads:
            yield payload_path(number, width)
    for level in range(level_count(size)):
        hashes_count = size >> 8 * level
        for number in range(-(-hashes_count // TILE_WIDTH)):
            yield TileSlot(level, number, tile_width(level, number, size)).path


def _copy_files(log: Path, output: Path, size: int, *, payloads: bool) -> int:
    """How many were copied. Raises `FileNotFoundError` where the log has gone on meanwhile."""
    copied_count = 0
    for path in _paths(size, payloads=payloads):
        copied_count += _copy(log / path, output / path)
    return copied_count


def _copy(source: Path, target: Path) -> bool:
    """Unless it is there already, and as long."""
    size_bytes = source.stat().st_size
    try:
        if target.stat().st_size == size_bytes:
            return False
    except FileNotFoundError:
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    shutil.copyfile(source, new)
    with new.open("rb") as file:
        os.fsync(file.fileno())
    new.rename(target)
    return True


def _sync_folders(output: Path) -> None:
    for folder, _, _ in os.walk(output):
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _remove_old_partials(output: Path, size: int) -> None:
    """Those of smaller sizes: nobody needs them, and what was erased since may be in one."""
    wanted = {output / path for path in _paths(size, payloads=True)}
    for folder in [*output.glob("tile/**/*.p"), *output.glob("payload/**/*.p")]:
        for path in folder.iterdir():
            if path not in wanted:
                path.unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
