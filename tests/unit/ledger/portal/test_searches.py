"""Searches for people, by session."""

from ledger.accounts.sittings import Sitting, Way
from ledger.portal import searches as module
from ledger.portal.searches import Searches, Sought
from tests.unit.ledger.portal.house import LIN

SOUGHT = Sought({"court": "ab" * 16})


def test_a_handle_is_of_one_session_and_ends_with_it():
    searches, one, other = Searches(), Sitting(LIN, Way.PAGE, 0, 0), Sitting(LIN, Way.PAGE, 0, 0)
    handle = searches.keep(one, SOUGHT)
    assert searches.find(one, handle) is SOUGHT
    assert searches.find(other, handle) is None
    assert searches.find(one, "x") is None
    assert "ab" * 16 not in handle
    searches.drop(one)
    assert searches.find(one, handle) is None
    assert not searches._kept


def test_a_session_has_so_many(monkeypatch):
    monkeypatch.setattr(module, "_OF_A_SESSION_MAX", 2)
    searches, one = Searches(), Sitting(LIN, Way.PAGE, 0, 0)
    handles = [searches.keep(one, SOUGHT) for _ in range(3)]
    assert [searches.find(one, each) is not None for each in handles] == [False, True, True]
