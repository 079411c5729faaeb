import errno
from pathlib import Path

import pytest

from ledger.adoption import RECIPIENTS_PATH
from ledger.disk import LocalDisk
from ledger.entry import parse_entry
from ledger.envelope import Identity
from ledger.errors import ConfigurationError, FormatError, LogFrozen
from ledger.evidence.opened import proven_opener
from ledger.evidence.proven import ProvenLog
from ledger.fetch import DirectoryLog, entries
from ledger.keys import RETIRE_FILE, load_keys
from ledger.note import VerifierKey, verify_note
from ledger.opener import PayloadOpener
from ledger.prepare import change_recipients, prepare_successor
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import PAYLOAD, PROXY_ID, identities

BOTH = {"log.key", "log.vkey", "entry.key", "entry.vkey"}


@pytest.fixture
def log(tmp_path: Path) -> RotatingLog:
    return RotatingLog(tmp_path).once()


def last_entry(log: RotatingLog):
    *_, (_, data, _) = entries(DirectoryLog(log.root))
    return parse_entry(data)


def test_an_entry_key_is_followed_by_the_next_at_the_next_start(log: RotatingLog):
    old = VerifierKey.parse(log.vkey("entry.vkey"))
    new = prepare_successor(log.directory, "entry")
    assert log.vkey("entry.vkey") == str(old)
    log.once()
    ((entry, note),) = log.key_entries()
    assert entry.header == {"purpose": "entry", "alg": "ed25519", "key": str(new)}
    assert set(verify_note(note, [old, new])) == {old, new}
    assert [each.key_id for each in last_entry(log)[1].signatures] == [new.id]
    assert log.names == BOTH
    assert log.vkey("entry.vkey") == str(new)
    assert log.vkey(f"retired/entry-{old.id.hex()}.vkey") == str(old)
    assert load_keys(log.directory, PROXY_ID).entry.verifier == new
    assert log.once().key_entries() == [(entry, note)]


def test_two_log_keys_sign_until_the_older_is_retired(log: RotatingLog):
    old = VerifierKey.parse(log.vkey("log.vkey"))
    new = prepare_successor(log.directory, "log")
    log.once()
    ((_, note),) = log.key_entries()
    entry_key = VerifierKey.parse(log.vkey("entry.vkey"))
    assert set(verify_note(note, [entry_key, old, new])) == {entry_key, old, new}
    assert log.checkpoint_signers() == [old.id.hex(), new.id.hex()]
    log.once()
    assert log.checkpoint_signers() == [old.id.hex(), new.id.hex()]
    assert log.names == BOTH | {"log.next.key", "log.next.vkey"}
    log.retire()
    log.once()
    assert log.checkpoint_signers() == [new.id.hex()]
    assert [entry.header["purpose"] for entry, _ in log.key_entries()] == ["log", "log-retired"]
    assert log.names == BOTH
    assert log.vkey("log.vkey") == str(new)
    assert log.vkey(f"retired/log-{old.id.hex()}.vkey") == str(old)
    keys = load_keys(log.directory, PROXY_ID)
    assert keys.log_verifiers == (new, old)
    assert log.once().checkpoint_signers() == [new.id.hex()]


def test_a_key_is_not_retired_before_its_successor_signs(log: RotatingLog):
    with pytest.raises(ConfigurationError, match="rotate log"):
        log.retire()
    prepare_successor(log.directory, "log")
    with pytest.raises(ConfigurationError, match="does not sign yet"):
        log.retire()
    (log.directory / RETIRE_FILE).write_text(
        load_keys(log.directory, PROXY_ID).log.verifier.id.hex()
    )
    with pytest.raises(ConfigurationError, match="no successor in force"):
        log.open()
    log.disk.unlock()


def test_everything_at_one_start(log: RotatingLog):
    new = Identity.generate("supervisor")
    for what in ("entry", "log"):
        prepare_successor(log.directory, what)
    change_recipients(log.directory, [new.recipient], [])
    log.once()
    purposes = [entry.header["purpose"] for entry, _ in log.key_entries()]
    assert purposes == ["entry", "log", "recipients"]
    assert len(log.once().key_entries()) == 3


def opened(log: RotatingLog, identity: Identity) -> list[bool]:
    """Of each payload in order: can it be read?"""
    reader = DirectoryLog(log.root)
    opener, readable = PayloadOpener(reader, identity), []
    for _, data, ciphertext in entries(reader):
        if ciphertext:
            try:
                assert opener.open(parse_entry(data)[0], ciphertext) == PAYLOAD
                readable.append(True)
            except FormatError:
                readable.append(False)
    return readable


