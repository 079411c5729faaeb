"""The order of things: judged, remembered, signed; one at a time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from ledger.checkpoint import open_checkpoint
from ledger.cosignature import require_cosignature
from ledger.note import parse_note
from ledger.submission import parse_submission, with_cosignatures
from ledger.witness.rules import Refused
from ledger.witness.state import init_witness, origin_digest, watch_log
from ledger.witness.witness import Witness
from tests.unit.ledger.witness.test_rules import FORKED, KEY, submission, tree

TIME = 1_700_000_000.9


@pytest.fixture
def witness(tmp_path):
    init_witness(tmp_path / "w", "procuratorate.example/w1")
    watch_log(tmp_path / "w", KEY.verifier)
    made = Witness(tmp_path / "w", lambda: TIME)
    yield made
    made.close()


def test_what_is_signed_is_what_was_submitted_and_is_remembered(witness):
    signature = witness.cosign(submission(0, 3))
    kept = parse_note(witness.state.note_of(origin_digest(KEY.name)))
    submitted = parse_note(parse_submission(submission(0, 3)).checkpoint_note)
    assert with_cosignatures(submitted, (signature,)) == with_cosignatures(kept, ())
    assert require_cosignature(kept, witness.state.key.verifier).time_seconds == int(TIME)
    assert witness.state.latest(KEY.name) == tree(3)


def test_what_could_not_be_remembered_is_not_signed(witness, monkeypatch):
    def full(*_):
        raise OSError(28, "no space")

    monkeypatch.setattr(witness.state, "remember", full)
    with pytest.raises(OSError, match="no space"):
        witness.cosign(submission(0, 3))
    assert witness.state.latest(KEY.name) is None


def test_a_refusal_changes_nothing(witness):
    witness.cosign(submission(0, 5))
    for data in (submission(0, 9), submission(5, 9, leaves=FORKED), b"rubbish"):
        with pytest.raises(Refused):
            witness.cosign(data)
    assert witness.state.latest(KEY.name) == tree(5)


def test_of_submissions_side_by_side_one_history_is_signed(witness):
    attempts = [submission(0, 9), submission(0, 9, leaves=FORKED), submission(0, 3)] * 8

    def attempt(data):
        try:
            witness.cosign(data)
        except Refused:
            return None
        return open_checkpoint(parse_submission(data).checkpoint_note, [KEY.verifier])

    with ThreadPoolExecutor(8) as threads:
        signed = {each for each in threads.map(attempt, attempts) if each is not None}
    assert signed == {witness.state.latest(KEY.name)}
