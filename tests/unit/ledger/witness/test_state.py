"""A witness that forgets, or is there twice, helps to fork: it does neither."""

import pytest

from ledger.checkpoint import Checkpoint
from ledger.errors import ConfigurationError, LedgerDamaged
from ledger.note import SigningKey, parse_note
from ledger.submission import with_cosignatures
from ledger.witness.state import WitnessState, init_witness, origin_digest, watch_log

LOG = SigningKey("ledger.example/a", b"k" * 32)
SEEN = Checkpoint(LOG.name, 3, bytes(32))


@pytest.fixture
def directory(tmp_path):
    init_witness(tmp_path / "witness", "procuratorate.example/w1")
    watch_log(tmp_path / "witness", LOG.verifier)
    return tmp_path / "witness"


@pytest.fixture
def state(directory):
    opened = WitnessState(directory)
    yield opened
    opened.close()


def cosigned(state, checkpoint=SEEN):
    note = parse_note(checkpoint.signed(LOG.signer()))
    return with_cosignatures(note, (state.key.cosign(note.text, 1),))


def test_nothing_was_seen_at_first(state):
    assert state.latest(LOG.name) is None
    assert state.note_of(origin_digest(LOG.name)) is None


def test_what_was_seen_is_there_after_a_restart(directory):
    state = WitnessState(directory)
    state.remember(LOG.name, cosigned(state))
    state.remember(LOG.name, cosigned(state, Checkpoint(LOG.name, 4, bytes(32))))
    state.close()
    again = WitnessState(directory)
    assert again.latest(LOG.name).size == 4
    again.close()


def test_a_write_that_was_cut_off_is_not_in_the_way(state):
    seen = state._seen
    (seen / f"{origin_digest(LOG.name)}.new").write_text("half")
    state.remember(LOG.name, cosigned(state))
    assert state.latest(LOG.name) == SEEN


@pytest.mark.parametrize("damage", [b"", b"rubbish", b"a\n1\nAAAA\n\n"])
def test_a_memory_that_cannot_be_read_was_not_forgotten(state, damage):
    (state._seen / origin_digest(LOG.name)).write_bytes(damage)
    with pytest.raises(LedgerDamaged):
        state.latest(LOG.name)


def test_a_memory_that_somebody_else_wrote_counts_nothing(state):
    (state._seen / origin_digest(LOG.name)).write_bytes(SEEN.signed(LOG.signer()))
    with pytest.raises(LedgerDamaged):
        state.latest(LOG.name)


def test_two_witnesses_do_not_work_in_one_directory(directory, state):
    with pytest.raises(ConfigurationError, match="another witness"):
        WitnessState(directory)


def test_keys_are_never_overwritten_and_nobody_else_reads_them(directory):
    with pytest.raises(ConfigurationError, match="not empty"):
        init_witness(directory, "other")
    (directory / "witness.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        WitnessState(directory)


def test_a_log_is_watched_once(directory):
    before = watch_log(directory, LOG.verifier)
    assert watch_log(directory, LOG.verifier) == before


@pytest.mark.parametrize("name", ["", "a b", "a+b"])
def test_a_witness_has_a_name(tmp_path, name):
    with pytest.raises(ConfigurationError):
        init_witness(tmp_path / "w", name)
