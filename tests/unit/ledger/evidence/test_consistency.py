from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.errors import FormatError
from ledger.evidence.consistency import (
    Forked,
    check_consistency,
    prove_consistency,
    require_comparable,
)
from ledger.fetch import DirectoryLog
from tests.unit.ledger.evidence.site import Site, make_site
from tests.unit.ledger.small_log import SmallLog


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(tmp_path_factory.mktemp("consistency"))


def fork_of(site: Site, root: Path, count: int = 3) -> bytes:
    """A checkpoint of another log under the same keys and name."""
    other = SmallLog(root).create().open()
    other.clock.now_ms += 1
    other.append(count)
    other.close()
    return (root / "checkpoint").read_bytes()


def test_a_proof_made_from_the_log_is_checked_without_it(site: Site):
    log = site.proven
    proof = prove_consistency(log.reader, site.seen_checkpoint, log.note, site.keys).to_bytes()
    assert proof.startswith(b"old 264\n")
    assert check_consistency(site.seen_checkpoint, proof, site.keys) == log.checkpoint
    with pytest.raises(FormatError, match="begins at 264"):
        check_consistency(log.checkpoint, proof, site.keys)


def test_the_same_checkpoint_is_consistent_with_itself(site: Site):
    log = site.proven
    proof = prove_consistency(log.reader, log.checkpoint, log.note, site.keys)
    assert proof.path == ()
    assert check_consistency(log.checkpoint, proof.to_bytes(), site.keys) == log.checkpoint


def test_a_fork_is_called_one(site: Site, tmp_path):
    forked = open_checkpoint(fork_of(site, tmp_path / "fork"), site.keys)
    assert forked.size < site.proven.size
    with pytest.raises(Forked, match="does not begin with"):
        prove_consistency(site.proven.reader, forked, site.proven.note, site.keys)
    same_size = Checkpoint(forked.origin, site.proven.size, forked.root)
    with pytest.raises(Forked):
        require_comparable(same_size, site.proven.checkpoint)


def test_a_log_that_holds_neither_says_nothing(site: Site, tmp_path):
    note = fork_of(site, tmp_path / "fork")
    small = Checkpoint(site.seen_checkpoint.origin, 3, site.seen_checkpoint.root)
    with pytest.raises(FormatError, match="does not lead to") as caught:
        prove_consistency(DirectoryLog(site.log.root), small, note, site.keys)
    assert not isinstance(caught.value, Forked)


def test_two_logs_and_the_wrong_order_are_told_apart_from_a_fork(site: Site):
    old, new = site.seen_checkpoint, site.proven.checkpoint
    with pytest.raises(FormatError, match="two logs"):
        require_comparable(Checkpoint("other.example/log", 1, bytes(32)), new)
    with pytest.raises(FormatError, match="fewer"):
        require_comparable(new, old)


@settings(deadline=None)
@given(st.data())
def test_any_changed_byte_of_a_proof_is_noticed(site: Site, data: st.DataObject):
    log = site.proven
    made = prove_consistency(log.reader, site.seen_checkpoint, log.note, site.keys).to_bytes()
    changed = bytearray(made)
    changed[data.draw(st.integers(0, len(made) - 1))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FormatError):
        check_consistency(site.seen_checkpoint, bytes(changed), site.keys)
