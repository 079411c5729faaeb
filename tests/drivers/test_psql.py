"""psql: the simple protocol, one statement or several, and what it says about errors."""

import os
import subprocess

import pytest

from tests.drivers.harness import RunningProxy
from tests.world import PASSWORD, installed_binaries


def psql(proxy: RunningProxy, *arguments: str, user: str = "postgres", **environment: str):
    binary = next(
        (path / "psql" for path in installed_binaries() if (path / "psql").exists()), None
    )
    if binary is None:
        pytest.skip("no psql beside the server's binaries")
    return subprocess.run(
        [binary, "-X", "-A", "-t", "-d", proxy.conninfo(user), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PGPASSWORD": PASSWORD, "LC_ALL": "C.UTF-8", **environment},
    )


def test_a_statement_gives_its_rows(proxy):
    assert psql(proxy, "-c", "SELECT id, name FROM person WHERE id < 3 ORDER BY id").stdout == (
        "1|synthetic 1\n2|synthetic 2\n"
    )


def test_several_statements_in_one_message_are_one_decision(proxy):
    done = psql(proxy, "-c", "SELECT 1; SELECT 2")
    assert done.stdout == "1\n2\n"
    assert len(proxy.notary.headers("decision")) == 1


def test_a_refusal_reads_like_an_error_of_the_server(proxy):
    done = psql(proxy, "-v", "VERBOSITY=verbose", "-c", "SELECT 1 /*refuse*/")
    assert done.returncode == 1
    assert done.stderr == "ERROR:  42501: refused by a test: 封存\nHINT:  rule test\n"


def test_a_refusal_in_a_transaction_aborts_it_as_an_error_does(proxy):
    script = ("BEGIN", "SELECT 1 /*refuse*/", "SELECT 2", "ROLLBACK", "SELECT 3")
    done = psql(proxy, *(part for text in script for part in ("-c", text)))
    assert "current transaction is aborted" in done.stderr
    assert done.stdout.splitlines()[-1] == "3"


def test_what_is_copied_out_comes_and_is_counted(proxy, tmp_path):
    target = tmp_path / "person.csv"
    done = psql(proxy, "-c", f"\\copy person TO '{target}' CSV", "-c", "SELECT 1")
    assert done.stdout == "COPY 50\n1\n"
    assert len(target.read_text(encoding="utf-8").splitlines()) == 50
    assert proxy.notary.headers("outcome")[0]["rows_count"] == 50


def test_what_is_copied_in_arrives_and_is_recorded(proxy, tmp_path):
    source = tmp_path / "person.csv"
    source.write_text("101,one\n102,two\n", encoding="utf-8")
    copy = f"\\copy person (id, name) FROM '{source}' CSV"
    done = psql(proxy, "-c", copy, "-c", "SELECT count(*) FROM person")
    assert done.stdout == "COPY 2\n52\n"
    assert len(proxy.notary.headers("decision")) == 2


def test_a_line_that_does_not_fit_ends_the_copy_and_not_the_session(proxy, tmp_path):
    source = tmp_path / "person.csv"
    source.write_text("101,one\nno number,two\n" + "1,x\n" * 100_000, encoding="utf-8")
    copy = f"\\copy person (id, name) FROM '{source}' CSV"
    done = psql(proxy, "-c", copy, "-c", "SELECT count(*) FROM person")
    assert "invalid input syntax for type integer" in done.stderr
    assert done.stdout == "50\n"


def test_a_server_that_takes_rows_unexpectedly_ends_the_session_and_gets_none(proxy):
    """Were a text to slip through that the planner does not know for a COPY."""
    before = psql(proxy, "-c", "SELECT count(*) FROM person").stdout
    done = psql(proxy, "-c", "COPY person FROM STDIN /*unexpected*/")
    assert done.returncode != 0
    assert psql(proxy, "-c", "SELECT count(*) FROM person").stdout == before


def test_a_gbk_client_reads_and_writes_its_own_encoding(proxy):
    done = subprocess.run(
        ["psql", proxy.conninfo(), "-X", "-A", "-t", "-c", "SELECT '封存' AS x".encode("gbk")],
        capture_output=True,
        timeout=60,
        env={**os.environ, "PGCLIENTENCODING": "GBK"},
    )
    assert done.stdout.decode("gbk") == "封存\n"


@pytest.mark.parametrize("user", ["agency_scram", "agency_md5", "agency_password"])
def test_every_method_of_authentication_passes(proxy, user):
    assert psql(proxy, "-c", "SELECT current_user", user=user).stdout == f"{user}\n"


def test_a_wrong_password_is_the_databases_own_error(proxy):
    done = psql(proxy, "-d", f"{proxy.conninfo('agency_scram')} password=wrong", "-c", "SELECT 1")
    assert done.returncode == 2
    assert 'password authentication failed for user "agency_scram"' in done.stderr
