"""What the tests of the browser's check share: real receipts, and both checks of the same bytes."""

from __future__ import annotations

import json
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ledger.errors import FormatError
from ledger.evidence.proven import ProvenLog
from ledger.evidence.receipt import check_receipt
from ledger.fetch import DirectoryLog
from ledger.note import VerifierKey
from ledger.portal.proof.receipts import receipts_of

NODE = shutil.which("node")
STATIC = Path(__file__).parents[5] / "ledger/portal/static"


@dataclass(frozen=True)
class Given:
    """What a check is given."""

    receipt: bytes
    history: tuple[bytes, ...]
    keys: tuple[str, ...]

    def as_json(self) -> dict[str, object]:
        return {
            "receipt": b64encode(self.receipt).decode(),
            "history": [b64encode(each).decode() for each in self.history],
            "keys": list(self.keys),
        }

    def with_receipt(self, receipt: bytes) -> Given:
        return replace(self, receipt=receipt)


def given_of(root: Path, keys: Iterable[VerifierKey], index: int) -> Given:
    """As the portal hands it to the browser."""
    found = receipts_of(ProvenLog(DirectoryLog(root), list(keys)), index)
    return Given(found.receipt, found.history, found.keys)


def scripts(folder: Path) -> Path:
    """The check beside its grammar, as the portal serves them."""
    folder.mkdir(exist_ok=True)
    for name in ("check.js", "grammar.js"):
        shutil.copy(STATIC / name, folder / name)
    (folder / "package.json").write_text('{"type": "module"}')
    return folder / "check.js"


def by_node(check: Path, cases: Iterable[Given]) -> list[dict]:
    """What the browser's check says of each, run by node."""
    assert NODE is not None
    lines = "".join(json.dumps(case.as_json()) + "\n" for case in cases)
    program = Path(__file__).with_name("check_lines.mjs")
    done = subprocess.run(
        [NODE, "--no-warnings", str(program), check.as_uri()],
        input=lines, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_python(case: Given) -> dict | None:
    """What the ledger's own check says; None where it refuses."""
    try:
        keys = [VerifierKey.parse(text) for text in case.keys]
        found = check_receipt(case.receipt, keys, history=case.history)
    except FormatError:
        return None
    size = str(found.checkpoint.size)
    return {"index": str(found.index), "size": size, "kind": found.entry.kind.value}


def agree(check: Path, cases: list[Given]) -> list[bool]:
    """Which are taken, by both."""
    told, expected = by_node(check, cases), [by_python(case) for case in cases]
    assert len(told) == len(expected)
    for case, one, other in zip(cases, told, expected, strict=True):
        assert (one if "index" in one else None) == other, (one, other, case)
    return [each is not None for each in expected]
