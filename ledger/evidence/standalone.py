"""`verify.py` of an evidence pack: the verifier's files as one script without Fengcun."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_PARTS: Final = ("pack_formats.py", "pack_files.py", "pack_check.py", "verifier.py")
_DOCSTRING: Final = re.compile(r'\A""".*?"""\n', re.DOTALL)
_FUTURE: Final = "from __future__ import annotations\n"
_OWN: Final = re.compile(r"^from ledger\.\S+ import (?:\([^)]*\)|[^\n(]+)\n", re.MULTILINE)


def verifier_script() -> bytes:
    """One file: the docstring of the last part, and the code of all, in order."""
    folder = Path(__file__).parent
    sources = [(folder / name).read_text(encoding="utf-8") for name in _PARTS]
    docstring = _DOCSTRING.match(sources[-1])
    assert docstring is not None
    parts = [docstring[0], _FUTURE]
    for source in sources:
        parts.append(_OWN.sub("", _DOCSTRING.sub("", source, count=1).replace(_FUTURE, "", 1)))
    return "\n".join(part.strip("\n") + "\n" for part in parts).encode()
