"""What the policy leaves out of a live database is found, and nothing else is."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import asyncpg
import pytest

from proxy.names import QualifiedName
from proxy.settings.coverage import FindingKind, check_against
from proxy.settings.enact import enact
from proxy.settings.law import load_builtin, load_law
from proxy.settings.policy import PolicyTables
from proxy.settings.problems import parse_document, validated
from proxy.settings.shipped import shipped_file
from proxy.statement.catalogue import Catalogue
from proxy.upstream.introspect import introspect
from tests.world import Database, PostgresWorld

pytestmark = pytest.mark.database

DIGEST = f"digest = 'sha256:{'0' * 64}'\n"

SCHEMA = """
CREATE SCHEMA s;
CREATE TABLE s.parent (id int PRIMARY KEY, name varchar(4) NOT NULL, born date, open boolean);
CREATE TABLE s.child (id int PRIMARY KEY, parent_id int REFERENCES s.parent, note text);
CREATE INDEX ON s.child (parent_id);
CREATE TABLE s.free (id int PRIMARY KEY);
"""
PARENT = """
[relation."s.parent"]
article = "x"
visible_when = "self.open"
"""
CHILD = """
[relation."s.child"]
article = "x"
follows = { relation = "s.parent", on = { parent_id = "id" } }
"""
LOOKS_AT_NOTES = """
[relation."s.parent"]
article = "x"
visible_when = "NOT EXISTS (SELECT 1 FROM s.child AS c WHERE c.note = self.name)"
"""
SCAN = """
[[finding]]
name = "n"
title = "t"
article = "x"
query = "SELECT {} FROM s.parent AS p"
"""
COUNTED = """
[[principal]]
name = "court"
kind = "judicial"
match = { user = "court" }

