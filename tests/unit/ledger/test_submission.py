"""Submissions: one spelling, every other is refused, and the proof is that of the log's tiles."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import open_checkpoint
from ledger.errors import FormatError
from ledger.fetch import CHECKPOINT_PATH, DirectoryLog, entries
from ledger.merkle import is_consistent, leaf_hash, root_of
from ledger.note import parse_note, parse_signatures
from ledger.submission import (
    HASHES_MAX,
    SUBMISSION_BYTES_MAX,
    Submission,
    parse_submission,
    submission_from,
    with_cosignatures,
)
from tests.unit.ledger.small_log import log_of

HASHES = st.lists(st.binary(min_size=32, max_size=32), max_size=HASHES_MAX)


@given(st.integers(0, 2**62), HASHES)
def test_what_was_written_is_read(old_size, path):
    submission = Submission(old_size, tuple(path), b"origin\n1\nroot\n\nsignature\n")
    assert parse_submission(submission.to_bytes()) == submission


@given(st.binary(max_size=300))
def test_anything_else_is_refused_and_raises_nothing_else(data):
    with contextlib.suppress(FormatError):
        assert parse_submission(data).to_bytes() == data


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"old 1\n",
        b"old -1\n\nnote",
        b"old 01\n\nnote",
        b"old 1\nAAAA\n\nnote",
        b"old 1\n" + b"A" * 43 + b"=\n" * 64 + b"\nnote",
        b"old 1\n\n" + b"x" * SUBMISSION_BYTES_MAX,
    ],
)
def test_what_is_no_submission(data):
    with pytest.raises(FormatError):
        parse_submission(data)


@pytest.mark.parametrize("old_size", [0, 1, 2, 7, 255, 256, 257, 300])
def test_the_proof_leads_from_what_was_seen_to_the_checkpoint(tmp_path, old_size):
    log = log_of(tmp_path / "log", 300)
    reader = DirectoryLog(log.root)
    leaves = [leaf_hash(data) for _, data, _ in entries(reader, 0)]
    submission = submission_from(reader, old_size)
    checkpoint = open_checkpoint(submission.checkpoint_note, [log.keys.log.verifier])
    assert checkpoint.size == len(leaves) > 300
    seen = root_of(leaves[:old_size])
    assert is_consistent(old_size, seen, checkpoint.size, checkpoint.root, submission.path)


def test_more_than_there_is_cannot_be_proved(tmp_path):
    reader = DirectoryLog(log_of(tmp_path / "log", 3).root)
    with pytest.raises(FormatError):
        submission_from(reader, 10_000)


def test_a_cosignature_is_added_once(tmp_path):
    note = parse_note(DirectoryLog(log_of(tmp_path / "log", 3).root).read(CHECKPOINT_PATH))
    line = b"\xe2\x80\x94 w AAAAAAAAAAAA\n"
    once = with_cosignatures(note, parse_signatures(line))
    assert with_cosignatures(parse_note(once), parse_signatures(line)) == once
    assert once.endswith(line)
