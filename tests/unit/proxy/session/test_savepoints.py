import pytest

from proxy.session.savepoints import SAVEPOINTS_MAX, Forgotten, Savepoints


def test_going_back_keeps_the_savepoint_and_releasing_does_not():
    savepoints: Savepoints[int] = Savepoints()
    for number, name in enumerate("abc"):
        savepoints.set(name, number)
    assert savepoints.roll_back("b") == 1
    assert list(savepoints) == [0, 1]
    assert savepoints.roll_back("b") == 1
    savepoints.release("b")
    assert list(savepoints) == [0]
    with pytest.raises(Forgotten):
        savepoints.roll_back("b")


def test_the_newest_of_a_name_counts_until_it_is_released():
    savepoints: Savepoints[int] = Savepoints()
    for number, name in enumerate("aba"):
        savepoints.set(name, number)
    assert savepoints.roll_back("a") == 2
    savepoints.release("a")
    assert savepoints.roll_back("a") == 0
    assert list(savepoints) == [0]


def test_the_oldest_is_forgotten_at_the_limit():
    savepoints: Savepoints[int] = Savepoints()
    for number in range(SAVEPOINTS_MAX):
        savepoints.set(f"s{number}", number)
    assert savepoints.roll_back("s0") == 0
    for number in range(SAVEPOINTS_MAX):
        savepoints.set(f"t{number}", number)
    assert len(list(savepoints)) == SAVEPOINTS_MAX
    for leave in (savepoints.roll_back, savepoints.release):
        with pytest.raises(Forgotten):
            leave("s0")
    savepoints.clear()
    with pytest.raises(Forgotten):
        savepoints.release("t1")
