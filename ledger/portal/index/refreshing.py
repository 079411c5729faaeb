"""Brings the index of one log up to what its signed checkpoint covers, or makes it anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, cast

from ledger.portal.index.files import IndexFiles
from ledger.portal.index.filling import Filling, read_meta, write_meta
from ledger.portal.index.model import Flaw, Rebuilt, Refreshed
from ledger.portal.index.processes import processes_for
from ledger.portal.index.reading import LogContent, Taken
from ledger.portal.index.schema import INDEXES, VERSION, connect, create, writing
from ledger.portal.logs import LogUnreadable, Source, Trouble
from ledger.tile import TILE_WIDTH

BATCH_BUNDLES: Final = 16
"""In one transaction, so that what a crash takes away is read again in a moment."""
HOLES_RETRIED: Final = 16
"""Bundles with missing entries that one refresh looks at again."""

Progress = Callable[[int, int], object]
"""Told entries done and entries in all, after each batch. What it raises ends the refresh."""


class _Stale(Exception):
    """The index does not belong to this log as it is now."""

    def __init__(self, why: Rebuilt) -> None:
        super().__init__(why)
        self.why = why


def refresh(
    files: IndexFiles, source: Source, progress: Progress, *, distrusted: bool = False
) -> Refreshed:
    """Raises `LogUnreadable`; what could be read before that is indexed.

    `distrusted`: the file was found damaged, and is made anew.
    """
    reader = source.reader()
    checkpoint = source.checkpoint(reader)
    content = LogContent(source.name, reader, checkpoint.origin, checkpoint.size)
    path = files.path(source.name)
    try:
        if path is None:
            raise _Stale(Rebuilt.FIRST)
        if distrusted or not path.is_file():
            raise _Stale(Rebuilt.UNREADABLE)
        return _continue(path, source, content, progress)
    except _Stale as stale:
        return _build(files, source, content, progress, stale.why)
    except sqlite3.OperationalError:
        raise  # a full disk, or one that fails: a new file would fare no better
    except sqlite3.DatabaseError:
        return _build(files, source, content, progress, Rebuilt.UNREADABLE)


def _continue(path: Path, source: Source, content: LogContent, progress: Progress) -> Refreshed:
    with closing(connect(path)) as connection:
        size = _size_if_it_fits(connection, source, content)
        filling = Filling(connection)
        _fill_holes(connection, content)
        added_count = 0
        for batch in _batches(content.bundles(size)):
            with writing(connection):
                filling.add(each for taken in batch for each in taken.headlines)
                done = batch[-1].headlines[-1].number + 1
                write_meta(connection, _reached(done, batch))
            added_count = done - size
            progress(done, content.size)
        with writing(connection):
            write_meta(connection, {"refreshed_at": _now(), "keys": _keys(source)})
    return Refreshed(source.name, content.size, added_count, None)


def _size_if_it_fits(connection: sqlite3.Connection, source: Source, content: LogContent) -> int:
    """Entries indexed so far. Raises `_Stale` where they are not of this log as it is."""
    try:
        meta = read_meta(connection)
        if meta.get("version") != VERSION:
            raise _Stale(Rebuilt.UNREADABLE)
        size, number, digest = (meta[name] for name in ("size", "last_number", "last_digest"))
        keys = cast("list[str]", meta["keys"])
    except (ValueError, KeyError, TypeError):
        raise _Stale(Rebuilt.UNREADABLE) from None
    assert isinstance(size, int)
    if meta["origin"] != source.origin or set(_keys(source)).isdisjoint(keys):
        raise _Stale(Rebuilt.OTHER_KEY)
    if content.size < size:
        raise _Stale(Rebuilt.SHRANK)
    if isinstance(number, int) and isinstance(digest, str):
        found = content.entry(number)
        if found is None:
            where = f"第 {number} 号 / entry {number}"
            raise LogUnreadable(source.name, Trouble.ENTRIES_GONE, where)
        if sha256(found).hexdigest() != digest:
            raise _Stale(Rebuilt.OTHER_ENTRIES)
    return size


def _fill_holes(connection: sqlite3.Connection, content: LogContent) -> None:
    """What was missing may have come since, as in a copy that was still being made."""
    holes = "SELECT DISTINCT number / ? FROM entry WHERE flaw = ? LIMIT ?"
    given = (TILE_WIDTH, Flaw.MISSING.value, HOLES_RETRIED)
    for (bundle,) in connection.execute(holes, given).fetchall():
        taken = content.bundle(bundle)
        if taken is None:
            continue
        text = "SELECT number FROM entry WHERE flaw = ? AND number >= ? AND number < ?"
        ends = bundle * TILE_WIDTH, (bundle + 1) * TILE_WIDTH
        found = connection.execute(text, (Flaw.MISSING.value, *ends)).fetchall()
        numbers = {number for (number,) in found}
        come = [
            each
            for each in taken.headlines
            if each.number in numbers and each.flaw != Flaw.MISSING.value
        ]
        with writing(connection):
            Filling(connection).add(come)


def _build(
    files: IndexFiles, source: Source, content: LogContent, progress: Progress, why: Rebuilt
) -> Refreshed:
    """A whole index, at once, in a file that is worth nothing before it is done."""
    path, stage = files.beginning(source.name)
    size, trouble = 0, None
    with closing(create(path)) as connection:
        connection.execute("ATTACH ? AS stage", (str(stage),))
        connection.execute("PRAGMA stage.journal_mode = OFF")
        connection.execute("PRAGMA stage.synchronous = OFF")
        connection.execute("CREATE TABLE stage.subject (pseudonym, number, role)")
        filling = Filling(connection, "stage.subject")
        with writing(connection), processes_for(content) as each:
            reached: dict[str, object] = {"size": 0, "last_number": None, "last_digest": None}
            try:
                for batch in _batches(content.bundles(0, each)):
                    filling.add(each for taken in batch for each in taken.headlines)
                    size = batch[-1].headlines[-1].number + 1
                    reached |= _reached(size, batch)
                    progress(size, content.size)
            except LogUnreadable as error:
                if size == 0:
                    raise
                trouble = error
            # In order, or each of them would be put in at a place of its own.
            connection.execute(
                "INSERT INTO main.subject SELECT DISTINCT * FROM stage.subject ORDER BY 1, 2, 3"
            )
            now, keys = _now(), _keys(source)
            meta = {"version": VERSION, "log": source.name, "origin": source.origin, "keys": keys}
            times = {"refreshed_at": now, "rebuilt": why.value, "rebuilt_at": now}
            write_meta(connection, meta | times | reached)
        connection.execute("DETACH stage")
        stage.unlink()
        connection.executescript(INDEXES)
        connection.execute("PRAGMA journal_mode = WAL")
    files.adopt(source.name)
    if trouble is not None:
        raise trouble
    return Refreshed(source.name, content.size, size, why)


def _batches(bundles: Iterable[Taken]) -> Iterator[list[Taken]]:
    """Those before one that cannot be read are handed on before the error is."""
    batch: list[Taken] = []
    try:
        for taken in bundles:
            batch.append(taken)
            if len(batch) == BATCH_BUNDLES:
                yield batch
                batch = []
    except LogUnreadable:
        if batch:
            yield batch
        raise
    if batch:
        yield batch


def _reached(size: int, batch: list[Taken]) -> dict[str, object]:
    marks = [taken.last for taken in batch if taken.last is not None]
    if not marks:
        return {"size": size}
    return {"size": size, "last_number": marks[-1].number, "last_digest": marks[-1].digest}


def _keys(source: Source) -> list[str]:
    return [str(key) for key in source.keys]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
