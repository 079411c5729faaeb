"""Write an evidence pack: what somebody elsewhere needs to check entries by himself.

`ledger/README.md` says what each file holds. Entries come from `proven` only: a pack that is made
has been checked once already. One bundle of the log is in memory at a time.
"""

from __future__ import annotations

import json
import tempfile
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import IO, Final

from ledger.checkpoint import Checkpoint
from ledger.envelope import Identity
from ledger.errors import FormatError
from ledger.evidence.archive import Archive, WrittenFile
from ledger.evidence.consistency import prove_consistency
from ledger.evidence.opened import open_proven, proven_opener
from ledger.evidence.pack_check import FORMAT
from ledger.evidence.proven import ProvenEntry, ProvenLog
from ledger.evidence.report import (
    PAGE_END,
    PAGE_ENTRIES_MAX,
    Summary,
    encoded,
    page_head,
    page_row,
    text_head,
    text_row,
)
from ledger.evidence.selection import Selection
from ledger.evidence.standalone import verifier_script
from ledger.note import VerifierKey
from ledger.opener import PayloadOpener
from ledger.tile import TILE_WIDTH, tile_width
from ledger.witnessed import CosignedNote
from ledger.wording import utc

_CHUNK_BYTES: Final = 1 << 20

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Order:
    """What the pack is to hold besides the entries."""

    since_note: bytes | None = None  # the checkpoint that the reader has already
    since: Checkpoint | None = None
    cosigned: Sequence[CosignedNote] = ()
    identity: Identity | None = None
    made_seconds: int = 0  # Unix time, for the report


@dataclass(slots=True)
class _Rows:
    """Rows of the reports, kept on disk until what stands above them is known."""

    page: IO[bytes]
    text: IO[bytes]
    count: int = 0
    opened_count: int = 0
    absent_count: int = 0
    files: list[WrittenFile] = field(default_factory=list)


def write_pack(
    log: ProvenLog,
    selection: Selection,
    archive: Archive,
    order: Order,
    progress: Progress = lambda done, total: None,
) -> str:
    """The SHA-256 of the manifest. Raises `FormatError` for what is not as it was signed.

    Nothing that could be taken for a pack is left behind then.
    """
    try:
        with tempfile.TemporaryFile() as page, tempfile.TemporaryFile() as text:
            rows = _Rows(page, text)
            _write_proofs(log, archive, order, rows)
            _write_entries(log, selection, archive, order, rows, progress)
            _write_reports(log, selection, archive, order, rows)
            rows.files.append(archive.add("verify.py", [verifier_script()]))
            manifest = _manifest(log, selection, order, rows.files)
            written = archive.add("manifest.json", [manifest])
            archive.finish()
    except BaseException:
        archive.abandon()
        raise
    return written.sha256


def _write_proofs(log: ProvenLog, archive: Archive, order: Order, rows: _Rows) -> None:
    add = rows.files.append
    add(archive.add("checkpoint", [log.note]))
    add(archive.add("keys/log.vkey", [_key_lines(log.keys)]))
    if order.since is not None and order.since_note is not None:
        proof = prove_consistency(log.reader, order.since, log.note, log.keys)
        add(archive.add("since.checkpoint", [order.since_note]))
        add(archive.add("since.consistency", [proof.to_bytes()]))
    for each in order.cosigned:
        if each.checkpoint.size > log.size:
            witness = each.cosigned.witness.name
            raise FormatError(
                f"{witness} cosigned {each.checkpoint.size} entries, {log.size} are published "
                "here: a rollback?"
            )
        name = f"cosigned/{each.cosigned.witness.id.hex()}"
        proof = prove_consistency(log.reader, each.checkpoint, log.note, log.keys)
        add(archive.add(f"{name}.checkpoint", [each.note]))
        add(archive.add(f"{name}.consistency", [proof.to_bytes()]))
    if order.cosigned:
        witnesses = [each.cosigned.witness for each in order.cosigned]
        add(archive.add("keys/witness.vkey", [_key_lines(witnesses)]))


def _write_entries(
    log: ProvenLog,
    selection: Selection,
    archive: Archive,
    order: Order,
    rows: _Rows,
    progress: Progress,
) -> None:
    opener = None if order.identity is None else proven_opener(log, order.identity)
    total, done = selection.count + len(selection.context), 0
    for number in selection.bundles():
        base = number * TILE_WIDTH
        wanted = selection.within(base, base + TILE_WIDTH - 1)
        entries = list(_prove(log, number, wanted))
        name = f"{base:012}.jsonl"
        rows.files.append(archive.add(f"entries/{name}", _entry_lines(log, entries)))
        if any(proven.ciphertext for proven, _ in entries):
            rows.files.append(archive.add(f"payloads/{name}", _payload_lines(entries)))
        opened = _Opened(opener, rows)
        if opener is not None and any(map(_readable, entries)):
            rows.files.append(archive.add(f"opened/{name}", opened.lines(entries)))
        else:
            for proven, role in entries:
                opened.report(proven, role, None)
        done += len(entries)
        progress(done, total)


