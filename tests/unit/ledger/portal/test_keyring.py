"""Keys held by sessions, and payloads opened with them."""

import time

import pytest

from ledger.accounts.sittings import Sitting, Way
from ledger.errors import ConfigurationError
from ledger.evidence.proven import ProvenLog
from ledger.keyfile import write_secret
from ledger.portal import keyring as module
from ledger.portal.keyring import Closed, Keyring, Payload, open_payload, pseudonyms_of
from tests.unit.ledger.portal.house import LIN, PERSON, court, identity_file
from tests.unit.ledger.small_log import identities


def sitting():
    return Sitting(LIN, Way.PAGE, 0, 0)


def test_a_key_without_a_passphrase_is_refused(tmp_path):
    write_secret(tmp_path / "clear.identity", identities()[0].to_text(), None)
    with pytest.raises(ConfigurationError, match="fengcun keys protect"):
        Keyring(tmp_path / "clear.identity", time.monotonic)


def test_it_is_unlocked_by_its_passphrase_and_held_by_one_session(tmp_path):
    keyring = Keyring(identity_file(tmp_path / "keys"), time.monotonic)
    with pytest.raises(ConfigurationError, match="wrong passphrase"):
        keyring.unlock("another")
    identity = keyring.unlock("synthetic words here")
    one, other = sitting(), sitting()
    assert keyring.hold(one, identity, "10.0.0.1")
    assert (keyring.of(one), keyring.of(other)) == (identity, None)
    assert identities()[0].private.hex() not in repr(vars(keyring))
    keyring.drop(one)
    assert keyring.of(one) is None
    other.over = True
    assert not keyring.hold(other, identity, "10.0.0.1")
    assert keyring.of(other) is None


def test_without_a_file_there_is_no_key():
    assert not Keyring(None, time.monotonic).there


@pytest.fixture
def proven(tmp_path):
    log, source = court(tmp_path / "court")
    log.close()
    return ProvenLog(source.reader(), source.keys)


def test_a_payload_is_opened_for_a_recipient_alone(proven):
    decision, key = proven.entry(3), proven.entry(2)
    found = open_payload(identities()[0], proven, decision)
    assert isinstance(found, Payload)
    assert b"<script>" in found.data
    assert "script" not in repr(found)
    assert open_payload(None, proven, decision) == Closed(module.LOCKED)
    assert open_payload(identities()[0], proven, key) == Closed(module.NONE)
    stranger = type(identities()[0]).generate("stranger")
    assert open_payload(stranger, proven, decision) == Closed(module.NOT_OURS)


def test_a_payload_that_is_not_here_is_said(proven):
    decision = proven.entry(3)
    gone = type(decision)(decision.index, decision.data, decision.entry, decision.path, b"")
    assert open_payload(identities()[0], proven, gone) == Closed(module.ERASED)


def test_a_recipient_makes_the_pseudonyms_of_the_log(proven):
    made = pseudonyms_of(identities()[0], proven).of("person", PERSON)
    assert made in proven.entry(3).data.decode() or made in proven.entry(4).data.decode()
