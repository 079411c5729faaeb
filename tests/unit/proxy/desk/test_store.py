"""The desk's files: whole or not there, the service's alone."""

import os
import stat

import pytest

from proxy.desk.store import STEPS_MAX, Store, is_number
from proxy.errors import ConfigurationError

NUMBER = "xk-20260302-abcdefgh27"


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "desk")
    made.open()
    return made


def test_a_file_has_one_line_a_step(store):
    store.add(NUMBER, b"one", new=True)
    store.add(NUMBER, b"two")
    assert store.steps(NUMBER) == [b"one", b"two"]
    assert list(store.numbers()) == [NUMBER]
    file = store.directory / f"{NUMBER}.jsonl"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.directory.stat().st_mode) == 0o700


def test_a_new_file_never_takes_anothers_place(store):
    store.add(NUMBER, b"one", new=True)
    with pytest.raises(FileExistsError):
        store.add(NUMBER, b"other", new=True)
    assert store.steps(NUMBER) == [b"one"]


def test_steps_that_were_never_recorded_do_not_fill_it(store):
    store.add(NUMBER, b"0", new=True)
    for step in range(1, 3 * STEPS_MAX):
        store.add(NUMBER, b"%d" % step)
    assert len(store.steps(NUMBER)) == STEPS_MAX
    assert store.steps(NUMBER)[-1] == b"%d" % (3 * STEPS_MAX - 1)


@pytest.mark.parametrize("call", ["fsync", "rename"])
def test_a_write_that_fails_leaves_what_was_there(store, monkeypatch, call):
    store.add(NUMBER, b"one", new=True)

    def fail(*_, **__):
        raise OSError(5, "synthetic")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync" if call == "fsync" else "pathlib.Path.rename", fail)
        with pytest.raises(OSError):
            store.add(NUMBER, b"two")
    assert store.steps(NUMBER) == [b"one"]
    assert list(store.numbers()) == [NUMBER]
    store.add(NUMBER, b"two")
    assert store.steps(NUMBER) == [b"one", b"two"]


@pytest.mark.parametrize(
    "number",
    [
        "",
        "..",
        "../xk-20260302-abcdefgh27",
        "xk-20260302-abcdefgh2",
        "xk-20260302-ABCDEFGH27",
        "x\0",
    ],
)
def test_what_is_no_number_is_no_file(store, number):
    assert not is_number(number)
    with pytest.raises(ValueError):
        store.add(number, b"one", new=True)
    assert is_number(NUMBER)


@pytest.mark.parametrize("step", [b"", b"a\nb"])
def test_a_step_is_one_line(store, step):
    with pytest.raises(ValueError):
        store.add(NUMBER, step, new=True)


def test_what_lies_beside_them_is_no_dossier(store):
    for name in (f".{NUMBER}.jsonl.new", f"{NUMBER}.txt", "ledger-read.json"):
        (store.directory / name).write_bytes(b"x")
    assert list(store.numbers()) == []
    assert store.steps(NUMBER) == []


def test_no_link_and_no_pipe_is_read(store, tmp_path):
    file = store.directory / f"{NUMBER}.jsonl"
    (tmp_path / "other").write_bytes(b"x")
    file.symlink_to(tmp_path / "other")
    assert store.steps(NUMBER) == []
    file.unlink()
    os.mkfifo(file)
    assert store.steps(NUMBER) == []


@pytest.mark.parametrize("mode", [0o750, 0o701, 0o777])
def test_a_directory_that_others_may_read_is_refused(tmp_path, mode):
    folder = tmp_path / "desk"
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(ConfigurationError, match="0700"):
        Store(folder).open()


def test_what_is_no_directory_is_refused(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("file", "link", "nowhere/desk"):
        with pytest.raises(ConfigurationError, match=r"desk\.directory"):
            Store(tmp_path / name).open()


def test_answers_are_whole_and_are_not_dossiers(store):
    assert store.answers(NUMBER, 1) == b""
    store.keep_answers(NUMBER, 1, b"one")
    store.keep_answers(NUMBER, 1, b"again")
    assert store.answers(NUMBER, 1) == b"again"
    assert list(store.numbers()) == []
    file = store.directory / f"{NUMBER}.answers-001.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    file.unlink()
    file.symlink_to("/etc/hostname")
    assert store.answers(NUMBER, 1) == b""
    for number, run in (("../x", 1), (NUMBER, 0), (NUMBER, 10**6)):
        with pytest.raises(ValueError):
            store.keep_answers(number, run, b"x")
