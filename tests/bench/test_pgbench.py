"""What pgbench prints, read; what it was told, run."""

import pytest

from tests.bench.__main__ import pgbench_binary
from tests.bench.pgbench import PgbenchFailed, latencies_us, run, tps
from tests.world import Database

PRINTED = """\
transaction type: script.sql
number of clients: 1
number of transactions actually processed: 9180
number of failed transactions: 0 (0.000%)
latency average = 0.109 ms
initial connection time = 2.218 ms
tps = 9182.031250 (without initial connection time)
"""


def test_the_throughput_is_read():
    assert tps(PRINTED) == 9182.03125


def test_no_throughput_is_a_failure():
    with pytest.raises(PgbenchFailed):
        tps("")


def test_the_latencies_are_the_third_column():
    assert latencies_us("0 1 245 0 1700000000 12\n0 2 1245 0 1700000000 99\n") == (245, 1245)


def test_a_run_gives_a_latency_for_each_transaction(agency: Database):
    ran = run(pgbench_binary(), agency.conninfo(), "SELECT 1;\n", latencies=True)
    assert ran.transactions_per_second > 0
    assert ran.latencies_us


def test_a_statement_that_fails_fails_the_run(agency: Database):
    with pytest.raises(PgbenchFailed, match="division by zero"):
        run(pgbench_binary(), agency.conninfo(), "SELECT 1/0;\n")
