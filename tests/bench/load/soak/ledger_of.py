"""What the ledger says afterwards: which marks are in it."""

from __future__ import annotations

import base64
import json
import re
import subprocess
from collections.abc import Iterator

from tests.scenarios.service import ALL, FENGCUN, RECIPIENTS, ROOT, Site

# As long as a mark is, in the text of a statement.
_MARK = re.compile(r"\b[1-9]\d{9,11}\b")
_INT8_BYTES = 8


def recorded_marks(site: Site) -> set[int]:
    """Every mark that stands in a recorded statement, or was one of its parameters."""
    marks: set[int] = set()
    for payload in _payloads(site):
        marks.update(int(found) for found in _MARK.findall(payload.get("text", "")))
        for value in payload.get("parameters", {}).get("values", ()):
            if value is not None and (mark := _number(base64.b64decode(value))) is not None:
                marks.add(mark)
    return marks


def _payloads(site: Site) -> Iterator[dict]:
    """Of all decisions, one at a time: there may be a million."""
    identity = site.home / "recipients" / f"{RECIPIENTS[0]}.identity"
    command = [*FENGCUN, "ledger", "show", "--log", str(site.log), "--kind", "decision"]
    command += ["--count", ALL, "--identity", str(identity), "--json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            yield json.loads(json.loads(line)["payload"])
    assert process.returncode == 0


def _number(value: bytes) -> int | None:
    """A parameter that is a number, in either format."""
    if value.isdigit():
        return int(value)
    return int.from_bytes(value, "big") if len(value) == _INT8_BYTES else None
