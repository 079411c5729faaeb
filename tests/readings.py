"""What real servers read in bytes of every client encoding, beside what the proxy reads in them.

    python -m tests.readings        every sequence, on every server of this machine, as a table

Each sequence stands for itself: both sides take a text apart from the left, and a character of one
that is a character of the other, with the same meaning, has the same length in both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice, product

import psycopg

from proxy.wire.postgres.encoding import CODECS, decode_exactly, encode_exactly
from tests.world import PostgresWorld, installed_binaries

BATCH = 50_000
SHOWN_MAX = 5

# An invalid sequence is NULL: with one statement for all of them, the first would end it.
READ = """
CREATE FUNCTION pg_temp.readings(sequences bytea[], encoding name) RETURNS text[]
LANGUAGE plpgsql AS $$
DECLARE
    found text[] := array_fill(NULL::text, ARRAY[array_length(sequences, 1)]);
    position int := 0;
    sequence bytea;
BEGIN
    FOREACH sequence IN ARRAY sequences LOOP
        position := position + 1;
        BEGIN
            found[position] := convert_from(sequence, encoding);
        EXCEPTION WHEN others THEN
            NULL;
        END;
    END LOOP;
    RETURN found;
END $$
"""


@dataclass
class Comparison:
    """How many sequences both read alike, neither reads, and the server alone reads; and those
    that the proxy reads otherwise than the server, or does not write again as they were."""

    alike_count: int = 0
    neither_count: int = 0
    refused_count: int = 0
    wrong: list[bytes] = field(default_factory=list)

    @property
    def compared_count(self) -> int:
        return self.alike_count + self.neither_count + self.refused_count + len(self.wrong)

    def add(self, sequence: bytes, codec: str, theirs: str | None) -> None:
        ours = decode_exactly(sequence, codec)
        if ours is None:
            self.neither_count += theirs is None
            self.refused_count += theirs is not None
        elif ours == theirs and self._written_again(sequence, ours, codec):
            self.alike_count += 1
        else:
            self.wrong.append(sequence)

    def _written_again(self, sequence: bytes, text: str, codec: str) -> bool:
        written = encode_exactly(text, codec)
        if codec == "cp932" and written is not None:
            return decode_exactly(written, codec) == text
        return written == sequence


def sequences(encoding: str) -> Iterator[bytes]:
    """All bytes, all pairs, and what longer characters the encoding has."""
    yield from (bytes((byte,)) for byte in range(1, 256))
    yield from map(bytes, product(range(1, 256), repeat=2))
    match encoding:
        case "EUC_JP":
            yield from map(bytes, product((0x8F,), range(0x80, 256), range(0x80, 256)))
        case "GB18030":
            bytes_, digits = range(0x81, 0xFF), range(0x30, 0x3A)
            yield from map(bytes, product(bytes_, digits, bytes_, digits))
        case "UTF8" | "SQL_ASCII":
            lead, tail = range(0xE0, 0x100), range(0x7F, 0xC1)
            yield from map(bytes, product(lead, tail, tail))
            yield from map(bytes, product(lead, tail, tail, (0x80, 0xBF)))
        case _:
            pass


def compare(
    connection: psycopg.Connection, encoding: str, *, understood_only: bool = False
) -> Comparison:
    """Both readings of every sequence, on a connection with `READ` done; or, in a small part of the
    time, of those that the proxy reads. SQL_ASCII is compared with what the server reads in the
    encoding of the database."""
    comparison, codec = Comparison(), CODECS[encoding]
    name = "UTF8" if encoding == "SQL_ASCII" else encoding
    asked = sequences(encoding)
    if understood_only:
        asked = (sequence for sequence in asked if decode_exactly(sequence, codec) is not None)
    while batch := list(islice(asked, BATCH)):
        row = connection.execute(
            "SELECT pg_temp.readings(%b::bytea[], %s::name)", (batch, name)
        ).fetchone()
        assert row is not None
        for sequence, theirs in zip(batch, row[0], strict=True):
            comparison.add(sequence, codec, theirs)
    return comparison


def _main() -> None:
    for binaries in installed_binaries():
        with PostgresWorld(binaries) as world, world.database().connect() as connection:
            print(world.version)
            print("| encoding | compared | alike | neither | refused | wrong |")
            connection.execute(READ)
            for encoding in CODECS:
                c = compare(connection, encoding)
                counts = (c.compared_count, c.alike_count, c.neither_count, c.refused_count)
                shown = " ".join(sequence.hex() for sequence in c.wrong[:SHOWN_MAX])
                cells = (encoding, *(f"{count:,}" for count in counts), f"{len(c.wrong)} {shown}")
                print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    _main()
