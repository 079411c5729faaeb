import threading
from pathlib import Path

import pytest

from ledger import publication
from ledger.publication import Publication
from ledger.publish import Publisher
from ledger.wal import Frame


class Recording:
    """Stands where the publisher stands, and may be held up or fail."""

    def __init__(self) -> None:
        self.edge_bytes = 7
        self.sizes: list[int] = []
        self.error: Exception | None = None
        self.going = threading.Event()
        self.going.set()

    def publish(self, frames: list[Frame]) -> None:
        assert self.going.wait(10)
        if self.error is not None:
            raise self.error
        self.sizes.append(frames[-1].end_index)


def frame(index: int) -> Frame:
    return Frame(index, (b"entry",), (b"",), b"note")


@pytest.fixture
def publisher() -> Recording:
    return Recording()


@pytest.fixture
def errors() -> list[BaseException]:
    return []


@pytest.fixture
def published(publisher: Recording, errors: list[BaseException]) -> Publication:
    made = Publication(publisher)  # type: ignore[arg-type]
    made.start(lambda _: None, errors.append)
    return made


def test_it_is_made_for_the_publisher():
    assert {"edge_bytes", "publish"} <= set(dir(Publisher))


def test_all_that_was_added_is_published_before_the_end(published, publisher, errors):
    for index in range(5):
        published.add(frame(index), 10)
    published.finish()
    assert publisher.sizes[-1] == 5
    assert published.owed_bytes == publisher.edge_bytes
    assert errors == []


def test_what_is_owed_counts_until_it_is_published(published, publisher):
    publisher.going.clear()
    published.add(frame(0), 10)
    published.add(frame(1), 5)
    assert published.owed_bytes == 15 + publisher.edge_bytes
    publisher.going.set()
    published.finish()
    assert published.owed_bytes == publisher.edge_bytes


def test_one_who_adds_waits_while_the_backlog_is_too_long(published, publisher, monkeypatch):
    monkeypatch.setattr(publication, "BACKLOG_BYTES_MAX", 20)
    publisher.going.clear()
    published.add(frame(0), 20)
    published.wait_for_room()  # at the limit there is still room
    published.add(frame(1), 1)
    waiting = threading.Thread(target=published.wait_for_room)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    publisher.going.set()
    waiting.join(10)
    assert not waiting.is_alive()
    published.finish()


def test_who_waits_is_not_made_to_wait_for_more(published, publisher, monkeypatch):
    monkeypatch.setattr(publication, "INTERVAL_S", 3600)
    told: list[tuple[str, int]] = []
    done = threading.Semaphore(0)
    published.before = lambda each: told.append(("before", each.end_index))

    def after(size: int) -> None:
        told.append(("after", size))
        done.release()

    published.after = after
    for index in range(4):
        published.add(frame(index), 1)
        published.hurry()
        assert done.acquire(timeout=10)
    assert publisher.sizes == [1, 2, 3, 4]
    assert told == [(when, size) for size in publisher.sizes for when in ("before", "after")]
    published.finish()


def test_an_error_is_told_and_nobody_waits_any_more(published, publisher, errors, monkeypatch):
    monkeypatch.setattr(publication, "BACKLOG_BYTES_MAX", 0)
    publisher.error = OSError(5, "Input/output error")
    published.add(frame(0), 10)
    published.wait_for_room()
    assert errors == [publisher.error]
    published.finish()


def test_one_that_was_never_started_can_be_ended(publisher, tmp_path: Path):
    Publication(publisher).finish()


def test_the_first_and_the_last_checkpoint_are_remembered(publisher: Recording, monkeypatch):
    remembered: list[bytes] = []
    first = threading.Event()

    def remember(note: bytes) -> None:
        remembered.append(note)
        first.set()

    monkeypatch.setattr(publication, "INTERVAL_S", 0.0)
    made = Publication(publisher, remember)  # type: ignore[arg-type]
    made.start(lambda _: None, lambda _: None)
    made.add(Frame(0, (b"entry",), (b"",), b"first"), 1)
    assert first.wait(10)
    for index in range(1, 5):
        made.add(Frame(index, (b"entry",), (b"",), b"note %d" % index), 1)
    made.finish()
    assert (remembered[0], remembered[-1]) == (b"first", b"note 4")
    assert publisher.sizes[-1] == 5


def test_a_memory_that_cannot_be_written_ends_publication(publisher: Recording):
    errors: list[BaseException] = []
    failed = threading.Event()

    def remember(_: bytes) -> None:
        raise OSError(28, "No space left on device")

    def on_error(error: BaseException) -> None:
        errors.append(error)
        failed.set()

    made = Publication(publisher, remember)  # type: ignore[arg-type]
    made.start(lambda _: None, on_error)
    made.add(frame(0), 1)
    assert failed.wait(10)
    made.finish()
    assert [type(error) for error in errors] == [OSError]
