"""The portal is started, asked and verified; what comes of it are figures."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.bench.portal import pages, run, show, size_of, times_of
from tests.bench.portal_log import make_log
from tests.bench.portal_process import Failed, People, Portal

COUNT = 400


@pytest.mark.slow
async def test_every_page_is_asked_for_and_the_log_is_verified(tmp_path: Path, capsys):
    made = tmp_path / "made"
    made.mkdir()
    make_log(made, COUNT)
    figures: Any = await run(made, tmp_path, 1)
    json.dumps(figures)
    first, again = figures["from_nothing"], figures["started_again"]
    assert first["entries"] == again["entries"] == COUNT
    assert 0 < again["listens_after_seconds"] <= again["indexed_after_seconds"]
    assert figures["pages"].keys() == pages(People([]), COUNT).keys()
    assert all(0 < each["median_ms"] <= each["max_ms"] for each in figures["pages"].values())
    assert figures["verification"]["seconds"] > 0
    assert figures["memory_peak_mib"]["portal"] > 10
    show(figures)
    assert "one person, from number to list" in capsys.readouterr().out


@pytest.mark.slow
async def test_a_portal_that_does_not_start_is_no_figure(tmp_path: Path):
    portal = Portal(tmp_path / "nothing", tmp_path / "state")
    portal.prepare()
    with pytest.raises(Failed, match="does not start"):
        async with portal.started():
            raise AssertionError


def test_entries_are_read_off_the_first_page():
    assert size_of("<dt>记录条数</dt><dd>10,000,000</dd>") == 10_000_000
    assert size_of("<dt>记录条数</dt><dd>—</dd>") is None


async def test_a_median_and_what_nineteen_of_twenty_stay_under():
    async def ask(number: int) -> float:
        return float(number)

    found = await times_of("counting", ask, 21)
    assert (found["median_ms"], found["p95_ms"], found["max_ms"]) == (10.0, 19.0, 20.0)
