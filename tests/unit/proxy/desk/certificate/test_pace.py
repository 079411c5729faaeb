"""How often one address may look."""

import pytest

from proxy.desk.certificate.pace import KEPT_MAX, Pace


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_so_many_at_once_and_then_evenly(clock):
    pace = Pace(6, clock)
    assert [pace.wait_seconds("10.0.0.1") for _ in range(6)] == [0.0] * 6
    assert pace.wait_seconds("10.0.0.1") == pytest.approx(10.0)
    clock.now += 4
    # Asking while one has to wait takes nothing away.
    assert pace.wait_seconds("10.0.0.1") == pytest.approx(6.0)
    clock.now += 6
    assert pace.wait_seconds("10.0.0.1") == 0.0
    assert pace.wait_seconds("10.0.0.1") > 0
    clock.now += 3_600
    assert [pace.wait_seconds("10.0.0.1") for _ in range(7)][5:] == [0.0, pytest.approx(10.0)]


def test_each_address_for_itself_and_a_network_of_ipv6_as_one(clock):
    pace = Pace(1, clock)
    assert pace.wait_seconds("10.0.0.1") == pace.wait_seconds("10.0.0.2") == 0.0
    assert pace.wait_seconds("2001:db8::1") == 0.0
    assert pace.wait_seconds("2001:db8::2") > 0
    assert pace.wait_seconds("::ffff:10.0.0.1") > 0
    assert pace.wait_seconds("local") == 0.0


def test_what_is_kept_is_bounded_and_who_asks_stays(clock):
    pace = Pace(2, clock)
    for each in range(KEPT_MAX + 100):
        pace.wait_seconds(f"address-{each}")
        pace.wait_seconds("loud")
    assert len(pace._buckets) == KEPT_MAX
    assert pace.wait_seconds("loud") > 0
