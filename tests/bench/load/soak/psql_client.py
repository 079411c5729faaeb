"""A client that is psql: a process for each script, as in the night jobs of old systems."""

from __future__ import annotations

import subprocess

from tests.bench.load.soak.book import Book
from tests.bench.load.soak.psycopg_client import CONNECT_TIMEOUT_S, KEYS

LOST_CONNECTION = 2
"""psql's exit code (psql(1), "Exit Status")."""
SCRIPT_MAX_S = 120
EXCUSES = ("server closed the connection", "connection to server", "terminating connection",
           "the database closed the connection", "shutting down", "starting up",
           "the audit ledger cannot record")  # fmt: skip

SCRIPT = """\
\\set ON_ERROR_STOP on
SELECT {mark}::bigint, 'begin';
BEGIN;
DELETE FROM soaked WHERE client = {client} AND key >= {keys};
\\copy soaked FROM pstdin
INSERT INTO soaked SELECT {client}, {keys} + 1000, {mark} ON CONFLICT DO NOTHING;
COMMIT; SELECT {mark}::bigint, count(*) FROM soaked WHERE client = {client};
\\copy (SELECT key, value FROM soaked WHERE client = {client} ORDER BY key) TO STDOUT
"""


class ScriptLost(ConnectionError):
    """psql lost its connection."""


class PsqlClient:
    """Each step is a process."""

    def __init__(self, book: Book) -> None:
        self.book = book

    def drop(self) -> None:
        """There is nothing to keep."""

    def step(self) -> None:
        """One script. Its rows come by stdin, and what it prints is known."""
        book = self.book
        mark, conninfo = book.mark(), book.site.conninfo(
            application_name=book.name, connect_timeout=str(CONNECT_TIMEOUT_S))  # fmt: skip
        new = {KEYS + n: book.mark() for n in range(book.random.randrange(1, 100))}
        script = SCRIPT.format(mark=mark, client=book.number, keys=KEYS)
        rows = "".join(f"{book.number}\t{key}\t{value}\n" for key, value in new.items())
        kept = {key: value for key, value in book.rows.items() if key < KEYS}
        book.connected = True
        book.maybe = after = {**kept, **new, KEYS + 1000: mark}
        copied = script.replace("FROM pstdin\n", f"FROM STDIN\n{rows}\\.\n")
        done = subprocess.run(
            ["psql", "-X", "-At", "-q", "-F,", "-f", "-", conninfo], input=copied,
            capture_output=True, text=True, timeout=SCRIPT_MAX_S, check=False,
        )  # fmt: skip
        printed = [f"{mark},begin", f"{mark},{len(after)}"]
        printed += [f"{key}\t{value}" for key, value in sorted(after.items())]
        lines = done.stdout.splitlines()
        book.require(lines == printed[: len(lines)], "what psql printed")
        if done.returncode == 0 and len(lines) == len(printed):
            book.wrote()
            book.answered("psql", mark)
            return
        if lines:
            book.answered("psql, cut", mark)
        excused = any(words in done.stderr for words in EXCUSES)
        book.require(excused, f"psql ended with {done.returncode}: {done.stderr[-300:]}")
        raise ScriptLost
