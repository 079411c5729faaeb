from pathlib import Path

import pytest

from ledger.entry import parse_entry
from ledger.envelope import Identity
from ledger.errors import FormatError
from ledger.fetch import DirectoryLog, entries
from ledger.opener import PayloadOpener
from tests.unit.ledger.small_log import PAYLOAD, SmallLog, identities


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    """Two epochs, because it was started twice."""
    log = SmallLog(tmp_path_factory.mktemp("opener") / "log").create()
    for _ in range(2):
        log.open().append(5)
        log.close()
    return log


@pytest.mark.parametrize("identity", identities(), ids=lambda identity: identity.name)
def test_each_recipient_reads_every_payload_of_every_epoch(log: SmallLog, identity: Identity):
    reader = DirectoryLog(log.root)
    opener = PayloadOpener(reader, identity)
    opened = [
        opener.open(parse_entry(data)[0], ciphertext)
        for _, data, ciphertext in entries(reader)
        if ciphertext
    ]
    assert opened == [PAYLOAD] * 10


def test_recipients_recompute_pseudonyms(log: SmallLog):
    opened = PayloadOpener(DirectoryLog(log.root), identities()[1]).pseudonyms()
    assert opened == log.keys.pseudonyms


def test_a_stranger_reads_nothing(log: SmallLog):
    reader = DirectoryLog(log.root)
    opener = PayloadOpener(reader, Identity.generate("stranger"))
    sealed = [(data, ciphertext) for _, data, ciphertext in entries(reader) if ciphertext]
    with pytest.raises(FormatError):
        opener.open(parse_entry(sealed[0][0])[0], sealed[0][1])
    with pytest.raises(FormatError):
        opener.pseudonyms()


def test_a_payload_under_another_entry_is_refused(log: SmallLog):
    reader = DirectoryLog(log.root)
    opener = PayloadOpener(reader, identities()[0])
    sealed = [(data, ciphertext) for _, data, ciphertext in entries(reader) if ciphertext]
    with pytest.raises(FormatError, match="not the payload"):
        opener.open(parse_entry(sealed[0][0])[0], sealed[1][1])


def test_a_missing_entry_is_said(log: SmallLog, tmp_path: Path):
    opener = PayloadOpener(DirectoryLog(log.root), identities()[0])
    with pytest.raises(FormatError, match="no entry 999"):
        opener._entry(999)
    with pytest.raises(FormatError, match="announces no data key"):
        opener._epoch(0)
