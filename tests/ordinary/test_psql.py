"""All of psql's commands about the catalogues, by real psql: printed as without the proxy, but for
how much there is."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.scenarios.service import Site
from tests.world import HOST, PASSWORD, installed_binaries

pytestmark = pytest.mark.database

USER = "agency_app"
COMMANDS = Path(__file__).with_name("psql.txt").read_text(encoding="utf-8").splitlines()
PSQLS = [path / "psql" for path in installed_binaries() if (path / "psql").exists()]

REFUSED = {
    r"\deu": "credentials for foreign servers",
    r"\deu+": "credentials for foreign servers",
    r"\dl": "large objects can be records",
    r"\dl+": "large objects can be records",
    r"\lo_list": "large objects can be records",
    r"\lo_list+": "large objects can be records",
    r"\drds": "settings of roles hold secrets of applications",
    r"\dRs": "subscriptions hold credentials",
    r"\dRs+": "subscriptions hold credentials",
}
"""What tells of records, or holds secrets: refused, and this is why."""

_FIELD, _RECORD = "\x1f", "\x1e"
_ERROR = re.compile(r"psql:[^:]+:(\d+): (.*)")
_SIZE = re.compile(r"[0-9]+ (?:bytes|[kMGT]B)")
_NOTHING = "0 bytes"
_FORBIDDEN = "permission denied for tablespace"
"""Whoever may not know a tablespace's size gets an error, and through the proxy no size."""
_RULE = re.compile(r"HINT:  rule [a-z-]+")
_CLEARED = "Query buffer reset (cleared).\n"

Printed = dict[str, tuple[str, str]]
"""Command -> what it printed, and what it complained of."""


def printed(psql: Path, conninfo: str, home: Path) -> Printed:
    """Every command in one session. Where a function is edited, it is printed."""
    script = home / "commands.psql"
    asked = (f"\\echo '{_RECORD}@'\n{command}\n\\r\n" for command in COMMANDS)
    script.write_text("".join(asked), encoding="utf-8")
    done = subprocess.run(
        [
            psql, "-X", "-q", "-A", "-F", _FIELD, "-R", _RECORD, "-d", conninfo,
            "-v", "VERBOSITY=verbose", "-f", script,
        ],
        capture_output=True, text=True, timeout=180, check=False,
        env={**os.environ, "PSQL_EDITOR": "cat", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    said = dict.fromkeys(COMMANDS, "")
    at = 0
    for line in done.stderr.splitlines():
        if found := _ERROR.match(line):
            at = (int(found[1]) - 1) // 3
        said[COMMANDS[at]] += (found[2] if found else line) + "\n"
    _, *parts = done.stdout.replace(_CLEARED, "").split(f"{_RECORD}@\n")
    assert len(parts) == len(COMMANDS), done.stderr
    return {c: (part, said[c]) for c, part in zip(COMMANDS, parts, strict=True)}


def without_sizes(text: str) -> str:
    """The text with the fields left out that hold a size, as ``pg_size_pretty`` writes it."""
    records = (record.split(_FIELD) for record in text.split(_RECORD))
    return _RECORD.join(
        _FIELD.join("" if _SIZE.fullmatch(field) else field for field in record)
        for record in records
    )


@pytest.fixture(scope="module", params=PSQLS, ids=lambda path: str(path.parent.parent.name))
def both(request, shop: Site, tmp_path_factory) -> tuple[Printed, Printed]:
    """Through the proxy, and without it to the same database."""
    home = tmp_path_factory.mktemp("psql")
    options = "-c search_path=shop,base,public"
    path = shop.conninfo(USER, options=options)
    around = shop.database.conninfo(USER, host=HOST) + f" options='{options}'"
    return printed(request.param, path, home), printed(request.param, around, home)


def test_every_command_prints_what_it_prints_without_the_proxy(both):
    ours, theirs = both
    different = {}
    for command in COMMANDS:
        (text, said), (expected, complaint) = ours[command], theirs[command]
        if command in REFUSED:
            assert _RULE.search(said), f"{command} is served now"
            continue
        assert {*_SIZE.findall(text)} <= {_NOTHING}, command
        if _FORBIDDEN in complaint:
            complaint, expected = "", text
        if (without_sizes(text), said) != (without_sizes(expected), complaint):
            different[command] = said or text
    assert not different


def test_sizes_are_asked_for_and_something_is_printed(both):
    ours, theirs = both
    sized = {c for c in COMMANDS if without_sizes(theirs[c][0]) != theirs[c][0]}
    assert {r"\dt+", r"\di+", r"\l+", r"\dm+", r"\dP+"} <= sized
    assert _FORBIDDEN in theirs[r"\db+"][1]
    assert sum(len(text) > 40 for text, _ in ours.values()) > 120
    assert {c for c in COMMANDS if "ERROR" in theirs[c][1]} == {r"\db+", r"\dRs+"}
    assert PASSWORD not in "".join(text for text, _ in ours.values())
