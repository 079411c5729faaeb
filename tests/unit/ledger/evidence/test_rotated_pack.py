"""A pack of a log whose keys changed: each is followed to the next, by its own word alone."""

import json

import pytest

from ledger.evidence.pack_check import Result, check_pack
from ledger.evidence.pack_formats import parse_keys
from ledger.note import SigningKey
from tests.unit.ledger.evidence.handmade import DECISION, ENTRY, LOG, HandmadeLog, genesis_line


def announced(purpose: str, key: SigningKey) -> bytes:
    header = {"kind": "key", "purpose": purpose, "alg": "ed25519", "key": str(key.verifier)}
    return json.dumps(header, separators=(",", ":")).encode()


def check(folder, steps, signer: SigningKey = LOG[0], given: SigningKey = LOG[0]) -> Result:
    """`steps` are header lines and who signs each entry; `given` is the one key it is held to."""
    log = HandmadeLog(signer)
    for line, *signers in steps:
        log.add(line, *signers)
    return check_pack(log.pack(folder), parse_keys(str(given.verifier)), [])


BEGIN = (genesis_line(), ENTRY[0])
NEW_ENTRY_KEY = (announced("entry", ENTRY[1]), ENTRY[0], ENTRY[1])
NEW_LOG_KEY = (announced("log", LOG[1]), ENTRY[1], LOG[0], LOG[1])


@pytest.mark.parametrize("key", LOG, ids=["old", "new"])
def test_each_key_is_followed_to_the_next(tmp_path, key):
    steps = [BEGIN, (DECISION, ENTRY[0]), NEW_ENTRY_KEY, (DECISION, ENTRY[1]), NEW_LOG_KEY]
    assert check(tmp_path / "p", steps, key, key).faults == []


@pytest.mark.parametrize(
    ("steps", "index"),
    [
        ([BEGIN, (DECISION, ENTRY[1])], 1),
        ([BEGIN, NEW_ENTRY_KEY, (DECISION, ENTRY[0])], 2),
        ([BEGIN, (announced("entry", ENTRY[1]), ENTRY[1])], 1),
        ([BEGIN, (announced("entry", ENTRY[1]), ENTRY[0])], 1),
        ([BEGIN, (announced("epoch", ENTRY[1]), ENTRY[0]), (DECISION, ENTRY[1])], 2),
    ],
    ids=["not announced", "retired", "by itself", "not held", "for something else"],
)
def test_an_entry_key_that_the_one_before_did_not_name_is_refused(tmp_path, steps, index):
    assert check(tmp_path / "p", steps).faults[0].index == index


def test_a_log_key_is_trusted_by_who_was_given_it_and_by_no_word_of_the_log(tmp_path):
    steps = [BEGIN, NEW_ENTRY_KEY, NEW_LOG_KEY]
    assert check(tmp_path / "p", steps, signer=LOG[1], given=LOG[0]).faults


def test_a_key_that_the_log_never_names_as_its_own_is_not_the_logs(tmp_path):
    (fault,) = check(tmp_path / "p", [BEGIN, NEW_ENTRY_KEY], signer=LOG[1], given=LOG[1]).faults
    assert (fault.index, "begun with another key" in str(fault)) == (0, True)
