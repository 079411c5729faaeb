import stat
from pathlib import Path

import pytest

from ledger.cosignature import CosigningKey
from ledger.envelope import Recipient
from ledger.errors import ConfigurationError
from ledger.keys import (
    init_keys,
    load_identity,
    load_keys,
    load_pseudonyms,
    load_recipients,
    load_verifier_keys,
    load_witness_key,
    write_identity,
)
from tests.unit.ledger.small_log import ORIGIN, PROXY_ID, identities, key_directory

RECIPIENTS = [identity.recipient for identity in identities()]


def test_what_was_made_is_loaded(tmp_path: Path):
    directory, made = key_directory(tmp_path)
    loaded = load_keys(directory, PROXY_ID)
    assert (loaded.log, loaded.entry, loaded.pseudonyms) == (made.log, made.entry, made.pseudonyms)
    assert set(loaded.recipients) == set(made.recipients)
    assert loaded.origin == ORIGIN
    assert load_pseudonyms(directory) == made.pseudonyms
    assert load_verifier_keys([directory / "log.vkey"]) == [made.log.verifier]


def test_the_key_of_one_witness_is_wanted(tmp_path: Path):
    directory, _ = key_directory(tmp_path)
    witness = CosigningKey("procuratorate.example/w1", b"w" * 32).verifier
    (tmp_path / "one").write_text(f"{witness}\n")
    assert load_witness_key(tmp_path / "one") == witness
    (tmp_path / "two").write_text(f"{witness}\n{witness}\n")
    for wrong in (tmp_path / "two", directory / "log.vkey", tmp_path / "none"):
        with pytest.raises(ConfigurationError, match=wrong.name):
            load_witness_key(wrong)


def test_secrets_are_readable_by_their_owner_alone(tmp_path: Path):
    directory, _ = key_directory(tmp_path)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in directory.glob("*.key")}
    assert modes == {"log.key": 0o600, "entry.key": 0o600, "pseudonym.key": 0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


@pytest.mark.parametrize("name", ["log.key", "entry.key", "pseudonym.key"])
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_secret_that_others_can_read_is_refused(tmp_path: Path, name: str, mode: int):
    directory, _ = key_directory(tmp_path)
    (directory / name).chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_keys(directory, PROXY_ID)


@pytest.mark.parametrize("name", ["log.key", "entry.key", "pseudonym.key"])
@pytest.mark.parametrize("text", ["", "nonsense", "PSEUDONYM+KEY+AAAA", "PRIVATE+KEY+a+b+c"])
def test_a_damaged_key_is_refused_without_being_shown(tmp_path: Path, name: str, text: str):
    directory, _ = key_directory(tmp_path)
    (directory / name).write_text(text)
    with pytest.raises(ConfigurationError, match=name):
        load_keys(directory, PROXY_ID)


def test_a_missing_directory_says_what_to_do(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="keys init"):
        load_keys(tmp_path / "nowhere", PROXY_ID)


def test_the_key_of_another_proxy_is_refused(tmp_path: Path):
    directory, _ = key_directory(tmp_path)
    with pytest.raises(ConfigurationError, match="not to proxy p2"):
        load_keys(directory, "p2")


def test_keys_are_never_overwritten(tmp_path: Path):
    directory, made = key_directory(tmp_path)
    with pytest.raises(ConfigurationError, match="never overwritten"):
        init_keys(directory, origin=ORIGIN, proxy_id=PROXY_ID, recipients=RECIPIENTS)
    assert load_keys(directory, PROXY_ID).log == made.log


@pytest.mark.parametrize(
    ("origin", "proxy_id", "recipients"),
    [
        ("two words", PROXY_ID, RECIPIENTS),
        (ORIGIN, "P 1", RECIPIENTS),
        (ORIGIN, PROXY_ID, RECIPIENTS[:1]),
        (ORIGIN, PROXY_ID, [RECIPIENTS[0], Recipient("again", RECIPIENTS[0].public)]),
    ],
)
def test_bad_names_and_too_few_recipients_make_no_directory(tmp_path, origin, proxy_id, recipients):
    with pytest.raises(ConfigurationError):
        init_keys(tmp_path / "keys", origin=origin, proxy_id=proxy_id, recipients=recipients)
    assert not (tmp_path / "keys").exists()


def test_recipients_are_made_where_they_are_used(tmp_path: Path):
    identity, private, public = write_identity(tmp_path / "keys", "procuratorate")
    assert load_identity(private) == identity
    assert load_recipients([public]) == [identity.recipient]
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match="never overwritten"):
        write_identity(tmp_path / "keys", "procuratorate")
    private.chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        load_identity(private)


def test_a_key_file_may_hold_comments_but_not_nothing(tmp_path: Path):
    _directory, made = key_directory(tmp_path)
    file = tmp_path / "trusted"
    file.write_text(f"# the court's log\n\n{made.log.verifier}\n{made.entry.verifier}\n")
    assert load_verifier_keys([file]) == [made.log.verifier, made.entry.verifier]
    file.write_text("# nothing\n")
    with pytest.raises(ConfigurationError):
        load_verifier_keys([file])
    file.write_text("no key\n")
    with pytest.raises(ConfigurationError):
        load_verifier_keys([file])
