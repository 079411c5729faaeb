"""Who handles cases is under rules of their own; everybody else under those of all."""

from dataclasses import replace

from tests.unit.proxy.small_world import LAW, base

CASES = base("cases")


def test_the_law_is_another_for_the_units_it_is_written_out_for_and_for_nobody_else():
    theirs = {**LAW.relations, CASES: replace(LAW.relations[CASES], visible_when="true")}
    law = replace(LAW, handled={("u1", "u2"): theirs})
    assert law.seen_by(("u1", "u2")).relations is theirs
    assert law.seen_by(("u1", "u2")).vetted_functions is law.vetted_functions
    for units in ((), ("u1",), ("u2", "u1")):
        assert law.seen_by(units) is law