def test_recipients_read_from_when_they_are_added_until_they_are_removed(log: RotatingLog):
    first, second = identities()
    third = Identity.generate("supervisor")
    change_recipients(log.directory, [third.recipient], [first.recipient.id])
    log.once()
    change_recipients(log.directory, [first.recipient], [])
    log.once()
    assert opened(log, first) == [True, False, True]
    assert opened(log, second) == [True, True, True]
    assert opened(log, third) == [False, True, True]
    keys = load_keys(log.directory, PROXY_ID)
    for identity in (first, second, third):
        assert PayloadOpener(DirectoryLog(log.root), identity).pseudonyms() == keys.pseudonyms
    with pytest.raises(FormatError, match="not among"):
        PayloadOpener(DirectoryLog(log.root), Identity.generate("stranger")).pseudonyms()
    proven = ProvenLog(DirectoryLog(log.root), [log.keys.log.verifier])
    assert proven_opener(proven, third).pseudonyms() == keys.pseudonyms
    with pytest.raises(FormatError, match="not among"):
        proven_opener(proven, Identity.generate("stranger")).pseudonyms()


@pytest.mark.parametrize("content", [None, b"", b"nonsense", b"\xff"])
def test_who_reads_is_found_in_the_log_where_the_note_of_it_is_gone(log: RotatingLog, content):
    third = Identity.generate("supervisor")
    change_recipients(log.directory, [third.recipient], [])
    log.once()
    log.once(300)
    path = log.root / RECIPIENTS_PATH
    kept = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    log.once()
    assert (len(log.key_entries()), path.read_bytes()) == (1, kept)


def test_recipients_that_were_announced_are_known_before_the_note_of_them_is_written(
    log: RotatingLog,
):
    """The process dies between the two, and the operator takes the change back."""
    third = Identity.generate("supervisor").recipient
    change_recipients(log.directory, [third], [])
    sequencer = log.prepare()
    (announcement,) = sequencer._announcements
    sequencer._make_durable(sequencer._chain.announce(announcement.change, log.clock()))
    log.disk.unlock()
    change_recipients(log.directory, [], [third.id])
    log.once()
    assert len(log.key_entries()) == 2
    log.verify()


def test_a_frozen_log_is_published_and_never_signed_again(log: RotatingLog):
    log.freeze("ledger.example/agency1/2027")
    last = last_entry(log)[0]
    assert last.header["state"] == "frozen"
    size = last.sequence + 1
    for again in (log.open, lambda: log.freeze("ledger.example/agency1/2027")):
        with pytest.raises(LogFrozen, match="continued by ledger"):
            again()
        log.disk.unlock()
        assert last_entry(log)[0].sequence + 1 == size


class ReadOnly(LocalDisk):
    """A file system that is mounted so; the tests' user may be root, whom modes do not stop."""

    def create(self, path: str, size_bytes: int) -> int:
        raise OSError(errno.EROFS, "Read-only file system")


def test_nothing_is_announced_where_no_file_can_be_named(log: RotatingLog):
    prepare_successor(log.directory, "log")
    log.once().retire()
    for purpose in ("log-retired", "entry"):
        before = log.key_entries()
        log.files = ReadOnly(log.directory)
        with pytest.raises(ConfigurationError, match="cannot be written"):
            log.open()
        log.disk.unlock()
        assert log.key_entries() == before
        log.files = LocalDisk(log.directory)
        assert log.once().key_entries()[-1][0].header["purpose"] == purpose
        prepare_successor(log.directory, "entry")


def test_a_log_is_not_gone_on_with_without_a_key_that_it_announced(log: RotatingLog):
    """Somebody deleted the files of a change that was made, or put older ones back."""
    before = {name: (log.directory / name).read_bytes() for name in BOTH}
    prepare_successor(log.directory, "log")
    log.once()
    (log.directory / "log.next.key").rename(log.directory / "away")
    for prepared_again in (False, True):
        if prepared_again:
            prepare_successor(log.directory, "log")
        with pytest.raises(ConfigurationError, match="signs too"):
            log.open()
        log.disk.unlock()
    (log.directory / "away").rename(log.directory / "log.next.key")
    prepare_successor(log.directory, "entry")
    sequencer = log.prepare()
    announcement, *_ = sequencer._announcements
    sequencer._make_durable(sequencer._chain.announce(announcement.change, log.clock()))
    log.disk.unlock()
    (log.directory / "entry.next.key").rename(log.directory / "away")
    with pytest.raises(ConfigurationError, match="put it back"):
        log.open()
    log.disk.unlock()
    (log.directory / "away").rename(log.directory / "entry.next.key")
    log.once()
    log.verify()
    for name, content in before.items():
        (log.directory / name).write_bytes(content)
    with pytest.raises(ConfigurationError, match="wrong key"):
        log.open()
    log.disk.unlock()
