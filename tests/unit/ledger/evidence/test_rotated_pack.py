"""A pack of a log whose keys changed: each key is followed to the next, and only by its own word.

Such a log is made here by hand, entry by entry, as the format of the entries says.
"""

import json
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest

from ledger.checkpoint import Checkpoint
from ledger.entry import entry_text
from ledger.evidence.archive import FolderArchive
from ledger.evidence.pack_check import FORMAT, Result, check_pack
from ledger.evidence.pack_formats import parse_keys
from ledger.fields import EntryKind
from ledger.merkle import inclusion_proof, leaf_hash, root_of
from ledger.note import SigningKey
from ledger.proof import Proof

ORIGIN = "ledger.example/agency1"
LOG = [SigningKey(ORIGIN, bytes([number]) * 32) for number in (1, 2)]
ENTRY = [SigningKey(f"{ORIGIN}/proxy/p1", bytes([number]) * 32) for number in (3, 4)]
GENESIS = {"kind": "genesis", "log_key": str(LOG[0].verifier), "entry_key": str(ENTRY[0].verifier)}
DECISION = {"kind": "decision", "verdict": "allow"}


def announced(purpose: str, key: SigningKey) -> dict[str, str]:
    return {"kind": "key", "purpose": purpose, "alg": "ed25519", "key": str(key.verifier)}


@dataclass
class Rotated:
    """Headers and who signs each of their entries; who signs the checkpoint."""

    steps: list[tuple[dict[str, str], list[SigningKey]]]
    signer: SigningKey

    def entries(self) -> list[bytes]:
        made: list[bytes] = []
        for index, (header, signers) in enumerate(self.steps):
            text = entry_text(
                kind=EntryKind.DECISION if index else EntryKind.GENESIS,
                origin=ORIGIN.encode(),
                proxy_id=b"p1",
                sequence=index,
                previous=sha256(made[-1]).digest() if made else bytes(32),
                time=b"2026-01-01T00:00:00.000Z",
                header_line=json.dumps(header, separators=(",", ":")).encode(),
                payload=None,
            )
            notes = [key.signer()(text) for key in signers]
            made.append(notes[0] + b"".join(note[len(text) + 1 :] for note in notes[1:]))
        return made

    def pack(self, folder: Path) -> Path:
        entries = self.entries()
        leaves = [leaf_hash(each) for each in entries]
        size = len(entries)

        def subtree(height: int, position: int) -> bytes:
            return root_of(leaves[position << height : (position + 1) << height])

        note = Checkpoint(ORIGIN, size, root_of(leaves)).signed(self.signer.signer())
        lines = []
        for index, data in enumerate(entries):
            proof = Proof(index, tuple(inclusion_proof(index, size, subtree)), note)
            row = {"index": index, "role": "selected", "payload": "none", "entry": data.decode()}
            lines.append(json.dumps({**row, "proof": proof.to_bytes().decode()}).encode() + b"\n")
        archive = FolderArchive(folder)
        files = [
            archive.add("checkpoint", [note]),
            archive.add("entries/000000000000.jsonl", lines),
        ]
        named = [{"name": f.name, "bytes": f.size_bytes, "sha256": f.sha256} for f in files]
        manifest = {"format": FORMAT, "origin": ORIGIN, "selected": [[0, size - 1]], "context": []}
        archive.add("manifest.json", [json.dumps({**manifest, "files": named}).encode()])
        return folder

    def check(self, folder: Path) -> Result:
        """With the log's first key alone."""
        return check_pack(self.pack(folder), parse_keys(str(LOG[0].verifier)), [])


BEGIN = (GENESIS, [ENTRY[0]])
NEW_ENTRY_KEY = (announced("entry", ENTRY[1]), [ENTRY[0], ENTRY[1]])
NEW_LOG_KEY = (announced("log", LOG[1]), [ENTRY[1], LOG[0], LOG[1]])


def test_each_key_is_followed_to_the_next(tmp_path):
    steps = [BEGIN, (DECISION, [ENTRY[0]]), NEW_ENTRY_KEY, (DECISION, [ENTRY[1]]), NEW_LOG_KEY]
    for signer in LOG:
        assert Rotated(steps, signer).check(tmp_path / signer.seed.hex()).faults == []


@pytest.mark.parametrize(
    ("steps", "index"),
    [
        ([BEGIN, (DECISION, [ENTRY[1]])], 1),
        ([BEGIN, NEW_ENTRY_KEY, (DECISION, [ENTRY[0]])], 2),
        ([BEGIN, (announced("entry", ENTRY[1]), [ENTRY[1]])], 1),
        ([BEGIN, (announced("entry", ENTRY[1]), [ENTRY[0]])], 1),
        ([BEGIN, (announced("epoch", ENTRY[1]), [ENTRY[0]]), (DECISION, [ENTRY[1]])], 2),
    ],
    ids=["not announced", "retired", "by itself", "not held", "for something else"],
)
def test_an_entry_key_that_the_one_before_did_not_name_is_refused(tmp_path, steps, index):
    assert Rotated(steps, LOG[0]).check(tmp_path / "p").faults[0].index == index


@pytest.mark.parametrize(
    "signers", [[ENTRY[0]], [ENTRY[0], LOG[1]]], ids=["by nobody", "by itself"]
)
def test_a_log_key_that_the_one_before_did_not_name_is_refused(tmp_path, signers):
    steps = [BEGIN, (announced("log", LOG[1]), signers)]
    assert Rotated(steps, LOG[1]).check(tmp_path / "p").faults