def _prove(
    log: ProvenLog, number: int, wanted: Sequence[tuple[int, str]]
) -> Iterator[tuple[ProvenEntry, str]]:
    if len(wanted) == tile_width(0, number, log.size):
        bundle = log.bundle(number)
        return ((bundle[index % TILE_WIDTH], role) for index, role in wanted)
    return ((log.entry(index), role) for index, role in wanted)


def _readable(each: tuple[ProvenEntry, str]) -> bool:
    return each[1] == "selected" and bool(each[0].ciphertext)


def _entry_lines(log: ProvenLog, entries: Iterable[tuple[ProvenEntry, str]]) -> Iterator[bytes]:
    for proven, role in entries:
        state = "absent" if not proven.ciphertext else "here"
        yield _line(
            {
                "index": proven.index,
                "role": role,
                "payload": "none" if proven.entry.payload is None else state,
                "entry": proven.data.decode(),
                "proof": log.proof(proven, alone=False).to_bytes().decode(),
            }
        )


def _payload_lines(entries: Iterable[tuple[ProvenEntry, str]]) -> Iterator[bytes]:
    for proven, _ in entries:
        if proven.ciphertext:
            encoded_text = b64encode(proven.ciphertext).decode()
            yield _line({"index": proven.index, "ciphertext": encoded_text})


class _Opened:
    """Plain texts as they are opened, each into its file and into the report."""

    def __init__(self, opener: PayloadOpener | None, rows: _Rows) -> None:
        self._opener = opener
        self._rows = rows

    def lines(self, entries: Iterable[tuple[ProvenEntry, str]]) -> Iterator[bytes]:
        for proven, role in entries:
            payload = None
            if self._opener is not None and _readable((proven, role)):
                payload = open_proven(self._opener, proven)
                self._rows.opened_count += 1
                yield _line({"index": proven.index, **_as_text(payload)})
            self.report(proven, role, payload)

    def report(self, proven: ProvenEntry, role: str, payload: bytes | None) -> None:
        if role != "selected":
            return
        rows = self._rows
        rows.count += 1
        rows.absent_count += proven.entry.payload is not None and not proven.ciphertext
        if rows.count <= PAGE_ENTRIES_MAX:
            rows.page.write(page_row(proven, payload).encode())
        rows.text.write(text_row(proven).encode())


def _as_text(payload: bytes) -> dict[str, str]:
    try:
        return {"payload": payload.decode()}
    except UnicodeDecodeError:
        return {"payload_base64": b64encode(payload).decode()}


def _write_reports(
    log: ProvenLog, selection: Selection, archive: Archive, order: Order, rows: _Rows
) -> None:
    ranges = [f"{first}-{last}" if first < last else f"{first}" for first, last in selection.ranges]
    listed = ", ".join(ranges[:50]) + (", …" if len(ranges) > 50 else "")
    summary = Summary(
        [
            ("日志 / log", log.checkpoint.origin),
            ("日志公钥 / log key", ", ".join(map(str, log.keys))),
            ("日志长度 / entries in the log", f"{log.size:,}"),
            ("根 / root", b64encode(log.checkpoint.root).decode()),
            ("所选记录 / entries selected", f"{selection.count:,} ({listed})"),
            ("明文 / payloads opened", f"{rows.opened_count:,}"),
            ("密文不在本副本 / payloads not in this copy", f"{rows.absent_count:,}"),
            ("衔接 / continues", _since(order)),
            *[("见证 / witness", _cosigned(each)) for each in order.cosigned],
            ("导出时间 / exported", utc(order.made_seconds)),
        ],
        rows.count,
    )
    page = _joined(encoded(page_head(summary)), rows.page, PAGE_END.encode())
    rows.files.append(archive.add("report.html", page))
    rows.files.append(archive.add("report.txt", _joined(encoded(text_head(summary)), rows.text)))


def _cosigned(each: CosignedNote) -> str:
    at = utc(each.cosigned.time_seconds)
    return f"{each.cosigned.witness.name}: {each.checkpoint.size:,} entries, {at}"


def _since(order: Order) -> str:
    if order.since is None:
        return "无 / nothing seen before"
    return f"此前见过的 {order.since.size:,} 条 / the {order.since.size:,} entries seen before"


def _joined(head: Iterable[bytes], rows: IO[bytes], end: bytes = b"") -> Iterator[bytes]:
    yield from head
    rows.seek(0)
    while chunk := rows.read(_CHUNK_BYTES):
        yield chunk
    yield end


def _manifest(
    log: ProvenLog, selection: Selection, order: Order, files: Sequence[WrittenFile]
) -> bytes:
    value = {
        "format": FORMAT,
        "origin": log.checkpoint.origin,
        "size": log.size,
        "selected": selection.ranges,
        "context": selection.context,
        "since_size": None if order.since is None else order.since.size,
        "exported": utc(order.made_seconds),
        "files": [
            {"name": each.name, "bytes": each.size_bytes, "sha256": each.sha256} for each in files
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"


def _key_lines(keys: Iterable[VerifierKey]) -> bytes:
    return "".join(f"{key}\n" for key in keys).encode()


def _line(value: dict[str, object]) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
