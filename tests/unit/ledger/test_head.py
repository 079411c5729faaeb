import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.errors import ConfigurationError, LedgerDamaged
from ledger.head import HeadMemory, default_head, require_memory
from ledger.log import open_sequencer
from tests.unit.ledger.small_log import (
    PROXY_ID,
    SEGMENT_BYTES,
    SmallLog,
    judged,
    log_of,
    notary_keys,
)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> SmallLog:
    return log_of(tmp_path_factory.mktemp("original") / "log", 5)


@pytest.fixture
def log(original: SmallLog, tmp_path: Path) -> SmallLog:
    shutil.copytree(original.root, tmp_path / "log")
    return SmallLog(tmp_path / "log", original.keys)


def open_with(log: SmallLog, memory: HeadMemory):
    try:
        return open_sequencer(
            log.disk,
            log.keys,
            PROXY_ID,
            clock_ms=log.clock,
            memory=memory,
            segment_bytes=SEGMENT_BYTES,
            reserve_bytes=0,
        )
    finally:
        log.disk.unlock()


def live(log: SmallLog, memory: HeadMemory, count: int) -> None:
    sequencer = open_with(log, memory)
    sequencer.start()
    for _ in range(count):
        sequencer.commit([[judged()]])
    sequencer.stop()
    assert sequencer.failure is None


def content(root: Path) -> dict[str, bytes]:
    """But for the lock, which whoever looks takes."""
    return {
        str(path): path.read_bytes()
        for path in root.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def test_the_memory_lies_beside_the_log_whatever_its_name_leads_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "copy").mkdir()
    (tmp_path / "log").symlink_to(tmp_path / "copy")
    assert default_head(tmp_path / "log") == tmp_path / "log.head"
    monkeypatch.chdir(tmp_path)
    assert default_head(Path("log/")) == tmp_path / "log.head"


@pytest.mark.parametrize("path", ["log/head", "log", "other/../log/head", "link/head"])
def test_a_memory_within_the_log_would_be_restored_with_it(tmp_path: Path, path: str):
    (tmp_path / "log").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "log")
    with pytest.raises(ConfigurationError, match="outside of"):
        HeadMemory(tmp_path / path, tmp_path / "log")


def test_what_is_remembered_is_what_was_published_last(log: SmallLog, tmp_path: Path):
    memory = HeadMemory(tmp_path / "log.head", log.root)
    memory.remember(log.disk.read("checkpoint"))
    live(log, memory, 3)
    assert memory.note() == log.disk.read("checkpoint")
    found = memory.checkpoint([log.keys.log.verifier])
    assert found is not None
    assert found.size == log.verify().size
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log", "log.head"]


def test_a_new_log_is_remembered_before_a_second_entry_is_signed(tmp_path: Path):
    log = SmallLog(tmp_path / "log").create()
    memory = HeadMemory(tmp_path / "log.head", log.root)
    assert memory.checkpoint([log.keys.log.verifier]) is None
    open_with(log, memory)
    found = memory.checkpoint([log.keys.log.verifier])
    assert found is not None
    assert found.size == 1


def test_an_older_copy_is_refused_and_left_as_it_was(log: SmallLog, tmp_path: Path):
    memory = HeadMemory(tmp_path / "log.head", log.root)
    older = shutil.copytree(log.root, tmp_path / "older")
    memory.remember(log.disk.read("checkpoint"))
    live(log, memory, 1)
    shutil.rmtree(log.root)
    shutil.copytree(older, log.root)
    with pytest.raises(LedgerDamaged, match=r"log ends at .* rollback or fork suspected"):
        open_with(SmallLog(log.root, log.keys), memory)
    assert content(log.root) == {
        path.replace(str(older), str(log.root)): data for path, data in content(older).items()
    }


def test_another_history_of_the_same_size_is_refused(log: SmallLog, tmp_path: Path):
    memory = HeadMemory(tmp_path / "log.head", log.root)
    memory.remember(log.disk.read("checkpoint"))
    other = log_of(tmp_path / "other", 5)
    with pytest.raises(LedgerDamaged, match=r"are not those .* rollback or fork suspected"):
        open_with(other, memory)


def test_a_memory_that_is_older_than_the_log_is_fine(log: SmallLog, tmp_path: Path):
    memory = HeadMemory(tmp_path / "log.head", log.root)
    memory.remember(log.disk.read("checkpoint"))
    before = memory.note()
    live(log, memory, 1)
    assert before is not None
    memory.remember(before)
    live(log, memory, 1)
    assert memory.note() == log.disk.read("checkpoint")


def test_a_log_in_use_that_nobody_remembers_is_refused(log: SmallLog, tmp_path: Path):
    before = content(log.root)
    with pytest.raises(ConfigurationError, match="ledger remember"):
        open_with(log, HeadMemory(tmp_path / "nowhere.head", log.root))
    assert content(log.root) == before
    assert not (tmp_path / "nowhere.head").exists()
    require_memory(None, 1, HeadMemory(tmp_path / "nowhere.head", log.root))


def test_the_memory_of_another_log_is_none_of_this_one(log: SmallLog, tmp_path: Path):
    other = SmallLog(tmp_path / "other", notary_keys(b"o" * 32)).create()
    memory = HeadMemory(tmp_path / "log.head", log.root)
    memory.remember(other.disk.read("checkpoint"))
    with pytest.raises(LedgerDamaged, match="an earlier log of this host"):
        open_with(log, memory)


def test_wrong_keys_are_called_that(log: SmallLog, tmp_path: Path):
    memory = HeadMemory(tmp_path / "log.head", log.root)
    memory.remember(log.disk.read("checkpoint"))
    with pytest.raises(ConfigurationError, match="wrong key or foreign log"):
        open_with(SmallLog(log.root, notary_keys(b"o" * 32)), memory)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_a_memory_that_was_changed_is_not_taken_for_none(log: SmallLog, data: st.DataObject):
    note = log.disk.read("checkpoint")
    at = data.draw(st.integers(0, len(note)))
    changed = data.draw(st.one_of(st.binary(max_size=300), st.just(note[:at])))
    memory = HeadMemory(log.root.parent / "log.head", log.root)
    memory.path.write_bytes(changed)
    if changed != note:
        with pytest.raises(LedgerDamaged):
            memory.checkpoint([log.keys.log.verifier])


def test_where_nothing_can_be_written_the_service_does_not_begin(log: SmallLog, tmp_path: Path):
    with pytest.raises(ConfigurationError, match=r"ledger\.head_file"):
        HeadMemory(tmp_path / "no/such/folder/head", log.root).begin(b"note")
    os.mkdir(tmp_path / "folder.head")
    with pytest.raises(ConfigurationError, match="cannot read"):
        HeadMemory(tmp_path / "folder.head", log.root).note()
