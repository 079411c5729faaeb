"""What the browser is given to check an entry by itself."""

import pytest

from ledger.errors import FormatError
from ledger.evidence.proven import ProvenLog
from ledger.evidence.receipt import check_receipt
from ledger.fetch import DirectoryLog
from ledger.portal.proof import receipts
from ledger.portal.proof.receipts import receipts_of
from ledger.prepare import prepare_successor
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import log_of


def test_it_is_enough_for_the_ledgers_own_check(tmp_path):
    log = log_of(tmp_path / "log", 3)
    found = receipts_of(log_proven(log), 4)
    checked = check_receipt(found.receipt, [log.keys.log.verifier], history=found.history)
    assert (checked.index, checked.signer) == (4, log.keys.entry.verifier)
    assert found.as_json()["keys"] == [str(log.keys.log.verifier)]


def log_proven(log) -> ProvenLog:
    return ProvenLog(DirectoryLog(log.root), [log.keys.log.verifier])


def test_every_change_of_keys_is_in_the_history(tmp_path, monkeypatch):
    log = RotatingLog(tmp_path).once()
    for _ in range(2):
        prepare_successor(log.directory, "entry")
        log.once()
    found = receipts_of(log_proven(log), log.verify().size - 1)
    assert len(found.history) == 3
    monkeypatch.setattr(receipts, "HISTORY_MAX", 1)
    fewer = receipts_of(log_proven(log), log.verify().size - 1)
    assert len(fewer.history) == 2
    with pytest.raises(FormatError):
        check_receipt(fewer.receipt, [log.keys.log.verifier], history=fewer.history)


def test_an_entry_that_is_not_as_it_was_signed_is_not_handed_out(tmp_path):
    log = log_of(tmp_path / "log", 3)
    bundle = log.root / f"tile/entries/000.p/{log.verify().size}"
    bundle.write_bytes(bundle.read_bytes().replace(b'"session":"s0"', b'"session":"sX"', 1))
    with pytest.raises(FormatError):
        receipts_of(log_proven(log), 3)
