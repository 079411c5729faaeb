"""The database goes away and comes back; the proxy stays, and its clients hear the truth."""

import signal

import psycopg
import pytest

from tests.drivers.harness import RunningProxy
from tests.world import PostgresWorld


@pytest.fixture
def world():
    with PostgresWorld() as started:
        yield started


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["fast-shutdown", "crash"])
def test_after_a_restart_clients_connect_again_without_the_proxys_doing(world, how):
    with RunningProxy(world.database()) as proxy:
        connection = psycopg.connect(proxy.conninfo(), autocommit=True)
        assert connection.execute("SELECT 1").fetchone() == (1,)
        world.stop(how)
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
        with pytest.raises(psycopg.OperationalError, match="the database cannot be reached"):
            psycopg.connect(proxy.conninfo())
        world.start()
        with psycopg.connect(proxy.conninfo(), autocommit=True) as again:
            assert again.execute("SELECT 1").fetchone() == (1,)
