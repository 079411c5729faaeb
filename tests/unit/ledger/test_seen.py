"""What somebody kept of the log: taken where both signatures are good, and never passed over."""

import pytest

from ledger.errors import ConfigurationError, LedgerDamaged
from ledger.seen import seen_by, seen_by_any, seen_in
from ledger.witnessed import COSIGNED_FOLDER, cosigned_path, keep
from tests.unit.ledger.small_log import notary_keys
from tests.unit.ledger.watched_log import watched_log


@pytest.fixture
def watched(tmp_path):
    made = watched_log(tmp_path)
    yield made
    made.witness.close()


def test_files_are_read_in_order(watched, tmp_path):
    paths = [tmp_path / "a", tmp_path / "b"]
    paths[0].write_bytes(watched.cosign())
    known_size = watched.reader_size()
    watched.grow()
    paths[1].write_bytes(watched.cosign(known_size))
    sizes = [seen.size for seen in seen_in(paths, [watched.log_key])]
    assert sizes == sorted(set(sizes))
    assert len(sizes) == 2


@pytest.mark.parametrize("content", [None, b"", b"rubbish"])
def test_a_file_that_is_no_checkpoint_is_named(watched, tmp_path, content):
    if content is not None:
        (tmp_path / "seen").write_bytes(content)
    with pytest.raises(ConfigurationError, match="seen"):
        seen_in([tmp_path / "seen"], [watched.log_key])
    other = notary_keys(b"x" * 32).log.verifier
    (tmp_path / "seen").write_bytes(watched.reader.read("checkpoint"))
    with pytest.raises(ConfigurationError, match="seen"):
        seen_in([tmp_path / "seen"], [other])


def test_what_is_kept_beside_the_log_is_taken(watched):
    assert seen_by(watched.key, watched.log.root, [watched.log_key]) == []
    keep(watched.log.root, watched.key, watched.cosign())
    (seen,) = seen_by(watched.key, watched.log.root, [watched.log_key])
    assert seen.size == watched.reader_size()


@pytest.mark.parametrize("damage", ["rubbish", "not cosigned", "another log", "a folder"])
def test_what_is_kept_and_cannot_be_read_was_not_forgotten(watched, damage):
    note, keys = watched.cosign(), [watched.log_key]
    path = cosigned_path(watched.log.root, watched.key)
    path.parent.mkdir()
    match damage:
        case "rubbish":
            path.write_bytes(b"rubbish")
        case "not cosigned":
            path.write_bytes(watched.reader.read("checkpoint"))
        case "another log":
            path.write_bytes(note)
            keys = [notary_keys(b"x" * 32).log.verifier]
        case _:
            path.mkdir()
    with pytest.raises(LedgerDamaged, match="put it there"):
        seen_by(watched.key, watched.log.root, keys)


def test_of_each_witness_what_is_kept_is_taken(watched):
    root, keys = watched.log.root, [watched.log_key]
    assert seen_by_any(root, keys) == []
    path = keep(root, watched.key, watched.cosign())
    known_size = watched.reader_size()
    watched.grow()
    (path.parent / "ff").write_bytes(watched.cosign(known_size))
    (path.parent / "ff.new").write_bytes(b"cut o")  # never named: a process died
    sizes = {seen.size for seen in seen_by_any(root, keys)}
    assert sizes == {known_size, watched.reader_size()}


@pytest.mark.parametrize("damage", ["rubbish", "another log", "a folder", "no folder"])
def test_of_no_witness_is_anything_passed_over(watched, damage):
    root, keys = watched.log.root, [watched.log_key]
    path = keep(root, watched.key, watched.cosign()).with_name("ff")
    match damage:
        case "rubbish":
            path.write_bytes(b"rubbish")
        case "another log":
            keys = [notary_keys(b"x" * 32).log.verifier]
        case "a folder":
            path.mkdir()
        case _:
            (root / COSIGNED_FOLDER).rename(root.parent / "away")
            (root / COSIGNED_FOLDER).write_bytes(b"")
    with pytest.raises(LedgerDamaged, match="put it there"):
        seen_by_any(root, keys)