[[statistic]]
name = "n"
article = "x"
principals = ["court"]
sql = "SELECT p.name, count(*) FROM s.parent AS p WHERE p.born < DATE '2026-01-01' GROUP BY p.name"
"""

Found = list[tuple[str, str]]


async def catalogue_of(database: Database) -> Catalogue:
    connection = await asyncpg.connect(database.url())
    try:
        return await introspect(connection, database.name)
    finally:
        await connection.close()


@pytest.fixture
async def found(postgres: PostgresWorld) -> AsyncIterator[Callable[..., Awaitable[Found]]]:
    """Kinds and relations of what is found with a policy after some more DDL."""
    database = postgres.create_database()
    database.run(SCHEMA)

    async def check(policy: str, ddl: str = "SELECT") -> Found:
        database.run(ddl)
        document = parse_document(Path("policy.toml"), policy.encode())
        law = enact(document, validated(document, PolicyTables), load_builtin())
        findings = check_against(law, await catalogue_of(database))
        return [(finding.kind.value, str(finding.relation)) for finding in findings]

    yield check
    postgres.drop_database(database)


async def test_a_policy_that_covers_everything_has_no_findings(found):
    assert await found(PARENT + CHILD) == []


async def test_the_shipped_policy_covers_the_example_database(agency: Database):
    findings = check_against(load_law(shipped_file("policy.toml")), await catalogue_of(agency))
    reference = {f for f in findings if f.relation.schema == "sealed"}
    assert {f.kind for f in reference} == {FindingKind.UNDECLARED_VIEW}
    assert set(findings) == reference


@pytest.mark.parametrize(
    ("policy", "ddl", "expected"),
    [
        (PARENT, "SELECT", ("undeclared-dependent", "s.child")),
        (PARENT + '[relation."s.child"]\nopen = true', "SELECT", None),
        (PARENT + CHILD, "CREATE TABLE s.heir () INHERITS (s.parent)",
         ("undeclared-relative", "s.heir")),
        (PARENT + CHILD, "CREATE TABLE s.elder (); ALTER TABLE s.parent INHERIT s.elder",
         ("undeclared-relative", "s.elder")),
        (PARENT + CHILD, "CREATE VIEW s.v AS SELECT name FROM s.parent", None),
        (PARENT + CHILD, "CREATE VIEW s.v AS SELECT lo_get(1) FROM s.parent",
         ("undeclared-view", "s.v")),
        (PARENT + CHILD, "CREATE VIEW s.v AS SELECT name FROM s.parent, pg_class",
         ("undeclared-view", "s.v")),
        (PARENT + CHILD, "CREATE MATERIALIZED VIEW s.m AS SELECT count(*) FROM s.parent",
         ("undeclared-view", "s.m")),
        (PARENT + CHILD + '[relation."s.v"]\nopen = true',
         "CREATE VIEW s.v AS SELECT name FROM s.parent", ("open-view", "s.v")),
        (PARENT + CHILD, "CREATE VIEW s.v AS SELECT id FROM s.free", None),
        (PARENT + CHILD, "DROP TABLE s.child", ("missing-relation", "s.child")),
        (PARENT + CHILD, "ALTER TABLE s.parent RENAME open TO opened",
         ("missing-column", "s.parent")),
        (PARENT + CHILD, "ALTER TABLE s.child RENAME parent_id TO p",
         ("missing-column", "s.child")),
        (PARENT + 'subject = "nobody"' + CHILD, "SELECT", ("missing-column", "s.parent")),
        (PARENT + CHILD, "ALTER TABLE s.parent DROP CONSTRAINT parent_pkey CASCADE",
         ("missing-index", "s.child")),
        (LOOKS_AT_NOTES + CHILD, "SELECT", ("missing-index", "s.parent")),
        (LOOKS_AT_NOTES + CHILD, "CREATE INDEX ON s.child (note)", None),
        (LOOKS_AT_NOTES + CHILD, "CREATE INDEX ON s.child (note) WHERE id > 0",
         ("missing-index", "s.parent")),
        (LOOKS_AT_NOTES + CHILD, "CREATE INDEX ON s.child (id, note)",
         ("missing-index", "s.parent")),
        (LOOKS_AT_NOTES.replace("s.child AS", "s.gone AS") + CHILD, "SELECT",
         ("missing-relation", "s.parent")),
        (PARENT + 'mask = { name = "NULL" }' + CHILD, "SELECT", ("unfit-mask", "s.parent")),
        (PARENT + 'mask = { born = "NULL" }' + CHILD, "SELECT", None),
        (PARENT + '''mask = { name = "'五个字太长'" }''' + CHILD, "SELECT",
         ("unfit-mask", "s.parent")),
        (PARENT + '''mask = { name = "'某某'" }''' + CHILD, "SELECT", None),
        (PARENT + 'mask = { born = "1" }' + CHILD, "SELECT", ("unfit-mask", "s.parent")),
        (PARENT + '''mask = { born = "DATE '1900-01-01'" }''' + CHILD, "SELECT", None),
        (PARENT + CHILD + '[relation."s.gone"]\nopen = true', "SELECT",
         ("missing-relation", "s.gone")),
        (PARENT + CHILD + '[function."s.gone()"]\n' + DIGEST, "SELECT",
         ("missing-function", "s.gone")),
        (PARENT + CHILD + '[function."s.f(integer)"]\n' + DIGEST,
         "CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
         ("changed-function", "s.f")),
        (PARENT + CHILD + SCAN.format("p.nothing"), "SELECT", ("missing-column", "s.parent")),
        (PARENT + CHILD + SCAN.format("p.id"), "SELECT", None),
        (PARENT + CHILD + COUNTED, "SELECT", None),
        (PARENT + CHILD + COUNTED, "ALTER TABLE s.parent RENAME name TO called",
         ("unfit-statistic", "s.parent")),
        (PARENT + CHILD + COUNTED, "ALTER TABLE s.parent ALTER born TYPE timestamptz",
         ("unfit-statistic", "s.parent")),
        (PARENT + CHILD, "CREATE RULE r AS ON DELETE TO s.parent DO ALSO SELECT 1",
         ("side-effect", "s.parent")),
    ],
    ids=lambda value: value if isinstance(value, str) and "\n" not in value else None,
)  # fmt: skip
async def test_a_gap_is_found(found, policy, ddl, expected):
    assert await found(policy, ddl) == ([] if expected is None else [expected])


async def test_a_finding_says_what_to_do(agency: Database):
    findings = check_against(load_law(shipped_file("policy.toml")), await catalogue_of(agency))
    (person,) = [f for f in findings if f.relation == QualifiedName("sealed", "person")]
    assert "query the tables instead" in person.message


@pytest.mark.parametrize(
    ("columns", "when", "says"),
    [
        ('["id", "gone"]', "self.name IN (permit.subjects)", "gone"),
        ('["id"]', "self.gone IN (permit.subjects)", "gone"),
        ('["id"]', "self.name IN (permit.subjects)", None),
    ],
)
async def test_what_permits_show_is_looked_for_too(found, columns, when, says):
    policy = PARENT + CHILD + '[relation."s.parent".permitted.conviction]\n'
    policy += f'columns = {columns}\nwhen = "{when}"\n'
    expected = [] if says is None else [("missing-column", "s.parent")]
    assert await found(policy) == expected
