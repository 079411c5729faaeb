"""Who stands in the door takes no place, and who has a place gives it back."""

import pytest

from proxy.names import PrincipalName
from proxy.policy.law import Principal, PrincipalKind
from proxy.server.door import Door, neighbourhood_of
from proxy.server.entrance import TooManyConnections
from proxy.server.neighbours import Places

HERE, THERE, ELSEWHERE = "10.0.0.1", "10.0.0.2", "10.0.0.3"


def door(connections_max=2):
    return Door(Places.alone(), connections_max, 4)


def principal(name, connections_max=None):
    return Principal(PrincipalName(name), PrincipalKind.UNIT, (), connections_max=connections_max)


def test_one_address_fills_no_more_than_half_of_the_door():
    full = door()
    assert full.arrive(HERE)
    assert full.arrive(HERE)
    assert full.arrive(HERE) is None
    assert full.arrive(THERE)
    assert full.arrive(THERE)
    assert full.arrive(ELSEWHERE) is None


def test_who_stands_in_the_door_takes_no_place():
    busy = door()
    waiting = [busy.arrive(HERE), busy.arrive(HERE)]
    assert busy.places.taken_count == 0
    first, second = busy.arrive(THERE), busy.arrive(THERE)
    first.enter()
    second.enter()
    assert busy.places.taken_count == 2
    with pytest.raises(TooManyConnections):
        waiting[0].enter()
    assert busy.places.taken_count == 2
    waiting[0].leave()
    first.leave()
    waiting[1].enter()
    assert busy.places.taken_count == 2


def test_whoever_leaves_makes_room_in_the_door_or_inside():
    empty = door(1)
    for entering in (False, True, True):
        visit = empty.arrive(HERE)
        assert empty.arrive(HERE) is None
        if entering:
            visit.enter()
        visit.leave()
    assert (empty.places.taken_count, bool(empty.arrive(HERE))) == (0, True)


def test_a_principal_has_as_many_sessions_as_the_policy_says_and_not_one_more():
    inside, few = door(9), principal("few", 2)
    visits = [inside.arrive(HERE) for _ in range(4)]
    assert [visit.join(few) for visit in visits[:3]] == [True, True, False]
    assert inside.places.sessions_of(few.name) == 2
    assert visits[3].join(principal("other", 2))
    visits[0].leave()
    assert visits[2].join(few)


def test_a_limit_that_is_lowered_counts_who_is_there_and_ends_nobody():
    inside = door(9)
    visits = [inside.arrive(HERE) for _ in range(3)]
    assert all(visit.join(principal("many")) for visit in visits[:2])
    assert not visits[2].join(principal("many", 2))
    assert visits[2].join(principal("many", 3))


def test_a_session_that_becomes_somebody_elses_counts_for_them():
    inside = door(9)
    visit = inside.arrive(HERE)
    assert visit.join(principal("one", 1))
    visit.belong_to(principal("two", 1))
    visit.belong_to(principal("two", 1))
    counts = [inside.places.sessions_of(PrincipalName(name)) for name in ("one", "two")]
    assert counts == [0, 1]
    visit.leave()
    assert inside.places.sessions_of(PrincipalName("two")) == 0


def test_more_principals_than_can_be_counted_stop_no_policy_and_no_one_without_a_limit():
    inside = door(2_000)
    visits = [inside.arrive(HERE) for _ in range(1_025)]
    assert all(visit.join(principal(f"p{n}")) for n, visit in enumerate(visits))
    assert not inside.arrive(HERE).join(principal("limited", 9))
    visits[1].belong_to(principal("limited", 9))
    visits[1_024].belong_to(principal("limited too", 9))
    assert inside.places.sessions_of(PrincipalName("limited")) == 1
    for visit in visits:
        visit.leave()
    assert inside.arrive(HERE).join(principal("limited", 1))


@pytest.mark.parametrize(
    ("source", "neighbourhood"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("", ""),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8:0:0:ffff::1", "2001:db8::/64"),
        ("2001:db8:0:1::1", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_whoever_has_one_address_of_a_network_has_all_of_it(source, neighbourhood):
    assert neighbourhood_of(source) == neighbourhood


def test_one_network_of_ipv6_fills_no_more_than_half_of_the_door():
    full = door()
    assert all(full.arrive(f"2001:db8::{n}") for n in (1, 2))
    assert full.arrive("2001:db8::3") is None
    assert full.arrive("2001:db8:0:1::1")
