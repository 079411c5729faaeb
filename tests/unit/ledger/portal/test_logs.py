from pathlib import Path

import pytest

from ledger.errors import ConfigurationError
from ledger.fetch import DirectoryLog
from ledger.portal.http_log import HttpLog
from ledger.portal.logs import (
    NAME_CHARACTERS_MAX,
    LogUnreadable,
    Source,
    Trouble,
    reading_errors,
    source_of,
    sources_of,
)
from tests.unit.ledger.portal.made_log import MadeLog, heartbeats, keys_of, made_log

KEY = str(keys_of("ledger.example/a").log.verifier)
OTHER_KEY = str(keys_of("ledger.example/a", b"m").log.verifier)
FOREIGN_KEY = str(keys_of("ledger.example/b").log.verifier)


@pytest.fixture
def log(tmp_path: Path) -> MadeLog:
    return made_log(tmp_path / "log", heartbeats(2))


def trouble(source: Source) -> Trouble:
    with pytest.raises(LogUnreadable) as caught:
        source.checkpoint()
    assert caught.value.log == source.name
    assert str(caught.value).startswith(f"{source.name}: ")
    assert " / " in str(caught.value)
    return caught.value.trouble


def test_a_source_reads_its_log_under_its_key(log: MadeLog):
    source = source_of("公安", str(log.root), [KEY])
    checkpoint = source.checkpoint()
    assert (checkpoint.origin, checkpoint.size) == (source.origin, 3)
    note, again = source.signed_checkpoint(source.reader())
    assert (note, again) == ((log.root / "checkpoint").read_bytes(), checkpoint)
    assert isinstance(source.reader(), DirectoryLog)
    assert not source.remote


def test_one_of_several_keys_is_enough(log: MadeLog):
    assert source_of("公安", str(log.root), [OTHER_KEY, KEY, KEY]).checkpoint().size == 3


def test_each_trouble_has_its_name(log: MadeLog, tmp_path: Path):
    assert trouble(source_of("公安", str(tmp_path / "none"), [KEY])) is Trouble.NOT_THERE
    assert trouble(source_of("公安", str(log.root), [OTHER_KEY])) is Trouble.NOT_SIGNED
    assert trouble(source_of("公安", str(log.root), [FOREIGN_KEY])) is Trouble.OTHER_LOG
    (log.root / "checkpoint").write_bytes(b"rubbish")
    assert trouble(source_of("公安", str(log.root), [KEY])) is Trouble.DAMAGED
    (log.root / "checkpoint").unlink()
    (log.root / "checkpoint").mkdir()
    assert trouble(source_of("公安", str(log.root), [KEY])) is Trouble.UNREACHABLE


@pytest.mark.parametrize(
    ("name", "place", "keys"),
    [
        ("", "/log", [KEY]),
        ("a" * (NAME_CHARACTERS_MAX + 1), "/log", [KEY]),
        ("a:b", "/log", [KEY]),
        ("a/b", "/log", [KEY]),
        (" a", "/log", [KEY]),
        ("a\nb", "/log", [KEY]),
        ("<b>", "/log", [KEY]),
        ("e\u0301", "/log", [KEY]),
        ("a", "", [KEY]),
        ("a", "ftp://host/log", [KEY]),
        ("a", "file:///log", [KEY]),
        ("a", "https://user:secret@host/log", [KEY]),
        ("a", "https://host/log?token=x", [KEY]),
        ("a", "https://", [KEY]),
        ("a", "/log", []),
        ("a", "/log", ["rubbish"]),
        ("a", "/log", [KEY, FOREIGN_KEY]),
    ],
)
def test_what_cannot_be_meant_is_refused(name: str, place: str, keys: list[str]):
    with pytest.raises(ConfigurationError) as caught:
        source_of(name, place, keys)
    assert "secret" not in str(caught.value)


def test_a_url_is_read_over_http():
    source = source_of("法院", "https://ledger.example/log", [KEY])
    assert source.remote
    assert isinstance(source.reader(), HttpLog)


def test_two_logs_have_two_names_and_are_two_logs():
    one, same = source_of("a", "/1", [KEY]), source_of("a", "/2", [FOREIGN_KEY])
    again, other = source_of("b", "/1", [KEY]), source_of("c", "/2", [FOREIGN_KEY])
    assert sources_of([one, other]) == {"a": one, "c": other}
    with pytest.raises(ConfigurationError, match="named a"):
        sources_of([one, same])
    with pytest.raises(ConfigurationError, match="given twice"):
        sources_of([one, again])


def test_an_error_of_reading_becomes_that_of_its_log():
    for error, kind in (
        (ConnectionError("gone"), LogUnreadable),
        (PermissionError(13, "Permission denied"), LogUnreadable),
        (FileNotFoundError("x"), FileNotFoundError),
    ):
        with pytest.raises(kind), reading_errors("公安"):
            raise error
