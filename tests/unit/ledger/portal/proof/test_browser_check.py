"""The browser's check beside the ledger's own: they take the same, and refuse the same."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest

from ledger.cosignature import CosigningKey
from ledger.envelope import Identity
from ledger.note import SigningKey, VerifierKey
from ledger.prepare import change_recipients, prepare_successor
from ledger.proof import Proof, parse_proof
from tests.seeds import seed_of
from tests.unit.ledger.portal.proof.browser_check import (
    NODE,
    Given,
    agree,
    by_node,
    given_of,
    scripts,
)
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import ORIGIN, SmallLog, log_of, notary_keys

pytestmark = pytest.mark.skipif(NODE is None, reason="there is no node")

KEYS = notary_keys()
WITNESS = CosigningKey("procuratorate.example/w1", b"w" * 32)
DASH = "\u2014 "


@pytest.fixture(scope="module")
def check(tmp_path_factory) -> Path:
    return scripts(tmp_path_factory.mktemp("scripts"))


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("log") / "log", 300)


@pytest.fixture(scope="module")
def given(log: SmallLog) -> Given:
    return given_of(log.root, [KEYS.log.verifier], 77)


# ------------------------------------------------------------------ what is well formed


def test_every_sort_of_place_in_the_tree(check: Path, log: SmallLog):
    indices = [0, 1, 2, 3, 127, 128, 254, 255, 256, 257, 299, 303]
    cases = [given_of(log.root, [KEYS.log.verifier], index) for index in indices]
    assert all(agree(check, cases))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 9])
def test_small_trees(check: Path, tmp_path: Path, size: int):
    log = log_of(tmp_path / "log", size)
    count = log.verify().size
    cases = [given_of(log.root, [KEYS.log.verifier], index) for index in range(count)]
    assert all(agree(check, cases))


def test_a_log_that_changed_all_its_keys(check: Path, tmp_path: Path):
    log = RotatingLog(tmp_path).once(2)
    first = log.keys.log.verifier
    prepare_successor(log.directory, "log")
    prepare_successor(log.directory, "entry")
    log.once(2)
    both = VerifierKey.parse(log.vkey("log.vkey"))
    cases = [given_of(log.root, [first, both], index) for index in range(log.verify().size)]
    log.retire()
    log.once(2)
    last = VerifierKey.parse(log.vkey("log.vkey"))
    size = log.verify().size
    cases += [given_of(log.root, [last], index) for index in range(size)]
    assert all(agree(check, cases))
    whole = cases[-1]
    assert len(whole.history) >= 4
    fewer = [Given(whole.receipt, whole.history[:at] + whole.history[at + 1 :], whole.keys)
             for at in range(len(whole.history))]  # fmt: skip
    fewer += [Given(whole.receipt, whole.history, (str(first),)),
              Given(whole.receipt, tuple(reversed(whole.history)), whole.keys),
              Given(whole.receipt, whole.history * 2, whole.keys)]  # fmt: skip
    taken = agree(check, fewer)
    assert not taken[0]
    assert not all(taken)


# ------------------------------------------------------------------ what was tampered with


def test_each_byte_flipped_is_refused(check: Path, given: Given):
    """The entry's spare bits of base64 are in no signature, and no spelling but one is taken."""
    random = Random(seed_of(__name__))
    data = given.receipt
    cases = []
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1 << random.randrange(8)
        cases.append(given.with_receipt(bytes(changed)))
    assert not any(agree(check, cases))


def test_each_byte_of_what_names_the_keys_flipped_is_refused(check: Path, given: Given):
    (genesis,) = given.history
    cases = []
    for at in range(0, len(genesis), 3):
        changed = bytearray(genesis)
        changed[at] ^= 1 << at % 7
        cases.append(Given(given.receipt, (bytes(changed),), given.keys))
    assert not any(agree(check, cases))


def test_each_length_is_refused(check: Path, given: Given):
    cuts = range(0, len(given.receipt), 7)
    assert not any(agree(check, [given.with_receipt(given.receipt[:at]) for at in cuts]))


def test_lines_taken_out_repeated_and_moved(check: Path, given: Given):
    lines = given.receipt.split(b"\n")
    cases = []
    for at in range(len(lines)):
        rest = lines[:at] + lines[at + 1 :]
        cases.append(rest)
        cases.append([*lines[: at + 1], lines[at], *lines[at + 1 :]])
        cases.append([*rest[:1], lines[at], *rest[1:]])
        cases.append([*lines[:at], lines[at] + b"\r", *lines[at + 1 :]])
        cases.append([*lines[:at], b" " + lines[at], *lines[at + 1 :]])
    taken = agree(check, [given.with_receipt(b"\n".join(each)) for each in cases])
    assert sum(taken) < len(lines)


def test_random_bytes_put_anywhere(check: Path, given: Given):
    random = Random(seed_of(__name__))
    pieces = [b"\n", b"\n\n", b"=", b"==", b"A", b"\xef\xbb\xbf", b"\xff", b"\0", b" ", b"+",
              b"extra ", b"index 1\n", "— ".encode(), "\u3000".encode(), b"\x85", b"0"]  # fmt: skip
    cases = []
    for _ in range(500):
        data = given.receipt
        for _ in range(random.randrange(1, 3)):
            at, width = random.randrange(len(data)), random.choice([0, 0, 1, 2, 44])
            data = data[:at] + random.choice(pieces) + data[at + width :]
        cases.append(given.with_receipt(data))
    agree(check, cases)


def test_changes_of_recipients_are_followed(check: Path, tmp_path: Path):
    log = RotatingLog(tmp_path).once()
    change_recipients(log.directory, [Identity.generate("superior").recipient], [])
    log.once(3)
    key = log.keys.log.verifier
    assert all(agree(check, [given_of(log.root, [key], at) for at in range(log.verify().size)]))


def test_keys_that_are_given_wrongly(check: Path, given: Given):
    key = given.keys[0]
    other = str(SigningKey(ORIGIN, b"o" * 32).verifier)
    keys = [(), ("",), ("a+b",), (key[:-1],), (key + "A",), (key.upper(),), (other,),
            (other, key), (key, key), (str(KEYS.entry.verifier),), (str(WITNESS.verifier),),
            (key.replace("+", "++", 1),), ("x" + key,)]  # fmt: skip
    taken = agree(check, [Given(given.receipt, given.history, each) for each in keys])
    assert [at for at, each in enumerate(taken) if each] == [7, 8]


def test_a_proof_without_its_entry_or_without_history(check: Path, given: Given):
    proof = parse_proof(given.receipt)
    bare = Proof(proof.index, proof.path, proof.checkpoint_note).to_bytes()
    (told, without) = by_node(
        check, [given.with_receipt(bare), Given(given.receipt, (), given.keys)]
    )
    assert told["step"] == "read"
    assert without["step"] == "entry"


def test_each_step_is_named_when_it_fails(check: Path, given: Given, log: SmallLog):
    proof = parse_proof(given.receipt)
    other = given_of(log.root, [KEYS.log.verifier], 78)
    entry = parse_proof(other.receipt).entry
    moved = Proof(proof.index, proof.path, proof.checkpoint_note, entry).to_bytes()
    unsigned = given.receipt.replace(b"\n304\n", b"\n303\n")
    steps = [each["step"] for each in by_node(check, [
        given.with_receipt(b""), given.with_receipt(unsigned), given.with_receipt(moved),
        Given(given.receipt, other.history[:0], given.keys),
    ])]  # fmt: skip
    assert steps == ["read", "checkpoint", "inclusion", "entry"]
