from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256

import pytest

from ledger.fetch import DirectoryLog, read_bundle, read_payloads
from ledger.merkle import leaf_hash
from ledger.verify.entries import Expected, InForce, Judged, judge_entries
from ledger.verify.report import Fault
from tests.unit.ledger.small_log import ORIGIN, SmallLog, keys_in_force, log_of, notary_keys

IN_FORCE = InForce(keys_in_force(), predecessor=None)
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


def test_what_hangs_on_earlier_entries_is_left_open(entries, payloads):
    judged = judge_entries(EXPECTED, IN_FORCE, 5, entries[5:], payloads[5:])
    assert judged.found is None
    assert judged.first_previous == sha256(entries[4]).digest()
    assert judged.last_digest == sha256(entries[-1]).digest()
    assert (judged.epochs, judged.borrowed) == ([], {1: 5})
    assert judged.leaves == [leaf_hash(entry) for entry in entries[5:]]


def test_the_genesis_entry_lays_down_what_is_in_force(entries, payloads):
    judged = judge_entries(EXPECTED, None, 0, entries, payloads)
    assert (judged.in_force, judged.found) == (IN_FORCE, None)
    assert (judged.epochs, judged.borrowed) == ([1], {})
    assert judged.tally.kinds == {
        "genesis": 1, "key": 1, "boot": 1, "decision": 16, "heartbeat": 1}  # fmt: skip


def fault(judged: Judged) -> tuple[Fault, int] | None:
    return None if judged.found is None else (judged.found.fault, judged.found.index)


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
    other = replace(EXPECTED, promised={7: bytes(32)})
    assert fault(judge_entries(other, None, 0, entries, payloads)) == (Fault.WAL, 7)


QUICK = replace(EXPECTED, signatures=False)


def signed_badly(entry: bytes) -> bytes:
    at = entry.rindex(b" ") + 40
    return entry[:at] + bytes([entry[at] ^ 1]) + entry[at + 1 :]


def test_without_signatures_a_bad_one_passes_and_an_entry_of_another_key_does_not(
    entries, payloads
):
    decisions = [*entries[:18], signed_badly(entries[18])]
    assert fault(judge_entries(EXPECTED, None, 0, decisions, payloads)) == (Fault.ALTERED, 18)
    assert fault(judge_entries(QUICK, None, 0, decisions, payloads)) is None
    other_key = notary_keys(b"x" * 32).log.verifier
    other = replace(IN_FORCE, keys=replace(IN_FORCE.keys, entry=other_key))
    for base in (3, 4):
        judged = judge_entries(QUICK, other, base, decisions[base:], payloads[base:])
        assert fault(judged) == (Fault.ALTERED, base)


@pytest.mark.parametrize("index", [0, 1, 19])
def test_what_changes_keys_or_may_end_the_log_is_checked_without_signatures_too(
    entries, payloads, index: int
):
    entries[index] = signed_badly(entries[index])
    judged = judge_entries(QUICK, None, 0, entries, payloads)
    assert fault(judged) == (Fault.ALTERED, index)


def test_payloads_of_which_there_is_no_file_are_absent_and_not_wrong(entries, payloads):
    absent = [None] * len(entries)
    tally = judge_entries(EXPECTED, None, 0, entries, payloads).tally.payloads
    assert (tally.present_count, tally.absent_count) == (16, 0)
    judged = judge_entries(EXPECTED, None, 0, entries, absent)
    assert judged.found is None
    tally = judged.tally.payloads
    assert (tally.present_count, tally.absent_count) == (0, 16)
