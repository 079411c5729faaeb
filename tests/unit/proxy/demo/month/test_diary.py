"""Steps are taken in the order of time, whoever noted them first."""

from types import SimpleNamespace

from proxy.demo.month.diary import Diary


async def test_steps_are_taken_in_order_and_those_too_late_are_not():
    pen, taken, diary = SimpleNamespace(now=0.0), [], Diary()

    def step(name, lasts=0.0, then=None):
        async def taken_at():
            taken.append((name, pen.now))
            pen.now += lasts
            if then is not None:
                diary.note(*then)

        return taken_at

    diary.note(30.0, step("last"))
    diary.note(10.0, step("first", lasts=15.0, then=(12.0, step("noted on the way"))))
    diary.note(10.0, step("second"))
    diary.note(40.0, step("never"))
    await diary.live(pen, 40.0)
    assert taken == [("first", 10.0), ("second", 25.0), ("noted on the way", 25.0), ("last", 30.0)]
