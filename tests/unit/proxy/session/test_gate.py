"""First in, first out, and never before the record."""

from hypothesis import given
from hypothesis import strategies as st

from proxy.session.commands import Report, ToClient, Unit
from proxy.session.gate import Gate


def test_a_chunk_waits_for_its_watermark():
    gate = Gate()
    gate.hold(2, b"answer")
    gate.open(1)
    assert (list(gate.take()), gate.empty, gate.held_bytes) == ([], False, 6)
    gate.open(2)
    assert (list(gate.take()), gate.empty, gate.held_bytes) == ([ToClient(b"answer")], True, 0)


def test_reports_follow_the_bytes_they_are_about():
    gate, unit = Gate(), Unit(1)
    gate.hold(1, b"answer", [unit])
    gate.hold(1, b"", [unit])
    gate.open(1)
    assert list(gate.take()) == [ToClient(b"answer"), Report(unit), Report(unit)]


def test_what_is_cut_off_names_the_units_whose_reports_it_held():
    gate, unit = Gate(), Unit(1)
    gate.hold(1, b"answer", [unit])
    assert (gate.cut(), gate.empty, gate.held_bytes) == ([unit], True, 0)
    gate.open(1)
    assert list(gate.take()) == []


def test_an_earlier_number_does_not_close_it_again():
    gate = Gate()
    gate.open(3)
    gate.open(1)
    assert gate.durable_number == 3


def test_whole_is_about_what_was_released_not_about_what_is_held():
    gate = Gate()
    gate.hold(1, b"half", whole=False)
    assert gate.whole
    gate.open(1)
    list(gate.take())
    assert not gate.whole


@given(
    st.lists(st.tuples(st.integers(0, 5), st.binary(min_size=1, max_size=3)), max_size=8),
    st.lists(st.integers(0, 5), max_size=5),
)
def test_nothing_leaves_early_or_out_of_order(chunks, opened):
    gate, released = Gate(), []
    watermarks = [max(w for w, _ in chunks[: i + 1]) for i in range(len(chunks))]
    for watermark, (_, data) in zip(watermarks, chunks, strict=True):
        gate.hold(watermark, data)
    for number in opened:
        gate.open(number)
        released += [command.data for command in gate.take()]
    durable = max(opened, default=0)
    expected = [d for w, (_, d) in zip(watermarks, chunks, strict=True) if w <= durable]
    assert released == (expected if opened else [])
