from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from ledger.entry import parse_entry
from ledger.fetch import DirectoryLog, read_bundle, read_payloads
from ledger.merkle import leaf_hash
from ledger.rotation import KeysInForce
from ledger.verify.entries import Expected, Found, InForce, Judged, judge_entries
from ledger.verify.report import Fault
from tests.unit.ledger.small_log import ORIGIN, SmallLog, log_of, notary_keys

EXPECTED = Expected(ORIGIN, signatures=True)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("entries") / "log", 16)


@pytest.fixture
def entries(log: SmallLog) -> list[bytes]:
    return read_bundle(DirectoryLog(log.root), 0, 20)


@pytest.fixture
def payloads(log: SmallLog) -> list[bytes]:
    return read_payloads(DirectoryLog(log.root), 0, 20)


@pytest.fixture
def in_force(entries: list[bytes]) -> InForce:
    return InForce(KeysInForce.from_genesis(parse_entry(entries[0])[0]), None)


def test_what_hangs_on_earlier_entries_is_left_open(entries, payloads, in_force):
    judged = judge_entries(EXPECTED, in_force, 5, entries[5:], payloads[5:])
    assert judged.found is None
    assert judged.first_previous == sha256(entries[4]).digest()
    assert judged.last_digest == sha256(entries[-1]).digest()
    assert (judged.epochs, judged.borrowed) == ([], {1: 5})
    assert judged.leaves == [leaf_hash(entry) for entry in entries[5:]]


def test_the_genesis_entry_lays_down_what_is_in_force(entries, payloads, in_force):
    judged = judge_entries(EXPECTED, None, 0, entries, payloads)
    assert (judged.in_force, judged.found) == (in_force, None)
    assert (judged.epochs, judged.borrowed) == ([1], {})
    assert judged.tally.kinds == {
        "genesis": 1, "key": 1, "boot": 1, "decision": 16, "heartbeat": 1}  # fmt: skip


def fault(judged: Judged) -> tuple[Fault, int] | None:
    found: Found | None = judged.found
    return None if found is None else (found.fault, found.index)


def test_the_first_of_several_faults_is_found(entries, payloads):
    tile = bytearray(b"".join(map(leaf_hash, entries)))

    def found() -> tuple[Fault, int] | None:
        return fault(judge_entries(EXPECTED, None, 0, entries, payloads, bytes(tile)))

    assert found() is None
    steps: list[tuple[Callable[[], object], tuple[Fault, int]]] = [
        (lambda: entries.__setitem__(12, b"x"), (Fault.ALTERED, 12)),
        (lambda: tile.__setitem__(11 * 32, tile[11 * 32] ^ 1), (Fault.TILE, 11)),
        (lambda: payloads.__setitem__(11, b"x"), (Fault.PAYLOAD, 11)),
        (lambda: entries.__setitem__(9, entries[8]), (Fault.MISPLACED, 9)),
        (lambda: tile.__setitem__(2 * 32, tile[2 * 32] ^ 1), (Fault.TILE, 2)),
    ]
    for damage, expected in steps:
        damage()
        assert found() == expected


def test_what_was_promised_otherwise_is_found(entries, payloads):
    other = Expected(ORIGIN, signatures=True, promised={7: bytes(32)})
    assert fault(judge_entries(other, None, 0, entries, payloads)) == (Fault.WAL, 7)


def test_without_signatures_a_bad_one_passes_and_an_entry_of_another_key_does_not(
    entries, payloads, in_force
):
    del entries[-1]  # of the decision that is the last one now no link tells
    line = entries[-1].rindex(b" ") + 40
    other_letter = b"B" if entries[-1][line : line + 1] == b"A" else b"A"
    entries[-1] = entries[-1][:line] + other_letter + entries[-1][line + 1 :]
    quick = Expected(ORIGIN, signatures=False)
    assert fault(judge_entries(EXPECTED, None, 0, entries, payloads)) == (Fault.ALTERED, 18)
    assert fault(judge_entries(quick, None, 0, entries, payloads)) is None
    strange = replace(in_force.keys, entry=notary_keys(b"x" * 32).log.verifier)
    for base in (3, 4):
        judged = judge_entries(
            quick, replace(in_force, keys=strange), base, entries[base:], payloads[base:]
        )
        assert fault(judged) == (Fault.ALTERED, base)


@pytest.mark.parametrize("index", [0, 1, 19])
def test_without_signatures_the_notarys_word_on_itself_and_on_keys_is_still_checked(
    entries, payloads, index: int
):
    data = entries[index]
    line = data.rindex(b" ") + 40
    entries[index] = data[:line] + bytes([data[line] ^ 1]) + data[line + 1 :]
    quick = Expected(ORIGIN, signatures=False)
    assert fault(judge_entries(quick, None, 0, entries, payloads)) == (Fault.ALTERED, index)


def test_payloads_of_which_there_is_no_file_are_absent_and_not_wrong(entries, payloads):
    judged = judge_entries(EXPECTED, None, 0, entries, payloads)
    told = judged.tally.payloads
    assert (judged.found, told.present_count, told.absent_count) == (None, 16, 0)
    judged = judge_entries(EXPECTED, None, 0, entries, [None] * len(entries))
    told = judged.tally.payloads
    assert (judged.found, told.present_count, told.absent_count) == (None, 0, 16)
