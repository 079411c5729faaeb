"""What a scan reads: one snapshot, read only, a query at a time."""

import asyncio

import pytest

from proxy.errors import UpstreamUnavailable
from proxy.names import Article, QualifiedName
from proxy.policy.law import FindingRule
from proxy.settings.service import Scan, Upstream
from proxy.upstream import scan
from proxy.upstream.scan import Found, scan_database
from tests.world import HOST

TABLES = """
CREATE TABLE t (id int PRIMARY KEY, name text, on_day date);
INSERT INTO t SELECT i, repeat('名', 200), DATE '2026-01-01' FROM generate_series(1, 1200) i"""
LOGIN = "scan_reader"


@pytest.fixture
def database(postgres):
    made = postgres.create_database()
    made.run(f"{TABLES}; DROP ROLE IF EXISTS {LOGIN}; CREATE ROLE {LOGIN} LOGIN")
    made.run(f"GRANT SELECT ON t TO {LOGIN}")
    yield made
    made.run(f"DROP OWNED BY {LOGIN}; DROP ROLE {LOGIN}")
    postgres.drop_database(made)


def rule(query, relation="t", name="r"):
    names = frozenset((QualifiedName("public", relation),))
    return FindingRule(name, Article("x"), "notice", "t", query, names)


def look(database, *rules, **more):
    upstream = Upstream(
        host=HOST, port=database.port, databases=(database.name,), catalogue_user="postgres"
    )
    settings = Scan(user=LOGIN, **more)
    return asyncio.run(scan_database(upstream, settings, database.name, None, rules))


def test_keys_come_with_their_columns_and_what_is_long_is_cut(database):
    found = look(database, rule("SELECT t.id, t.name, t.on_day FROM public.t WHERE t.id = 7"))
    assert found == {"r": Found(("id", "name", "on_day"), ((7, "名" * 100, "2026-01-01"),), 1)}


def test_of_many_some_are_listed_and_all_are_counted(database, monkeypatch):
    monkeypatch.setattr(scan, "KEYS_MAX", 700)
    found = look(database, rule("SELECT t.id FROM public.t"))["r"]
    assert (len(found.keys), found.count) == (700, 1200)


def test_a_query_that_fails_leaves_the_others(database):
    found = look(
        database,
        rule("SELECT t.id FROM public.t WHERE 1 / (t.id - 1) > 0", name="zero"),
        rule("SELECT t.id FROM public.t WHERE t.id = 1", name="fine"),
        rule("SELECT t.id FROM public.t WHERE t.nothing", name="column"),
    )
    assert {name: each.failed for name, each in found.items()} == {
        "zero": "22012", "fine": None, "column": "42703",
    }  # fmt: skip


def test_nothing_is_written_whoever_the_login_is(database):
    database.run(f"GRANT ALL ON t TO {LOGIN}")
    text = "WITH d AS (DELETE FROM public.t RETURNING id) SELECT d.id FROM d"
    assert look(database, rule(text))["r"].failed == "25006"
    assert database.run("SELECT count(*) FROM t") == [(1200,)]


def test_a_query_ends_when_its_time_is_up(database):
    slow = rule("SELECT t.id FROM public.t, LATERAL pg_catalog.pg_sleep(5)", name="slow")
    found = look(database, slow, rule("SELECT t.id FROM public.t WHERE t.id = 1"), timeout_ms=200)
    assert (found["slow"].failed, found["r"].count) == ("57014", 1)


def test_a_rule_whose_relations_are_not_here_is_left_out(database):
    assert look(database, rule("SELECT x.id FROM public.x", relation="x")) == {}


def test_who_cannot_log_in_hears_no_more_than_that(database):
    database.run(f"ALTER ROLE {LOGIN} NOLOGIN")
    with pytest.raises(UpstreamUnavailable, match=r"ended early \(28000\)"):
        look(database, rule("SELECT t.id FROM public.t"))


def test_all_rules_see_one_state(database):
    """A row that comes between two queries is in neither."""
    asked = "SELECT s.setting FROM pg_settings AS s WHERE s.name = 'transaction_isolation'"
    assert look(database, rule(asked))["r"].keys == (("repeatable read",),)
