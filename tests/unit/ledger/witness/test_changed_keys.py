"""A log whose key is followed by another goes on being cosigned; a stolen old key is of no use."""

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog
from ledger.note import VerifierKey
from ledger.prepare import prepare_successor
from ledger.submission import submission_from
from ledger.witness.cli import witness_app
from ledger.witness.rules import BEHIND, NOT_SIGNED, UNKNOWN_LOG, Refused
from ledger.witness.state import init_witness, unwatch_log, watch_log
from ledger.witness.witness import Witness
from tests.unit.ledger.rotating_log import RotatingLog


class Supervised:
    def __init__(self, directory: Path) -> None:
        self.log = RotatingLog(directory).once()
        self.directory = directory / "witness"
        init_witness(self.directory, "procuratorate.example/w1")
        self.old = VerifierKey.parse(self.log.vkey("log.vkey"))
        watch_log(self.directory, self.old)
        self.size = 0

    def cosign(self, root: Path | None = None) -> int:
        """The witness is restarted each time, as it must be when its list changed."""
        reader = DirectoryLog(root or self.log.root)
        witness = Witness(self.directory, lambda: 1_700_000_000.0)
        try:
            witness.cosign(submission_from(reader, self.size).to_bytes())
            seen = witness.state.latest(self.old.name)
        finally:
            witness.close()
        assert seen is not None
        self.size = seen.size
        return seen.size

    def refused(self, root: Path | None = None) -> int:
        with pytest.raises(Refused) as refused:
            self.cosign(root)
        return refused.value.status


@pytest.fixture
def supervised(tmp_path: Path) -> Supervised:
    return Supervised(tmp_path)


def test_a_log_is_cosigned_all_the_way_from_one_key_to_the_next(supervised: Supervised):
    log = supervised.log
    supervised.cosign()
    new = prepare_successor(log.directory, "log")
    log.once()
    supervised.cosign()  # the old key still signs, so the witness need not hurry
    watch_log(supervised.directory, new)
    log.once()
    supervised.cosign()
    log.retire()
    log.once()
    assert supervised.cosign() == log.verify().size
    unwatch_log(supervised.directory, supervised.old)
    log.once()
    assert supervised.cosign() == log.verify().size


def test_a_witness_that_was_not_told_refuses_and_can_be_told_later(supervised: Supervised):
    log = supervised.log
    supervised.cosign()
    new = prepare_successor(log.directory, "log")
    log.once()
    log.retire()
    log.once()
    assert supervised.refused() == NOT_SIGNED
    watch_log(supervised.directory, new)
    assert supervised.cosign() == log.verify().size


def test_a_key_is_let_go_once_the_next_has_signed_what_was_seen(supervised: Supervised):
    log = supervised.log
    supervised.cosign()
    new = prepare_successor(log.directory, "log")
    watch_log(supervised.directory, new)
    with pytest.raises(ConfigurationError, match="no other key"):
        unwatch_log(supervised.directory, supervised.old)
    log.once()
    supervised.cosign()
    arguments = ["unwatch", "--directory", str(supervised.directory)]
    old_file = log.directory / "log.vkey"
    done = CliRunner().invoke(witness_app, [*arguments, str(old_file)])
    assert (done.exit_code, "no longer watched" in done.stdout) == (0, True)
    again = CliRunner().invoke(witness_app, [*arguments, str(old_file)])
    assert (again.exit_code, "is not watched" in again.stderr) == (2, True)
    assert supervised.cosign() == log.verify().size


def test_a_stolen_retired_key_moves_no_witness_that_let_it_go(
    supervised: Supervised, tmp_path: Path
):
    log = supervised.log
    new = prepare_successor(log.directory, "log")
    shutil.copytree(log.root, tmp_path / "stolen-log")
    watch_log(supervised.directory, new)
    log.once()
    supervised.cosign()
    unwatch_log(supervised.directory, supervised.old)
    supervised.size = 0
    assert supervised.refused(tmp_path / "stolen-log") == NOT_SIGNED
    assert supervised.refused() == BEHIND


def test_a_frozen_log_is_let_go_and_not_cosigned_any_more(supervised: Supervised):
    supervised.log.freeze("ledger.example/2027")
    supervised.cosign()
    unwatch_log(supervised.directory, supervised.old)
    assert supervised.refused() == UNKNOWN_LOG
