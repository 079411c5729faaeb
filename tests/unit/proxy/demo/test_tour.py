from __future__ import annotations

import os
import signal
import sys

import pytest

from proxy.demo import tour
from proxy.demo.scene import ClaimFailed
from proxy.errors import ConfigurationError


def test_everybody_is_the_same_on_every_machine():
    (first, first_cast), (second, second_cast) = tour.build_register(), tour.build_register()
    assert first_cast == second_cast
    assert first.rows == second.rows
    assert len(first.rows["person"]) > 5_000


def test_every_step_of_the_tour_is_in_one_act():
    steps = [step for _, act in tour.ACTS for step in act]
    assert tuple(steps) == tour.STEPS
    assert len(set(steps)) == len(steps) == 11


def run_with(monkeypatch, guide) -> int:
    monkeypatch.setattr(tour, "_guide", guide)
    return tour.run(once=True, keep=None, port=None)


def test_a_tour_that_held_its_claims_ends_with_0(monkeypatch):
    assert run_with(monkeypatch, lambda *_, **__: None) == 0


def test_a_claim_that_failed_is_raised_after_cleaning_up(monkeypatch):
    cleaned = []

    def guide(screen, stack, **_):
        stack.callback(cleaned.append, True)
        raise ClaimFailed("not so")

    with pytest.raises(ClaimFailed):
        run_with(monkeypatch, guide)
    assert cleaned == [True]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_being_stopped_cleans_up_and_a_second_signal_does_not_cut_that_short(monkeypatch, number):
    before = signal.getsignal(number)
    cleaned = []

    def clean():
        signal.raise_signal(number)
        cleaned.append(True)

    def guide(screen, stack, **_):
        stack.callback(clean)
        signal.raise_signal(number)

    assert run_with(monkeypatch, guide) == tour.EXIT_INTERRUPTED
    assert cleaned == [True]
    assert signal.getsignal(number) == before


def test_the_home_is_gone_at_the_end_and_ours_alone_meanwhile():
    with tour._home(None) as home:
        (home / "file").touch()
        assert home.stat().st_mode & 0o066 == 0
    assert not home.exists()


def test_a_home_to_be_kept_is_kept(tmp_path):
    with tour._home(tmp_path / "kept" / "here") as home:
        (home / "file").touch()
    assert (tmp_path / "kept" / "here" / "file").exists()


def test_a_directory_with_something_in_it_is_refused_and_left_alone(tmp_path):
    (tmp_path / "precious").touch()
    with pytest.raises(ConfigurationError, match="not empty"), tour._home(tmp_path):
        pass
    assert os.listdir(tmp_path) == ["precious"]


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        (".venv/bin/fengcun", ".venv/bin/fengcun"),
        ("/usr/lib/proxy/cli/__main__.py", f"{sys.executable} -m proxy.cli"),
    ],
)
def test_commands_are_printed_as_they_can_be_typed(monkeypatch, typed, printed):
    monkeypatch.setattr(sys, "argv", [typed, "demo"])
    assert tour._ourselves() == printed
