import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from ledger.portal.index.schema import (
    COLUMNS,
    INDEXED,
    INDEXES,
    connect,
    create,
    known_word,
    reading,
    writing,
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    made = tmp_path / "名 ?#%.index"
    with closing(create(made)) as connection:
        connection.executescript(INDEXES)
        connection.execute("PRAGMA journal_mode = WAL")
    return made


def test_every_index_is_of_a_column_that_there_is(path: Path):
    assert {*INDEXED} < {*COLUMNS}
    with reading(path) as connection:
        found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'index'").fetchall()
    assert {f"entry_{column}" for column in INDEXED} < {name for (name,) in found}


def test_a_reader_keeps_its_state_and_writes_nothing(path: Path):
    with closing(connect(path)) as writer, reading(path) as reader:
        with writing(writer):
            writer.execute("INSERT INTO word (value) VALUES ('a')")
        assert known_word(reader, "a") is None
        assert known_word(writer, "a") == 1
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            reader.execute("INSERT INTO word (value) VALUES ('b')")
    with reading(path) as reader:
        assert known_word(reader, "a") == 1
        assert known_word(reader, "\ud800") is None


def test_what_raises_is_undone(path: Path):
    with closing(connect(path)) as writer:
        with pytest.raises(KeyboardInterrupt), writing(writer):
            writer.execute("INSERT INTO word (value) VALUES ('a')")
            raise KeyboardInterrupt
        assert known_word(writer, "a") is None


def test_a_file_that_is_not_there_is_not_made(tmp_path: Path):
    with pytest.raises(sqlite3.OperationalError):
        connect(tmp_path / "none")
    assert not (tmp_path / "none").exists()
    (tmp_path / "empty").write_bytes(b"")
    with pytest.raises(sqlite3.Error), reading(tmp_path / "empty"):
        pass
