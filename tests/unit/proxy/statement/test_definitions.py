import pytest

from proxy.names import PrincipalName
from proxy.policy.law import Principal, PrincipalKind
from proxy.statement.definitions import ANYTHING, KINDS, makes_temporary
from proxy.statement.facts import Verb
from proxy.statement.grammar import parse
from tests.unit.proxy.small_world import facts_of, rule_of

ADMINISTRATOR = Principal(PrincipalName("dba"), PrincipalKind.ADMINISTRATOR, ())


def body(sql):
    (statement,) = parse(sql, sql.encode())
    return statement.body


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a int)",
        "ALTER TABLE cases ADD COLUMN b int",
        "CREATE OR REPLACE VIEW v AS SELECT 1",
        "CREATE UNIQUE INDEX CONCURRENTLY i ON cases (name)",
        "DROP TABLE cases CASCADE",
        "ALTER TABLE cases RENAME TO c",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TRIGGER t BEFORE INSERT ON cases FOR EACH ROW EXECUTE FUNCTION f()",
        "GRANT SELECT ON cases TO desk",
        "COMMENT ON TABLE cases IS 'x'",
        "CREATE SCHEMA s CREATE TABLE t (a int)",
        "CREATE TYPE m AS ENUM ('a')",
    ],
)
def test_changes_of_the_schema_are_known_and_count_as_writes(sql):
    facts = facts_of(sql)
    assert facts.verb is Verb.DDL
    assert facts.writes
    assert not facts.references


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t AS TABLE cases", "CREATE MATERIALIZED VIEW m AS TABLE cases",
        "TRUNCATE cases", "CREATE ROLE r", "GRANT pg_read_all_data TO desk", "DO 'BEGIN END'",
        "CREATE EXTENSION dblink", "CREATE SERVER s FOREIGN DATA WRAPPER w", "VACUUM cases",
        "ALTER SYSTEM SET x = 1", "CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION f()",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO desk", "LOCK cases", "CALL p()",
        "CREATE CAST (int AS mood) WITH FUNCTION f(int)", "REASSIGN OWNED BY a TO b",
        "IMPORT FOREIGN SCHEMA s FROM SERVER v INTO base", "ALTER ROLE desk SUPERUSER",
    ],
)  # fmt: skip
def test_everything_else_is_not_among_them(sql):
    assert facts_of(sql).verb is Verb.OTHER


@pytest.mark.parametrize(
    ("sql", "temporary"),
    [
        ("CREATE TEMP TABLE t (a int)", True),
        ("CREATE TEMPORARY VIEW v AS SELECT 1", True),
        ("CREATE TEMP SEQUENCE s", True),
        ("CREATE TABLE pg_temp.t (a int)", True),
        ('CREATE TABLE "pg_temp_3".t (a int)', True),
        ("CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 1'", True),
        ("CREATE TYPE pg_temp.text AS ENUM ('a')", True),
        ("ALTER TABLE t SET SCHEMA pg_temp", True),
        ("CREATE SCHEMA s CREATE VIEW v AS TABLE pg_temp.t", True),
        ("CREATE UNLOGGED TABLE t (a int)", False),
        ("CREATE TABLE temp (pg text)", False),
        ("CREATE VIEW v AS SELECT 1", False),
    ],
)
def test_what_is_for_one_session_alone_is_known(sql, temporary):
    assert makes_temporary(body(sql)) is temporary


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("ALTER TABLE s.t ADD COLUMN x int", {"t"}),
        ("DROP TABLE a, s.b", {"a", "b"}),
        ("DROP TABLE a CASCADE", {"a", ANYTHING}),
        ("DROP FUNCTION s.f(int)", set()),
        ("DROP FUNCTION s.f(int) CASCADE", {ANYTHING}),
        ("ALTER TABLE t RENAME TO u", {"t", "u"}),
        ("ALTER TABLE t RENAME a TO b", {"t"}),
        ("ALTER INDEX i RENAME TO j", {"i"}),
        ("CREATE TABLE t (a int)", set()),
        ("CREATE INDEX ON t (a)", set()),
    ],
)
def test_what_is_taken_apart_is_named(sql, names):
    assert facts_of(sql).changed == names


def test_the_list_holds_nothing_that_copies_rows_or_grants_roles():
    assert not KINDS & {"CreateTableAsStmt", "GrantRoleStmt", "TruncateStmt", "DoStmt", "CallStmt"}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE courts ADD n int DEFAULT #",
        "ALTER TABLE courts ALTER code TYPE int USING #",
        "CREATE TABLE t (a int DEFAULT #)",
        "CREATE TABLE t (a int CHECK (a > #))",
        "CREATE TABLE t (a int, CHECK (a > #))",
        "CREATE TABLE t (a int, b int GENERATED ALWAYS AS (#) STORED)",
        "CREATE TABLE t (a int) PARTITION BY RANGE ((#))",
        "CREATE SCHEMA s CREATE TABLE t (a int DEFAULT #)",
        "CREATE DOMAIN d AS int DEFAULT #",
        "CREATE DOMAIN d AS int CHECK (VALUE > #)",
        "ALTER DOMAIN d SET DEFAULT #",
        "CREATE POLICY p ON courts USING (# IS NULL)",
        "ALTER POLICY p ON courts WITH CHECK (# IS NULL)",
        "CREATE INDEX ON courts ((#))",
        "CREATE INDEX ON courts (code) WHERE # IS NULL",
    ],
)
@pytest.mark.parametrize("call", ["pg_sleep(1)", "own_size(1)", "(1::float8).pg_sleep"])
def test_what_others_run_without_naming_it_calls_nothing_unvetted(sql, call):
    assert rule_of(sql.replace("#", call), ADMINISTRATOR) == "unvetted-function"


@pytest.mark.parametrize(
    "sql",
    ["CREATE POLICY p ON courts USING (peek(1))", "ALTER TABLE courts ADD n int DEFAULT peek(1)"],
)
def test_own_functions_that_no_write_sets_off_are_not_called(sql):
    assert rule_of(sql, ADMINISTRATOR) == "unvetted-function"


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE t (a int DEFAULT nextval('s'), b checked, c text CHECK (lower(c) ==? 'a'))",
        "CREATE TABLE t (a int DEFAULT peek(1))",  # a write to it is refused
        "CREATE INDEX ON courts (lower(name))",
        "CREATE VIEW v AS SELECT pg_sleep(1)",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN pg_sleep(1)",
    ],
)
def test_what_is_vetted_or_judged_later_is_defined(sql):
    assert rule_of(sql, ADMINISTRATOR) == "schema-change"
