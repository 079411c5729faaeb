import stat
from pathlib import Path

import pytest

from ledger.age import is_protected
from ledger.envelope import Identity
from ledger.errors import ConfigurationError
from ledger.keyfile import protect
from ledger.keys import load_keys
from ledger.note import SigningKey, VerifierKey
from ledger.prepare import RECIPIENTS_MAX, change_recipients, prepare_successor
from tests.unit.ledger.rotating_log import RotatingLog
from tests.unit.ledger.small_log import PROXY_ID, identities, key_directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return key_directory(tmp_path)[0]


def next_entry_key(directory: Path) -> VerifierKey | None:
    key = load_keys(directory, PROXY_ID).entry_next
    return None if key is None else key.verifier


@pytest.mark.parametrize("what", ["entry", "log"])
def test_the_next_pair_lies_beside_the_current_one(directory: Path, what):
    before = load_keys(directory, PROXY_ID)
    made = prepare_successor(directory, what)
    private = directory / f"{what}.next.key"
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    assert SigningKey.parse(private.read_text()).verifier == made
    assert (directory / f"{what}.next.vkey").read_text().strip() == str(made)
    after = load_keys(directory, PROXY_ID)
    assert (after.log, after.entry) == (before.log, before.entry)
    assert getattr(after, f"{what}_next").verifier == made
    assert made.name == getattr(before, what).name


@pytest.mark.parametrize("what", ["entry", "log"])
def test_what_follows_a_protected_key_is_protected_alike(directory: Path, monkeypatch, what):
    for name in ("entry.key", "log.key", "pseudonym.key"):
        protect(directory / name, b"synthetic pass words")
    with pytest.raises(ConfigurationError, match="wrong passphrase"):
        prepare_successor(directory, what, lambda _: b"other pass words")
    assert not list(directory.glob("*.next.*"))
    made = prepare_successor(directory, what, lambda _: b"synthetic pass words")
    text = (directory / f"{what}.next.key").read_text()
    assert is_protected(text)
    assert "PRIVATE+KEY" not in text
    phrase = directory.parent / "phrase"
    phrase.touch(0o600)
    phrase.write_text("synthetic pass words\n")
    monkeypatch.setenv("FENGCUN_PASSPHRASE_FILE", str(phrase))
    assert getattr(load_keys(directory, PROXY_ID), f"{what}_next").verifier == made


def test_a_key_that_is_a_credential_is_not_rotated_in_place(
    directory: Path, tmp_path: Path, monkeypatch
):
    prepare_successor(directory, "entry")
    credentials = tmp_path / "credentials"
    credentials.mkdir(mode=0o700)
    credential = credentials / "fengcun.entry.key"
    (directory / "entry.key").rename(credential)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    with pytest.raises(ConfigurationError, match="comes as a credential"):
        load_keys(directory, PROXY_ID)
    (directory / "entry.next.key").unlink()
    assert load_keys(directory, PROXY_ID).entry_next is None
    with pytest.raises(ConfigurationError, match="not rotated in place"):
        prepare_successor(directory, "entry")


def test_nothing_is_overwritten(directory: Path):
    made = prepare_successor(directory, "entry")
    with pytest.raises(ConfigurationError, match="one change at a time"):
        prepare_successor(directory, "entry")
    assert next_entry_key(directory) == made


def test_what_an_attempt_left_behind_is_no_obstacle(directory: Path):
    """It died between the two files, or while it wrote one."""
    (directory / "entry.next.vkey").write_text("half a ke")
    (directory / "entry.next.key.new").write_text("PRIVATE+K")
    assert load_keys(directory, PROXY_ID).entry_next is None
    made = prepare_successor(directory, "entry")
    assert next_entry_key(directory) == made
    assert (directory / "entry.next.vkey").read_text().strip() == str(made)
    assert not list(directory.glob("*.new"))


def test_a_next_key_of_another_log_is_refused(directory: Path, tmp_path: Path):
    other = SigningKey("other.example/log", b"o" * 32)
    (directory / "log.next.key").touch(0o600)
    (directory / "log.next.key").write_text(other.to_text())
    with pytest.raises(ConfigurationError, match="belongs to other"):
        load_keys(directory, PROXY_ID)


def test_recipients_come_and_go_and_two_remain(directory: Path):
    first, second = (identity.recipient for identity in identities())
    third = Identity.generate("supervisor").recipient
    assert set(change_recipients(directory, [third], [first.id])) == {second, third}
    assert set(load_keys(directory, PROXY_ID).recipients) == {second, third}
    change_recipients(directory, [third], [])
    assert set(load_keys(directory, PROXY_ID).recipients) == {second, third}
    for added, removed, why in (
        ([], [second.id], "two different recipients"),
        ([], ["00000000"], "no recipient with the id"),
        ([Identity.generate(f"r{n}").recipient for n in range(RECIPIENTS_MAX)], [], "more than"),
    ):
        with pytest.raises(ConfigurationError, match=why):
            change_recipients(directory, added, removed)
        assert set(load_keys(directory, PROXY_ID).recipients) == {second, third}


def test_the_same_key_under_two_names_does_not_count_twice(directory: Path):
    first, second = identities()
    twin = Identity("twin", first.private).recipient
    with pytest.raises(ConfigurationError, match="two different"):
        change_recipients(directory, [twin], [second.recipient.id])


def test_the_end_of_an_overlap_is_asked_for_once(tmp_path: Path):
    log = RotatingLog(tmp_path)
    prepare_successor(log.directory, "log")
    log.once()
    log.retire()
    log.retire()
    assert load_keys(log.directory, PROXY_ID).retiring == log.keys.log.verifier.id.hex()
