"""In order, and nothing before its record."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.session.outbox import Outbox


def test_what_needs_no_record_leaves_at_once():
    outbox = Outbox()
    outbox.put(b"a", number=1)
    outbox.put(b"b")
    assert (outbox.take(), outbox.take(), outbox.sent_number) == (b"ab", b"", 1)


def test_what_comes_behind_one_that_waits_waits_with_it():
    outbox = Outbox()
    outbox.put(b"a", needed=2, number=2)
    outbox.put(b"b", number=3)
    outbox.put(b"c")
    outbox.durable(1)
    assert (outbox.take(), outbox.sent_number, outbox.empty) == (b"", 0, False)
    outbox.durable(2)
    assert (outbox.take(), outbox.sent_number, outbox.empty) == (b"abc", 3, True)


def test_a_record_that_is_durable_already_is_not_waited_for():
    outbox = Outbox()
    outbox.durable(5)
    outbox.put(b"a", needed=5, number=5)
    assert outbox.take() == b"a"
    outbox.durable(4)
    outbox.put(b"b", needed=5, number=5)
    assert outbox.take() == b"b"


def test_so_much_may_wait_and_no_more():
    outbox = Outbox()
    outbox.put(b"x" * (256 * 1024 - 1), needed=1, number=1)
    assert not outbox.full
    outbox.put(b"x")
    assert outbox.full
    outbox.durable(1)
    assert not outbox.full


@given(
    st.lists(st.tuples(st.booleans(), st.integers(0, 3))),
    st.lists(st.integers(0, 40)),
)
def test_whatever_is_put_in_leaves_once_in_order_and_in_time(messages, acknowledged):
    outbox, left, number, durable = Outbox(), b"", 0, 0
    sent = [bytes((65 + position % 26,)) for position in range(len(messages))]
    needs = []
    answers = iter(acknowledged)
    for raw, (first, pauses) in zip(sent, messages, strict=True):
        number += 1
        needs.append(number if first else 0)
        outbox.put(raw, needed=needs[-1], number=number)
        for _ in range(pauses):
            durable = max(durable, min(number, next(answers, 0)))
            outbox.durable(durable)
        left += outbox.take()
        assert b"".join(sent).startswith(left)
        assert all(need <= durable for need in needs[: len(left)])
        assert outbox.sent_number <= len(left)
    outbox.durable(number)
    assert left + outbox.take() == b"".join(sent)
    assert outbox.empty
