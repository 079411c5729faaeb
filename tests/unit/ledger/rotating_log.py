"""A small log with its key directory: every start loads the keys from their files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ledger.checkpoint import Checkpoint
from ledger.disk import Disk, LocalDisk
from ledger.entry import Entry, parse_entry
from ledger.fetch import DirectoryLog, entries
from ledger.header import EntryKind
from ledger.keys import load_keys
from ledger.log import freeze_log, open_sequencer
from ledger.note import Note, VerifierKey, parse_note
from ledger.prepare import ask_retirement
from ledger.sequencer import Sequencer
from ledger.verify import Report, verify_log
from tests.unit.ledger.small_log import PROXY_ID, SEGMENT_BYTES, SmallLog, key_directory


class RotatingLog(SmallLog):
    """`keys` are those of the last start."""

    def __init__(self, directory: Path) -> None:
        directory.mkdir(exist_ok=True)
        self.directory, keys = key_directory(directory)
        self.files = LocalDisk(self.directory)
        super().__init__(directory / "log", keys)
        self.create()

    def prepare(
        self, disk: Disk | None = None, seen: Sequence[Checkpoint] = (), reserve_bytes: int = 0
    ) -> Sequencer:
        self.keys = load_keys(self.directory, PROXY_ID)
        return open_sequencer(
            disk or self.disk,
            self.keys,
            PROXY_ID,
            clock_ms=self.clock,
            seen=seen,
            key_files=self.files,
            segment_bytes=SEGMENT_BYTES,
            reserve_bytes=reserve_bytes,
        )

    def verify(self, seen: Iterable[Checkpoint] = ()) -> Report:
        """With the public key that is handed out now."""
        key = VerifierKey.parse(self.vkey("log.vkey"))
        return verify_log(DirectoryLog(self.root), [key], seen=seen)

    def once(self, count: int = 1) -> RotatingLog:
        """Start, append, stop."""
        self.open().append(count)
        self.close()
        return self

    def freeze(self, successor: str | None = None) -> RotatingLog:
        keys = load_keys(self.directory, PROXY_ID)
        try:
            freeze_log(
                self.disk,
                keys,
                PROXY_ID,
                clock_ms=self.clock,
                successor=successor,
                key_files=self.files,
                segment_bytes=SEGMENT_BYTES,
                reserve_bytes=0,
            )
        finally:
            self.disk.unlock()
        return self

    def retire(self) -> None:
        ask_retirement(self.directory, DirectoryLog(self.root))

    @property
    def names(self) -> set[str]:
        """Of the key files, but those of recipients and pseudonyms."""
        found = {path.name for path in self.directory.iterdir() if path.is_file()}
        return found - {"pseudonym.key"}

    def vkey(self, name: str) -> str:
        return (self.directory / name).read_text().strip()

    def key_entries(self) -> list[tuple[Entry, Note]]:
        """Those that announce something."""
        parsed = [parse_entry(data) for _, data, _ in entries(DirectoryLog(self.root))]
        return [
            (entry, note)
            for entry, note in parsed
            if entry.kind is EntryKind.KEY and entry.header["purpose"] != "epoch"
        ]

    def checkpoint_signers(self) -> list[str]:
        """Key ids on the published checkpoint."""
        note = parse_note((self.root / "checkpoint").read_bytes())
        return [signature.key_id.hex() for signature in note.signatures]
