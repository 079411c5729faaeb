from hypothesis import given
from hypothesis import strategies as st

from proxy.policy.uses import Use, Uses


def test_all_are_used_or_none_is():
    uses = Uses({"p-1": 1})
    both = (Use("p-1", 2), Use("p-2", 2))
    assert uses.take(both) == ()
    assert uses.take(both) == ("p-1",)
    assert uses.take((Use("p-2", 2),)) == ()
    assert uses.take(both) == ("p-1", "p-2")


def test_what_was_recorded_beyond_the_number_is_no_use_either():
    assert Uses({"p-1": 5}).take((Use("p-1", 3),)) == ("p-1",)


@given(st.lists(st.lists(st.sampled_from("abc"), unique=True)), st.integers(0, 4))
def test_no_permit_is_used_more_often_than_it_may_be(statements, most):
    uses, served = Uses(), dict.fromkeys("abc", 0)
    for named in statements:
        used_up = uses.take(tuple(Use(each, most) for each in named))
        assert set(used_up) == {each for each in named if served[each] == most}
        for each in named if not used_up else ():
            served[each] += 1


def test_one_is_left_or_not_and_to_ask_takes_none():
    uses, use = Uses({"p-1": 1}), Use("p-1", 2)
    assert uses.has(use)
    assert uses.has(use)
    assert uses.take((use,)) == ()
    assert not uses.has(use)
