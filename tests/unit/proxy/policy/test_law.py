"""Who handles cases is under rules of their own; everybody else under those of all."""

from dataclasses import replace

from proxy.names import PrincipalName
from proxy.policy.law import Principal, PrincipalKind
from tests.unit.proxy.small_world import LAW, base

CASES = base("cases")


def test_the_law_is_another_for_the_units_it_is_written_out_for_and_for_nobody_else():
    theirs = {**LAW.relations, CASES: replace(LAW.relations[CASES], visible_when="true")}
    law = replace(LAW, handled={("u1", "u2"): theirs})
    assert law.seen_by(("u1", "u2")).relations is theirs
    assert law.seen_by(("u1", "u2")).vetted_functions is law.vetted_functions
    for units in ((), ("u1",), ("u2", "u1")):
        assert law.seen_by(units) is law


def test_outsiders_have_rules_of_their_own_and_what_they_replace_is_kept():
    own = replace(LAW.relations[CASES], visible_when="false")
    law = replace(LAW, outside={CASES: own})
    assert law.from_outside().relations == {**LAW.relations, CASES: own}
    assert law.from_outside().outside == {CASES: LAW.relations[CASES]}
    assert LAW.from_outside() is LAW


def test_the_counter_and_those_who_work_with_files_are_told_and_others_are_not():
    outside = {
        kind for kind in PrincipalKind if Principal(PrincipalName("p"), kind, ()).is_outsider
    }
    assert outside == {
        PrincipalKind.PLATFORM, PrincipalKind.UNIT, PrincipalKind.ADMINISTRATOR
    }  # fmt: skip
