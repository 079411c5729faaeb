"""A log made by hand: what no notary writes, under a root that is validly signed."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

from ledger.checkpoint import Checkpoint
from ledger.entry import entry_text
from ledger.envelope import pseudonym_context, wrap_key
from ledger.evidence.archive import FolderArchive
from ledger.evidence.pack_check import FORMAT
from ledger.fields import EntryKind
from ledger.header import HeaderValue, encode_header
from ledger.merkle import inclusion_proof, leaf_hash, root_of
from ledger.note import SigningKey
from ledger.proof import Proof
from ledger.tile import encode_bundle
from tests.unit.ledger.small_log import decision_header, identities

ORIGIN = "ledger.example/agency1"
LOG = [SigningKey(ORIGIN, bytes([number]) * 32) for number in (1, 2)]
ENTRY = [SigningKey(f"{ORIGIN}/proxy/p1", bytes([number]) * 32) for number in (3, 4)]
DECISION = encode_header(EntryKind.DECISION, decision_header())


def genesis_line(log: SigningKey = LOG[0], entry: SigningKey = ENTRY[0]) -> bytes:
    recipients = [identity.recipient for identity in identities()]
    header: dict[str, HeaderValue] = {
        "format": "fengcun-ledger/v1",
        "log_key": str(log.verifier),
        "entry_key": str(entry.verifier),
        "recipients": [str(recipient) for recipient in recipients],
        "pseudonym_key": wrap_key(b"p" * 32, recipients, pseudonym_context(ORIGIN)),
    }
    return encode_header(EntryKind.GENESIS, header)


@dataclass
class HandmadeLog:
    """Fewer than 256 entries; a `LogReader`, and a pack of all of them."""

    signer: SigningKey = LOG[0]
    entries: list[bytes] = field(default_factory=list)

    def add(
        self,
        header_line: bytes,
        *signers: SigningKey,
        sequence: int | None = None,
        previous: bytes | None = None,
    ) -> HandmadeLog:
        linked = sha256(self.entries[-1]).digest() if self.entries else bytes(32)
        text = entry_text(
            kind=EntryKind.DECISION if self.entries else EntryKind.GENESIS,
            origin=ORIGIN.encode(),
            proxy_id=b"p1",
            sequence=len(self.entries) if sequence is None else sequence,
            previous=linked if previous is None else previous,
            time=b"2026-01-01T00:00:00.000Z",
            header_line=header_line,
            payload=None,
        )
        notes = [key.signer()(text) for key in signers or [ENTRY[0]]]
        self.entries.append(notes[0] + b"".join(note[len(text) + 1 :] for note in notes[1:]))
        return self

    def checkpoint(self) -> bytes:
        root = root_of(map(leaf_hash, self.entries))
        return Checkpoint(ORIGIN, len(self.entries), root).signed(self.signer.signer())

    def proof(self, index: int) -> Proof:
        leaves = [leaf_hash(each) for each in self.entries]

        def subtree(height: int, position: int) -> bytes:
            return root_of(leaves[position << height : (position + 1) << height])

        path = tuple(inclusion_proof(index, len(leaves), subtree))
        return Proof(index, path, self.checkpoint(), self.entries[index])

    def read(self, path: str) -> bytes:
        size = len(self.entries)
        files = {
            "checkpoint": self.checkpoint(),
            f"tile/0/000.p/{size}": b"".join(map(leaf_hash, self.entries)),
            f"tile/entries/000.p/{size}": encode_bundle(self.entries),
        }
        if path not in files:
            raise FileNotFoundError(path)
        return files[path]

    def segments(self) -> list[tuple[str, bytes]]:
        return []

    def pack(self, folder: Path) -> Path:
        lines = []
        for index, data in enumerate(self.entries):
            proof = self.proof(index)
            bare = Proof(index, proof.path, proof.checkpoint_note).to_bytes().decode()
            row = {"index": index, "role": "selected", "payload": "none", "entry": data.decode()}
            lines.append(json.dumps({**row, "proof": bare}).encode() + b"\n")
        archive = FolderArchive(folder)
        files = [
            archive.add("checkpoint", [self.checkpoint()]),
            archive.add("entries/000000000000.jsonl", lines),
        ]
        named = [{"name": f.name, "bytes": f.size_bytes, "sha256": f.sha256} for f in files]
        selected = [[0, len(self.entries) - 1]]
        manifest = {"format": FORMAT, "origin": ORIGIN, "selected": selected, "context": []}
        archive.add("manifest.json", [json.dumps({**manifest, "files": named}).encode()])
        return folder
