"""Which key signed what, told by entries made by hand."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import FormatError
from ledger.evidence.history import KeyHistory, may_change_keys
from ledger.evidence.proven import KeyHint, ProvenLog
from ledger.note import SigningKey
from tests.unit.ledger.evidence.handmade import (
    DECISION,
    ENTRY,
    LOG,
    ORIGIN,
    HandmadeLog,
    genesis_line,
)


def announced(purpose: str, key: SigningKey, **more: str) -> bytes:
    header = {"kind": "key", "purpose": purpose, "alg": "ed25519", "key": str(key.verifier)}
    return json.dumps(header | more, separators=(",", ":")).encode()


def retirement(key: SigningKey) -> bytes:
    header = {"kind": "key", "purpose": "log-retired", "key": str(key.verifier)}
    return json.dumps(header, separators=(",", ":")).encode()


def made(*steps: tuple, signer: SigningKey = LOG[0]) -> HandmadeLog:
    log = HandmadeLog(signer).add(genesis_line())
    for line, *signers in steps:
        log.add(line, *signers)
    return log


NEW_ENTRY_KEY = (announced("entry", ENTRY[1]), *ENTRY)
NEW_LOG_KEY = (announced("log", LOG[1]), ENTRY[0], *LOG)
OLD_RETIRED = (retirement(LOG[0]), ENTRY[0])


def test_each_entry_has_the_key_that_was_in_force_where_it_stands():
    log = made((DECISION,), NEW_ENTRY_KEY, (DECISION, ENTRY[1]))
    history = KeyHistory(log.entries[0], ORIGIN)
    history.follow(2, log.entries[2])
    keys = [history.entry_key(index) for index in range(4)]
    assert keys == [ENTRY[0].verifier] * 3 + [ENTRY[1].verifier]
    proven = ProvenLog(log, [LOG[0].verifier])
    assert [proven.entry(index).index for index in range(4)] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("step", "signer"),
    [
        (NEW_ENTRY_KEY, ENTRY[0]),
        ((announced("entry", ENTRY[1]), ENTRY[1]), ENTRY[1]),
        ((announced("entry", ENTRY[1]), ENTRY[0]), ENTRY[1]),
        ((announced("log", ENTRY[1]), *ENTRY), ENTRY[1]),
        ((announced("entry", LOG[1]), ENTRY[0], LOG[1]), ENTRY[0]),
    ],
    ids=["retired", "by itself", "not held", "for something else", "of another name"],
)
def test_no_other_key_signs_evidence(step: tuple, signer: SigningKey):
    """The holder of the log's key put these into the tree."""
    proven = ProvenLog(made(step, (DECISION, signer)), [LOG[0].verifier])
    with pytest.raises(FormatError):
        proven.entry(2)


def test_a_change_that_is_not_in_the_signed_tree_is_none():
    log = made((DECISION,), (DECISION, ENTRY[1]))

    class Exchanged(HandmadeLog):
        """The files are the attacker's, the signed tree is not."""

        def read(self, path: str) -> bytes:
            return super().read(path) if path.startswith("tile/entries") else log.read(path)

    forged = Exchanged(entries=[log.entries[0], made(NEW_ENTRY_KEY).entries[1], log.entries[2]])
    with pytest.raises(FormatError, match="entry 1 is not in the log"):
        ProvenLog(forged, [LOG[0].verifier]).entry(2)


@pytest.mark.parametrize(
    ("steps", "signer", "given_keys", "said"),
    [
        ([], LOG[1], LOG[1:], "begun with another key"),
        ([NEW_LOG_KEY, OLD_RETIRED], LOG[0], LOG[:1], "announces the key that signs now"),
        ([NEW_LOG_KEY, OLD_RETIRED], LOG[0], LOG, "no trusted key|signed"),
        ([NEW_LOG_KEY], LOG[1], LOG[1:], "sign"),
    ],
    ids=["never named", "retired", "signed by the retired", "one of two"],
)
def test_a_log_key_counts_where_it_is_in_force(steps, signer, given_keys, said):
    log = made(*steps, signer=signer)
    proven = ProvenLog(log, [key.verifier for key in given_keys])
    with pytest.raises(FormatError, match=said):
        proven.entry(0)


def test_a_log_is_reached_by_the_key_of_now_alone():
    log = made(NEW_LOG_KEY, OLD_RETIRED, (DECISION,), signer=LOG[1])
    assert ProvenLog(log, [LOG[1].verifier]).entry(3).index == 3


def test_epochs_are_not_read_and_all_else_that_may_change_keys_is():
    assert not may_change_keys(b'{"kind":"key","purpose":"epoch","wrapped":[]}')
    assert not may_change_keys(DECISION)
    for line in (NEW_ENTRY_KEY[0], NEW_LOG_KEY[0], OLD_RETIRED[0], b'{"kind":"key","purpose":"x"'):
        assert may_change_keys(b'{"kind":"key","purpose":"epoch"}\n' + line)


@given(st.binary(max_size=300), st.integers(0, 600), st.booleans())
def test_any_bytes_are_followed_or_refused(noise: bytes, at: int, as_genesis: bool):
    log = made(NEW_ENTRY_KEY)
    whole = log.entries[0 if as_genesis else 1]
    changed = whole[:at] + noise + whole[at + len(noise) :]
    if changed == whole:
        return
    with pytest.raises(FormatError):
        if as_genesis:
            KeyHistory(changed, ORIGIN)
        else:
            KeyHistory(log.entries[0], ORIGIN).follow(1, changed)


CHANGING = ((DECISION,), NEW_ENTRY_KEY, (DECISION, ENTRY[1]))


@pytest.mark.parametrize(
    ("numbers", "size"),
    [
        ((2,), 4),
        ((2,), 1000),
        ((), 2),
        ((), 4),  # one was left out,
        ((1, 2), 4),  # one changes nothing,
        ((2, 2, 0, -1, 9, 1 << 70), 4),  # and numbers of nothing.
    ],
)
def test_a_hint_changes_nothing_but_what_is_read(numbers, size):
    hint = KeyHint(numbers, size)
    proven = ProvenLog(made(*CHANGING), [LOG[0].verifier], hint=hint)
    assert [proven.entry(index).index for index in (3, 0, 1, 2)] == [3, 0, 1, 2]
    assert proven.key_changes == [2]
    # Nor what is refused, as long as none was left out.
    forged = made(*CHANGING, (DECISION, ENTRY[0]))
    if size > 2 and 2 not in numbers:
        return
    with pytest.raises(FormatError):
        ProvenLog(forged, [LOG[0].verifier], hint=hint).entry(4)
