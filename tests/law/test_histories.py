"""That the command plays as many histories as it says, from a seed, and notices what is wrong."""

from __future__ import annotations

import pytest
from hypothesis.stateful import rule
from hypothesis.strategies import integers

from tests.law import histories
from tests.unit.proxy.server.test_permits import Histories

STATEMENTS = histories.MACHINES["statements"]


class Unrevoked(Histories):
    """Who revokes a permit believes that it is gone, and it counts on."""

    @rule(which=integers(0, 20))
    def revoke(self, which: int) -> None:
        if self.granted:
            del self.granted[which % len(self.granted)]


def histories_of(seed: int) -> list[str]:
    found: list[str] = []

    class Told(Histories):
        def teardown(self) -> None:
            super().teardown()
            found.append(repr([each.permit for each in self.granted]))

    histories.play(Told, 10, 5, seed)
    return found


def test_a_seed_plays_the_same_histories_again():
    assert histories_of(7) == histories_of(7)
    assert histories_of(7) != histories_of(8)


def test_it_says_how_many_it_played_and_that_nothing_was_wrong(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["histories", "--count", "5", "--seed", "7"])
    assert histories.main() == 0
    assert "5 histories" in capsys.readouterr().out


def test_a_revocation_that_does_nothing_is_noticed(monkeypatch, capsys):
    monkeypatch.setattr(histories, "MACHINES", {"statements": (Unrevoked, STATEMENTS[1])})
    monkeypatch.setattr("sys.argv", ["histories", "--count", "50", "--seed", "7"])
    assert histories.main() == 1
    assert "revoke(" in capsys.readouterr().out


@pytest.mark.slow
def test_the_desk_is_played_likewise(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["histories", "--of", "desk", "--count", "1", "--seed", "7"])
    assert histories.main() == 0
    assert "histories" in capsys.readouterr().out
