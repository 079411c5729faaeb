"""What the fuzzers begin with, and whatever they once found, once more; and their figures."""

from __future__ import annotations

import pytest

from proxy.errors import ProtocolViolation
from proxy.session.planner import Planner
from proxy.wire.postgres import frontend
from tests.fuzzing.__main__ import fuzz_seconds, read_figures
from tests.fuzzing.hostile_bytes import client
from tests.fuzzing.targets import BYTES, CORPUS, NAMES, TEXTS, TOOK_TOO_LONG, corpus, kept, texts_on

SAID = """\
#2\tINITED cov: 11 ft: 12 corp: 1/1b exec/s: 0 rss: 40Mb
#900\tNEW    cov: 32 ft: 102 corp: 34/1kb lim: 469 exec/s: 18455 rss: 135Mb L: 21/291
stat::number_of_executed_units: 91203
stat::average_exec_per_sec:     15200
stat::new_units_added:          132
stat::slowest_unit_time_sec:    0
stat::peak_rss_mb:              135
"""


@pytest.mark.parametrize("name", BYTES)
def test_the_corpus_of_bytes_holds(name):
    for data in corpus(name):
        BYTES[name](data)


@pytest.fixture(scope="module")
def texts(agency):
    return texts_on(agency)


@pytest.mark.database
@pytest.mark.parametrize("name", TEXTS)
def test_the_corpus_of_texts_holds(texts, name):
    for data in corpus(name):
        texts[name](data)


def test_every_target_has_a_corpus_and_every_corpus_a_target():
    assert {path.stem for path in CORPUS.iterdir()} == set(NAMES)
    assert all(len(corpus(name)) > 10 for name in NAMES)


def test_what_is_kept_is_read_back(tmp_path, monkeypatch):
    monkeypatch.setattr("tests.fuzzing.targets.CORPUS", tmp_path)
    inputs = [b"", b"#", b"'\"\\\n\r\0\xff", bytes(range(256))]
    (tmp_path / "x.txt").write_text("# what\n" + "".join(map(kept, inputs)), encoding="ascii")
    assert corpus("x") == inputs


def test_a_decoder_that_overlooks_bytes_is_found(monkeypatch):
    def lax(raw):
        return raw[5 : raw.find(0, 5)]

    monkeypatch.setattr(frontend, "decode_query", lax)
    with pytest.raises(AssertionError):
        for data in corpus("client"):
            client(data)


def test_a_decoder_that_raises_something_else_is_found(monkeypatch):
    def broken(raw):
        raise ValueError("not a ProtocolViolation")

    assert not issubclass(ValueError, ProtocolViolation)
    monkeypatch.setattr(frontend, "decode_bind", broken)
    with pytest.raises(ValueError, match="not a"):
        for data in corpus("client"):
            client(data)


@pytest.mark.database
def test_an_exception_that_the_planner_swallows_is_found(texts, monkeypatch):
    def broken(*args):
        raise RecursionError

    monkeypatch.setattr(Planner, "_judged", broken)
    with pytest.raises(AssertionError):
        texts["statement"](b"\0SELECT 1")


def test_the_figures_are_libfuzzers(tmp_path):
    hang, crash = tmp_path / "timeout-1", tmp_path / "crash-1"
    (tmp_path / "slowest-seconds").write_text("0.377\n")
    figures = read_figures("startup", SAID, tmp_path, {hang, crash}, 77)
    assert figures.line.split() == [
        "startup", "91,203", "15,200", "32", "102", "34", "1", "1", "0.377", "135"
    ]  # fmt: skip
    assert not figures.broken


def test_an_input_that_takes_too_long_is_a_hang_and_no_crash(tmp_path):
    said = f"{SAID}TimeoutError: {TOOK_TOO_LONG}: 11.0 seconds of the processor"
    figures = read_figures("startup", said, tmp_path, {tmp_path / "crash-1"}, 77)
    assert figures.line.split()[6:8] == ["0", "1"]


@pytest.mark.parametrize(("said", "code"), [("", 0), (SAID, 1)], ids=["silent", "failed"])
def test_a_run_that_ends_badly_is_not_taken_for_a_good_one(tmp_path, said, code):
    assert read_figures("startup", said, tmp_path, set(), code).broken


def test_the_minutes_are_for_all_targets_together():
    assert fuzz_seconds(10, 8) == 75
    assert fuzz_seconds(0, 8) == 1
