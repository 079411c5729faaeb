"""What the tests of evidence share: a log that a witness cosigned once, and packs of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.cli import ledger_app
from ledger.cosignature import CosigningKey
from ledger.evidence.archive import open_archive
from ledger.evidence.pack import Order, write_pack
from ledger.evidence.pack_formats import Key, parse_keys
from ledger.evidence.proven import ProvenLog
from ledger.evidence.selection import select
from ledger.fetch import DirectoryLog
from ledger.note import VerifierKey, parse_note
from ledger.submission import with_cosignatures
from ledger.witnessed import CosignedNote, keep, kept
from tests.unit.ledger.small_log import SmallLog, identities

RUN = CliRunner()
WITNESS = CosigningKey("procuratorate.example/w1", b"w" * 32)
WITNESSED_SECONDS = 1_767_225_700


@dataclass(frozen=True, slots=True)
class Site:
    log: SmallLog
    seen: bytes  # the checkpoint of the log when it was smaller, which the witness cosigned

    @property
    def keys(self) -> list[VerifierKey]:
        return [self.log.keys.log.verifier]

    @property
    def proven(self) -> ProvenLog:
        return ProvenLog(DirectoryLog(self.log.root), self.keys)

    @property
    def pack_keys(self) -> list[Key]:
        return parse_keys(str(self.keys[0]))

    @property
    def seen_checkpoint(self) -> Checkpoint:
        return open_checkpoint(self.seen, self.keys)

    @property
    def cosigned(self) -> CosignedNote:
        found = kept(self.log.root, WITNESS.verifier)
        assert found is not None
        return found

    def write(self, output: Path, *, opened: bool = False, whole: bool = True) -> str:
        """A pack with everything: since the checkpoint that was seen, or of all entries."""
        order = Order(
            since_note=self.seen,
            since=self.seen_checkpoint,
            cosigned=[self.cosigned],
            identity=identities()[0] if opened else None,
        )
        since = 0 if whole else self.seen_checkpoint.size
        selection = select(self.proven, since=since)
        return write_pack(self.proven, selection, open_archive(output), order)


def make_site(root: Path, count: int = 260) -> Site:
    """`count` decisions in a first run, five more in a second; key and identity files beside it."""
    root.mkdir(exist_ok=True)
    log = SmallLog(root / "log").create().open()
    log.append(1, batch_count=count)
    log.close()
    seen = (log.root / "checkpoint").read_bytes()
    note = parse_note(seen)
    cosignature = WITNESS.cosign(note.text, WITNESSED_SECONDS)
    keep(log.root, WITNESS.verifier, with_cosignatures(note, (cosignature,)))
    log.open().append(5)
    log.close()
    (root / "seen").write_bytes(seen)
    (root / "log.vkey").write_text(f"{log.keys.log.verifier}\n")
    (root / "witness.vkey").write_text(f"{WITNESS.verifier}\n")
    secret = root / "procuratorate.identity"
    secret.touch(0o600)
    secret.write_text(identities()[0].to_text())
    return Site(log, seen)


def run(site: Site, command: str, *arguments: str, stdin: str | None = None):
    """`fengcun ledger <command>`, with the key unless it is `show`."""
    key = [] if command == "show" else ["--key", str(site.log.root.parent / "log.vkey")]
    return RUN.invoke(ledger_app, [command, *key, *arguments], input=stdin)


def log_of(site: Site) -> tuple[str, str]:
    return "--log", str(site.log.root)


def identity_of(site: Site) -> tuple[str, str]:
    return "--identity", str(site.log.root.parent / "procuratorate.identity")


def rows(pack: Path, name: str) -> list[dict]:
    return [json.loads(line) for line in (pack / name).read_text().splitlines()]
