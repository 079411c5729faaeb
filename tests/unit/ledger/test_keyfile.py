import os
import stat
import threading
from pathlib import Path

import pytest

from ledger import keyfile
from ledger.age import is_protected
from ledger.age import protect_text as original
from ledger.errors import ConfigurationError
from ledger.keyfile import (
    FILE_VARIABLE,
    find_passphrase,
    new_passphrase,
    once,
    passphrase_from,
    protect,
    read_secret,
    require_own_directory,
    require_unchanged_by_others,
    unprotect,
    write_new,
    write_secret,
)

PASSPHRASE = b"five words are much better"
ANOTHER_USER = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")


@pytest.fixture(autouse=True)
def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials, no variable, and scrypt as fast as it gets."""
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    monkeypatch.delenv(FILE_VARIABLE, raising=False)
    monkeypatch.setattr(
        keyfile,
        "protect_text",
        lambda text, passphrase: original(text, passphrase, work_factor=2),
    )


def given(_: Path) -> bytes:
    return PASSPHRASE


def never(path: Path) -> bytes:
    raise AssertionError(f"asked for the passphrase of {path}")


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_secret_in_clear_is_read_and_nobody_is_asked(tmp_path: Path):
    write_secret(tmp_path / "log.key", "secret", None)
    assert read_secret(tmp_path / "log.key", never) == "secret"
    assert stat.S_IMODE((tmp_path / "log.key").stat().st_mode) == 0o600


def test_a_secret_under_a_passphrase_is_read_with_it(tmp_path: Path):
    path = tmp_path / "log.key"
    write_secret(path, "secret", PASSPHRASE)
    assert b"secret" not in path.read_bytes()
    assert read_secret(path, given) == "secret"
    with pytest.raises(ConfigurationError, match="wrong passphrase for"):
        read_secret(path, lambda _: b"another")


def test_protecting_and_back(tmp_path: Path):
    path = private(tmp_path / "log.key", "secret\n")
    protect(path, PASSPHRASE)
    assert is_protected(path.read_text())
    assert [each.name for each in tmp_path.iterdir()] == ["log.key"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(ConfigurationError, match="unprotect it first"):
        protect(path, PASSPHRASE)
    with pytest.raises(ConfigurationError, match="wrong passphrase"):
        unprotect(path, lambda _: b"another")
    assert is_protected(path.read_text())
    unprotect(path, given)
    assert path.read_text() == "secret\n"
    with pytest.raises(ConfigurationError, match="has no passphrase"):
        unprotect(path, never)


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610])
def test_a_secret_for_others_is_refused(tmp_path: Path, mode: int):
    path = private(tmp_path / "log.key", "secret")
    path.chmod(mode)
    for read in (read_secret, lambda path: protect(path, PASSPHRASE), passphrase_from):
        with pytest.raises(ConfigurationError, match="chmod 600"):
            read(path)


@pytest.mark.parametrize("mode", [0o770, 0o707, 0o722])
def test_a_directory_that_others_can_change_is_refused(tmp_path: Path, mode: int):
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    path = private(folder / "log.key", "secret")
    folder.chmod(mode)
    with pytest.raises(ConfigurationError, match="chmod go-w"):
        read_secret(path)
    folder.chmod(0o1777)  # as /tmp: what is ours there stays ours
    assert read_secret(path) == "secret"


def test_a_link_is_followed_and_both_its_ends_are_looked_at(tmp_path: Path):
    there, here = tmp_path / "there", tmp_path / "here"
    for folder in (there, here):
        folder.mkdir(mode=0o700)
    private(there / "log.key", "secret")
    (here / "log.key").symlink_to(there / "log.key")
    assert read_secret(here / "log.key") == "secret"
    for folder in (there, here):
        folder.chmod(0o770)
        with pytest.raises(ConfigurationError, match="chmod go-w"):
            read_secret(here / "log.key")
        folder.chmod(0o700)
    (there / "log.key").chmod(0o644)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_secret(here / "log.key")


@needs_root
def test_what_another_user_owns_is_refused(tmp_path: Path):
    folder = tmp_path / "keys"
    folder.mkdir(mode=0o700)
    path = private(folder / "log.key", "secret")
    for owned in (path, folder):
        os.chown(owned, ANOTHER_USER, -1)
        with pytest.raises(ConfigurationError, match=f"belongs to user {ANOTHER_USER}"):
            read_secret(path)
        os.chown(owned, 0, -1)
    assert read_secret(path) == "secret"


def test_a_public_file_that_others_can_replace_is_refused(tmp_path: Path):
    path = tmp_path / "one.pub"
    path.write_text("public")
    path.chmod(0o644)
    require_unchanged_by_others(path)
    path.chmod(0o664)
    with pytest.raises(ConfigurationError, match="chmod go-w"):
        require_unchanged_by_others(path)
    path.chmod(0o644)
    tmp_path.chmod(0o777)
    with pytest.raises(ConfigurationError, match="chmod go-w"):
        require_own_directory(tmp_path)


def test_neither_a_folder_nor_a_pipe_nor_much_data_is_a_key(tmp_path: Path):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe", 0o600)
    for name in ("folder", "pipe"):
        with pytest.raises(ConfigurationError):
            read_secret(tmp_path / name)
    with pytest.raises(ConfigurationError, match="too long"):
        read_secret(private(tmp_path / "long", "x" * 100_000))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    (tmp_path / "bytes").chmod(0o600)
    with pytest.raises(ConfigurationError, match="not text"):
        read_secret(tmp_path / "bytes")


def test_a_credential_stands_for_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    credentials, keys = tmp_path / "credentials", tmp_path / "keys"
    for folder in (credentials, keys):
        folder.mkdir(mode=0o700)
    private(keys / "log.key", "of the directory")
    private(credentials / "fengcun.log.key", "of the manager").chmod(0o400)
    private(keys / "someone.identity", "own")
    private(credentials / "fengcun.someone.identity", "not asked for")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    assert read_secret(keys / "log.key") == "of the manager"
    assert read_secret(keys / "nowhere/log.key") == "of the manager"
    assert read_secret(keys / "someone.identity") == "own"
    (credentials / "fengcun.log.key").chmod(0o444)
    with pytest.raises(ConfigurationError, match="key can be read by others"):
        read_secret(keys / "log.key")


@needs_root
def test_the_mask_of_an_access_list_is_not_taken_for_the_group(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    path = private(tmp_path / "fengcun.log.key", "of the manager")
    path.chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert read_secret(tmp_path / "log.key") == "of the manager"
    path.chmod(0o460)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_secret(tmp_path / "log.key")
    monkeypatch.delenv("CREDENTIALS_DIRECTORY")
    path.chmod(0o440)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        read_secret(path)


def test_a_passphrase_is_found_in_the_named_file_then_in_the_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with pytest.raises(ConfigurationError, match=FILE_VARIABLE):
        find_passphrase(tmp_path / "log.key")
    private(tmp_path / "fengcun.passphrase", "of the manager\n")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert find_passphrase(tmp_path / "log.key") == b"of the manager"
    monkeypatch.setenv(FILE_VARIABLE, str(private(tmp_path / "named", "of the file\n")))
    assert find_passphrase(tmp_path / "log.key") == b"of the file"
    monkeypatch.setenv(FILE_VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(ConfigurationError, match="gone"):
        find_passphrase(tmp_path / "log.key")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b"one line", b"one line"),
        (b"one line\n", b"one line"),
        (b"one line\r\n", b"one line"),
        (b" spaces stay \n", b" spaces stay "),
        ("口令五个词\n".encode(), "口令五个词".encode()),
    ],
)
def test_a_passphrase_is_one_line(tmp_path: Path, data: bytes, line: bytes):
    path = private(tmp_path / "file", "")
    path.write_bytes(data)
    assert passphrase_from(path) == line


@pytest.mark.parametrize("data", [b"", b"\n", b"two\nlines\n", b"a\0b", b"\xff"])
def test_what_is_not_one_line_is_no_passphrase(tmp_path: Path, data: bytes):
    path = private(tmp_path / "file", "")
    path.write_bytes(data)
    with pytest.raises(ConfigurationError, match="one line of text") as refused:
        passphrase_from(path)
    assert "two" not in str(refused.value)


def test_a_passphrase_comes_through_a_descriptor():
    ours, theirs = os.pipe()
    writer = threading.Thread(target=lambda: (os.write(theirs, b"piped\n"), os.close(theirs)))
    writer.start()
    try:
        assert passphrase_from(Path(f"/dev/fd/{ours}")) == b"piped"
    finally:
        writer.join()
        os.close(ours)


class Terminal:
    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)

    def isatty(self) -> bool:
        return True

    def __call__(self, _: str) -> str:
        if not self.answers:
            raise EOFError
        return self.answers.pop(0)


def at(monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
    terminal = Terminal(*answers)
    monkeypatch.setattr("sys.stdin", terminal)
    monkeypatch.setattr("getpass.getpass", terminal)


def test_at_a_terminal_a_new_passphrase_is_asked_for_twice(monkeypatch: pytest.MonkeyPatch):
    at(monkeypatch, "long enough", "long enough")
    assert new_passphrase(None) == b"long enough"
    at(monkeypatch, "long enough", "long enouhg")
    with pytest.raises(ConfigurationError, match="not the same"):
        new_passphrase(None)
    at(monkeypatch, "short", "short")
    with pytest.raises(ConfigurationError, match="8 characters"):
        new_passphrase(None)
    at(monkeypatch)
    with pytest.raises(ConfigurationError, match="no passphrase was given"):
        new_passphrase(None)
    at(monkeypatch, "once")
    assert find_passphrase(Path("log.key")) == b"once"


def test_without_a_terminal_there_has_to_be_a_file(tmp_path: Path):
    with pytest.raises(ConfigurationError, match="--passphrase-file"):
        new_passphrase(None)
    assert new_passphrase(private(tmp_path / "file", "long enough\n")) == b"long enough"
    with pytest.raises(ConfigurationError, match="8 characters"):
        new_passphrase(private(tmp_path / "file", "short\n"))


def test_one_passphrase_is_asked_for_once():
    asked: list[Path] = []

    def ask(path: Path) -> bytes:
        asked.append(path)
        return PASSPHRASE

    remembered = once(ask)
    assert [remembered(Path(name)) for name in "abc"] == [PASSPHRASE] * 3
    assert asked == [Path("a")]


def test_nothing_is_overwritten(tmp_path: Path):
    write_new(tmp_path / "file", "first", 0o644)
    with pytest.raises(ConfigurationError, match="never overwritten"):
        write_new(tmp_path / "file", "second", 0o644)
    assert (tmp_path / "file").read_text() == "first\n"
