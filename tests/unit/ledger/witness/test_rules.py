"""Each answer of the protocol, and the property behind them: what is cosigned only ever grows."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint
from ledger.merkle import EMPTY_ROOT, consistency_proof, leaf_hash, root_of
from ledger.note import SigningKey
from ledger.submission import Submission
from ledger.witness.rules import Refused, judge

KEY = SigningKey("ledger.example/a", b"k" * 32)
FORGER = SigningKey("ledger.example/a", b"f" * 32)
STRANGER = SigningKey("ledger.example/b", b"b" * 32)
LEAVES = [leaf_hash(bytes([number])) for number in range(40)]
FORKED = [leaf_hash(b"fork %d" % number) for number in range(40)]


def tree(size, leaves=LEAVES):
    return Checkpoint(KEY.name, size, root_of(leaves[:size]))


def path(old, size, leaves=LEAVES):
    def subtree(height, position):
        start = position << height
        return root_of(leaves[start : start + (1 << height)])

    return tuple(consistency_proof(old, size, subtree))


def submission(old, size, *, leaves=LEAVES, key=KEY, proof=None, checkpoint=None):
    signed = (checkpoint or tree(size, leaves)).signed(key.signer())
    return Submission(old, path(old, size, leaves) if proof is None else proof, signed).to_bytes()


def status(data, seen=None):
    with pytest.raises(Refused) as refused:
        judge(data, [KEY.verifier], lambda _: seen)
    return refused.value.status


@pytest.mark.parametrize(("old", "size"), [(0, 0), (0, 1), (0, 40), (1, 1), (3, 40), (32, 33)])
def test_a_log_that_grows_is_cosigned(old, size):
    seen = tree(old) if old else None
    accepted = judge(submission(old, size), [KEY.verifier], lambda _: seen)
    assert accepted.checkpoint == tree(size)


@pytest.mark.parametrize(
    ("data", "seen", "expected"),
    [
        (b"", None, 400),
        (b"old 0\n\nno note", None, 400),
        (submission(0, 3, proof=()).replace(b"old 0", b"old 9"), tree(9), 400),
        (submission(0, 3, key=FORGER), None, 403),
        (submission(0, 3, key=STRANGER, checkpoint=Checkpoint(STRANGER.name, 3, ROOT := bytes(32))),
         None, 404),
        (submission(0, 3), tree(2), 409),
        (submission(2, 3), None, 409),
        (submission(2, 3), tree(3), 409),
        (submission(3, 3, leaves=FORKED), tree(3), 422),
        (submission(3, 9, leaves=FORKED), tree(3), 422),
        (submission(3, 9, proof=path(3, 10)), tree(3), 422),
        (submission(3, 9, proof=()), tree(3), 422),
        (submission(0, 3, proof=(bytes(32),)), None, 422),
        (submission(0, 0, checkpoint=Checkpoint(KEY.name, 0, ROOT), proof=()), None, 422),
    ],
)  # fmt: skip
def test_the_answers_of_the_protocol(data, seen, expected):
    assert status(data, seen) == expected


def test_who_is_behind_is_told_what_was_seen():
    with pytest.raises(Refused) as refused:
        judge(submission(0, 9), [KEY.verifier], lambda _: tree(5))
    assert refused.value.seen_size == 5


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 40), st.integers(0, 40), st.booleans(), st.booleans()), max_size=12
    )
)
def test_whatever_is_submitted_each_cosigned_tree_begins_with_the_one_before(steps):
    seen = None
    for old, size, forked, truthful_old in steps:
        leaves = FORKED if forked else LEAVES
        claimed = (seen.size if seen else 0) if truthful_old else old
        proof = path(claimed, size, leaves) if claimed <= size else ()
        data = submission(claimed, size, leaves=leaves, proof=proof)
        before = seen
        try:
            accepted = judge(data, [KEY.verifier], lambda _, seen=seen: seen)
        except Refused:
            continue
        seen = accepted.checkpoint
        histories = [h for h in (LEAVES, FORKED) if seen.root == root_of(h[: seen.size])]
        small, root = (before.size, before.root) if before else (0, EMPTY_ROOT)
        assert small <= seen.size
        assert any(root_of(history[:small]) == root for history in histories)
