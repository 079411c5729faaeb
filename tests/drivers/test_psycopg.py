"""psycopg 3: extended protocol, text and binary, server-side cursors, pipelines."""

import datetime
import time
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from psycopg import errors

from tests.drivers.harness import outcomes


@pytest.fixture
def connection(proxy):
    with psycopg.connect(proxy.conninfo(), autocommit=True) as connected:
        yield connected


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_parameters_and_results_in_either_format(connection, binary):
    cursor = connection.cursor(binary=binary)
    cursor.execute("SELECT id, born FROM person WHERE id = %b", [7])
    assert cursor.fetchall() == [(7, datetime.date(1990, 1, 8))]


@pytest.mark.requirement("Q39")
def test_a_statement_prepared_on_the_fifth_time_gives_the_same_rows(connection):
    for number in range(1, 12):
        row = connection.execute("SELECT name FROM person WHERE id = %s", [number]).fetchone()
        assert row == (f"synthetic {number}",)


def test_one_record_for_each_execution_with_its_parameters_sealed(proxy, connection):
    connection.execute("SELECT name FROM person WHERE name = %s", ["synthetic secret"])
    decisions = [draft for draft in proxy.notary.drafts if draft.kind == "decision"]
    assert len(decisions) == 1
    assert b"c3ludGhldGljIHNlY3JldA==" in decisions[0].payload
    assert "secret" not in str(decisions[0].header)


def test_outcomes_count_rows_and_refer_to_their_decision(proxy, connection):
    connection.execute("SELECT * FROM person")
    connection.execute("SELECT 1")
    outcome = outcomes(proxy)[0]
    assert outcome["rows_count"] == 50
    assert proxy.notary.drafts[outcome["decision"]].kind == "decision"


def test_refusals_in_the_extended_protocol_leave_the_session_usable(connection):
    with pytest.raises(errors.InsufficientPrivilege, match="refused by a test"):
        connection.execute("SELECT %s::int /*refuse*/", [1])
    assert connection.execute("SELECT %s::int", [2]).fetchone() == (2,)


def test_a_refusal_inside_a_transaction_is_rolled_back_to_a_savepoint(connection):
    with connection.transaction():
        with pytest.raises(errors.InsufficientPrivilege), connection.transaction():
            connection.execute("SELECT 1 /*refuse*/")
        assert connection.execute("SELECT 2").fetchone() == (2,)


def test_rewritten_text_is_what_runs(connection):
    assert connection.execute("SELECT /*strip*/ %s::int", [1]).fetchone() == (2,)


def test_a_pipeline_gives_every_result_in_order(connection):
    with connection.pipeline():
        cursors = [connection.execute("SELECT %s::int", [n]) for n in range(200)]
        assert [cursor.fetchone() for cursor in cursors] == [(n,) for n in range(200)]


def test_a_refusal_in_a_pipeline_skips_to_the_next_sync(proxy, connection):
    with pytest.raises(errors.InsufficientPrivilege), connection.pipeline() as pipeline:
        first = connection.execute("SELECT 1")
        connection.execute("SELECT 2 /*refuse*/")
        connection.execute("INSERT INTO person VALUES (77, 'skipped')")
        pipeline.sync()
    assert first.fetchone() == (1,)
    assert connection.execute("SELECT count(*) FROM person WHERE id = 77").fetchone() == (0,)


def test_setting_the_path_inside_a_pipeline_counts_for_what_follows(proxy, connection):
    with connection.pipeline():
        connection.execute("SET search_path = other")
        cursor = connection.execute("SELECT name FROM person WHERE id = 1")
        assert cursor.fetchone() == ("of another schema",)
    assert proxy.plans.scenes[-1].search_path == ("pg_catalog", "other")


def test_a_cursor_fetches_in_pieces(connection):
    with connection.transaction(), connection.cursor("c") as cursor:
        cursor.itersize = 7
        cursor.execute("SELECT id FROM person ORDER BY id")
        assert [row[0] for row in cursor] == list(range(1, 51))


def test_guarded_errors_keep_the_sqlstate_and_nothing_else(connection):
    with pytest.raises(errors.UniqueViolation) as caught:
        connection.execute("INSERT INTO person VALUES (1, 'x') /*guard*/")
    diagnostic = caught.value.diag
    assert diagnostic.message_primary == "an integrity constraint was violated"
    assert diagnostic.message_detail is None
    assert diagnostic.constraint_name is None
    assert diagnostic.table_name is None


def test_unguarded_errors_are_the_databases_own(connection):
    with pytest.raises(errors.UniqueViolation) as caught:
        connection.execute("INSERT INTO person VALUES (1, 'x')")
    assert caught.value.diag.constraint_name == "person_pkey"


def test_guarded_notices_do_not_reach_the_client(connection):
    notices = []
    connection.add_notice_handler(notices.append)
    connection.execute("DROP TABLE IF EXISTS missing /*guard*/")
    assert notices == []
    connection.execute("DROP TABLE IF EXISTS missing")
    assert len(notices) == 1


def test_cancelling_reaches_the_statement(proxy, connection):
    with ThreadPoolExecutor(1) as pool:
        sleeping = pool.submit(connection.execute, "SELECT pg_sleep(30)")
        while "pg_sleep" not in str(_active(proxy)):
            assert not sleeping.done()
        started = time.monotonic()
        connection.cancel_safe()
        with pytest.raises(errors.QueryCanceled):
            sleeping.result(timeout=20)
    assert time.monotonic() - started < 10


def _active(proxy):
    return proxy.database.run("SELECT query FROM pg_stat_activity WHERE state = 'active'")


def test_the_process_id_is_the_servers(connection):
    real = connection.execute("SELECT pg_backend_pid()").fetchone()[0]
    assert connection.pgconn.backend_pid == real


def test_notifications_of_others_do_not_pass(proxy, connection):
    connection.execute("LISTEN channel")
    proxy.database.run("NOTIFY channel, 'secret'")
    assert list(connection.notifies(timeout=0.2)) == []


def test_a_large_text_goes_both_ways(connection):
    text = "封存" * 300_000
    assert connection.execute("SELECT %s::text", [text]).fetchone() == (text,)
