"""How often something may be done, at the edge."""

from ledger.accounts import pace
from ledger.accounts.pace import Pace


def test_so_many_at_once_and_so_many_a_minute_after():
    now = [0.0]
    searches = Pace(3, 60.0, lambda: now[0])
    assert [searches.wait_seconds("lin") for _ in range(4)] == [0, 0, 0, 1.0]
    assert searches.wait_seconds("qin") == 0
    now[0] = 0.5
    assert searches.wait_seconds("lin") == 0.5
    now[0] = 1.0
    assert [searches.wait_seconds("lin") for _ in range(2)] == [0, 1.0]
    now[0] = 1_000.0
    assert [searches.wait_seconds("lin") for _ in range(4)] == [0, 0, 0, 1.0]


def test_it_takes_no_memory_without_end(monkeypatch):
    monkeypatch.setattr(pace, "_KEPT_MAX", 3)
    searches = Pace(1, 1.0, lambda: 0.0)
    for number in range(9):
        searches.wait_seconds(str(number))
    assert len(searches._buckets) == 3
