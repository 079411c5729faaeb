"""A bundle of entries with its tile and payloads, as a reader has them; and runs of bundles.

What is found is handed back and not raised: a run may be judged in another process, and what comes
before it decides first.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.errors import FormatError
from ledger.fetch import LogReader, read_bundle, read_payloads, read_tile
from ledger.tile import (
    HASH_BYTES,
    TILE_WIDTH,
    BrokenBundle,
    TileSlot,
    complete_root,
    tile_width,
)
from ledger.verify.entries import Expected, Found, InForce, Judged, Wrong, judge_entries
from ledger.verify.report import Fault


@dataclass(frozen=True, slots=True)
class Published:
    """The published part of a log, and what is asked of it."""

    reader: LogReader
    size: int
    expected: Expected
    rooted_sizes: frozenset[int] = frozenset()
    """At which the root will be asked for."""


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive bundles."""

    first: int
    count: int


@dataclass(frozen=True, slots=True)
class JudgedBundle:
    """`root` of a full bundle with nothing wrong, whose leaf hashes nobody needs then; else b""."""

    judged: Judged
    root: bytes = b""


def judge_run(published: Published, run: Run, in_force: InForce | None) -> list[JudgedBundle]:
    """Each bundle of the run, up to the first in which something is wrong."""
    results: list[JudgedBundle] = []
    for number in range(run.first, run.first + run.count):
        results.append(judge_bundle(published, number, in_force))
        if results[-1].judged.found is not None:
            break
        in_force = results[-1].judged.in_force
    return results


def judge_bundle(published: Published, number: int, in_force: InForce | None) -> JudgedBundle:
    base, width = number * TILE_WIDTH, tile_width(0, number, published.size)
    try:
        judged = _judge(published, number, width, in_force)
    except Wrong as wrong:
        return JudgedBundle(Judged(base, in_force, found=wrong.found))
    partial = judged.found is not None or width < TILE_WIDTH
    if partial or not published.rooted_sizes.isdisjoint(range(base + 1, base + width)):
        return JudgedBundle(judged)
    root = complete_root(judged.leaves)
    judged.leaves.clear()
    return JudgedBundle(judged, root)


def _judge(published: Published, number: int, width: int, in_force: InForce | None) -> Judged:
    reader, base, broken = published.reader, number * TILE_WIDTH, False
    try:
        entries = read_bundle(reader, number, width)
    except FileNotFoundError:
        detail = f"the bundle of entry {base} is gone"
        raise Wrong(Fault.MISSING, base, detail) from None
    except BrokenBundle as error:
        entries, broken = error.items[:width], True
    tile = read_whole_tile(reader, TileSlot(0, number, width), base)
    payloads = _payloads(reader, number, width)
    absent: list[bytes | None] = [None] * width
    judged = judge_entries(
        published.expected, in_force, base, entries, absent if payloads is None else payloads, tile
    )
    judged.tally.payloads.files_here = payloads is not None
    if judged.found is None and (broken or len(entries) != width):
        index = base + len(entries)
        judged.found = Found(Fault.MISSING, index, f"the bundle breaks off at entry {index}")
    return judged


def read_whole_tile(reader: LogReader, slot: TileSlot, base: int) -> bytes:
    """Raises `Wrong`, at entry `base`, where it is not whole."""
    try:
        tile = read_tile(reader, slot)
    except (FileNotFoundError, FormatError):
        tile = b""
    if len(tile) != slot.width * HASH_BYTES:
        raise Wrong(Fault.TILE, base, f"{slot.path} is missing or cut")
    return tile


def _payloads(reader: LogReader, number: int, width: int) -> list[bytes] | None:
    """Ciphertexts, where this copy has a file of them."""
    try:
        payloads = read_payloads(reader, number, width)
    except FileNotFoundError:
        return None
    except BrokenBundle as error:
        payloads, width = error.items, -1  # also where it goes on after the last of them
    if len(payloads) < width or width < 0:
        index = number * TILE_WIDTH + len(payloads)
        raise Wrong(Fault.PAYLOAD, index, f"the payloads break off at entry {index}")
    return payloads
