"""What the catalogue says is what the server says, on every PostgreSQL at hand."""

from collections.abc import AsyncIterator, Iterator

import asyncpg
import pytest

from proxy.names import QualifiedName
from proxy.statement.catalogue import (
    Catalogue,
    Column,
    Event,
    OperatorSignature,
    Relation,
    RelationKind,
    TypeKind,
)
from proxy.upstream.introspect import fingerprint, introspect
from tests.world import Database, PostgresWorld, installed_binaries

pytestmark = pytest.mark.database

TEMPLATE = "introspected_template"

SCHEMA = """
CREATE SCHEMA s;
CREATE TYPE s.mood AS ENUM ('calm', 'other');
CREATE DOMAIN s.short AS text CHECK (length(VALUE) < 9);
CREATE TABLE s.person (id int, part int, name varchar(60) NOT NULL, gone int, mood s.mood,
                       PRIMARY KEY (part, id));
ALTER TABLE s.person DROP COLUMN gone;
CREATE INDEX ON s.person (name, mood);
CREATE INDEX ON s.person (lower(name));
CREATE INDEX ON s.person (mood) WHERE mood IS NOT NULL;
CREATE INDEX ON s.person (mood) INCLUDE (name);
CREATE TABLE s.charge (id int PRIMARY KEY, part int, person_id int,
                       FOREIGN KEY (part, person_id) REFERENCES s.person);
CREATE TABLE s.heir (note text) INHERITS (s.person);
CREATE TABLE s.log (at date) PARTITION BY RANGE (at);
CREATE TABLE s.log_old PARTITION OF s.log FOR VALUES FROM ('2000-01-01') TO ('2020-01-01');
CREATE VIEW s.names AS SELECT name FROM s.person;
CREATE VIEW s.both AS SELECT n.name, l.at FROM s.names AS n, s.log AS l;
CREATE MATERIALIZED VIEW s.counted AS SELECT count(*) FROM s.names;
CREATE FUNCTION s.f(int) RETURNS int LANGUAGE sql AS 'SELECT $1';
CREATE FUNCTION s.f(text) RETURNS text LANGUAGE sql AS 'SELECT $1';
CREATE OPERATOR s.=== (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE FUNCTION s.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER noted BEFORE INSERT ON s.charge FOR EACH ROW EXECUTE FUNCTION s.noted();
CREATE RULE silent AS ON DELETE TO s.log DO INSTEAD NOTHING;
CREATE TABLE s.defaulted (id int, noted text DEFAULT s.f('x'));
CREATE TABLE s.checked (id int CHECK (s.f(id) > 0));
CREATE TABLE s.generated (id int, twice int GENERATED ALWAYS AS (id * 2) STORED);
CREATE FUNCTION s.fixed(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';
CREATE TABLE s.sorted (id int);
CREATE INDEX ON s.sorted (s.fixed(id));
CREATE TABLE s.some_sorted (id int);
CREATE INDEX ON s.some_sorted (id) WHERE s.fixed(id) > 0;
CREATE TABLE s.divided (id int) PARTITION BY LIST (s.fixed(id));
CREATE OPERATOR CLASS s.backwards FOR TYPE int USING btree AS
  OPERATOR 1 >, OPERATOR 2 >=, OPERATOR 3 =, OPERATOR 4 <=, OPERATOR 5 <,
  FUNCTION 1 btint4cmp(int, int);
CREATE TABLE s.classed (id int);
CREATE INDEX ON s.classed (id s.backwards);
CREATE TABLE s.numbered (id serial CHECK (id > 0), at date DEFAULT now());
SET allow_system_table_mods = on;
CREATE FUNCTION s.peek(s.mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE CAST (s.mood AS int) WITH FUNCTION s.peek(s.mood);
CREATE DOMAIN s.vetted AS text CHECK (s.f(VALUE) <> '');
CREATE TABLE s.entered (x s.vetted);
CREATE TYPE s.entry AS (at date, x s.vetted);
CREATE TYPE s.entries AS (all_of s.entry[]);
CREATE TYPE s.plain AS (at date, felt s.mood);
CREATE TYPE s.vetted_range AS RANGE (subtype = s.vetted);
CREATE TYPE s.plain_range AS RANGE (subtype = time);
CREATE TABLE s.spans (x s.plain_range);
CREATE TABLE s.feelings (felt s.mood[]);
CREATE FUNCTION pg_catalog.added(text, text) RETURNS boolean LEAKPROOF LANGUAGE sql
  AS 'SELECT true';
CREATE OPERATOR pg_catalog.=== (LEFTARG = text, RIGHTARG = text, FUNCTION = added);
CREATE TABLE "s"."Odd ""name" ("Odd col" int);
"""


def named(name: str) -> QualifiedName:
    return QualifiedName("s", name)


@pytest.fixture(scope="module", params=installed_binaries(), ids=lambda path: path.parent.name)
def server(request: pytest.FixtureRequest) -> Iterator[PostgresWorld]:
    with PostgresWorld(request.param) as world:
        yield world


@pytest.fixture(scope="module")
def database(server: PostgresWorld) -> Database:
    template = server.create_database(name=TEMPLATE)
    template.run("CREATE ROLE stranger LOGIN PASSWORD 'synthetic-not-secret'")
    template.run(SCHEMA)
    return server.create_database(TEMPLATE, name="introspected")


@pytest.fixture
async def connection(database: Database) -> AsyncIterator[asyncpg.Connection]:
    """As a login that may read no table of the schema."""
    opened = await asyncpg.connect(database.url("stranger"))
    yield opened
    await opened.close()


@pytest.fixture
async def catalogue(connection: asyncpg.Connection) -> Catalogue:
    return await introspect(connection, "introspected")


def relation(catalogue: Catalogue, name: str) -> Relation:
    return catalogue.relations[named(name)]


def test_a_table_has_its_live_columns_in_order(catalogue):
    person = relation(catalogue, "person")
    assert person.kind is RelationKind.TABLE
    assert [column.name for column in person.columns] == ["id", "part", "name", "mood"]
    assert person.column("name") == Column(
        "name", 1043, QualifiedName("pg_catalog", "varchar"), not_null=True,
        type_text="character varying(60)",
    )  # fmt: skip
    assert person.column("mood").type_name == named("mood")


def test_a_type_outside_the_path_is_written_with_its_schema(catalogue):
    assert relation(catalogue, "person").column("mood").type_text == "s.mood"


def test_only_indexes_that_serve_every_row_are_named(catalogue):
    assert set(relation(catalogue, "person").indexes) == {
        ("part", "id"),
        ("name", "mood"),
        ("mood",),
    }


def test_a_primary_key_has_its_columns(catalogue):
    assert set(relation(catalogue, "person").primary_key) == {"part", "id"}
    assert relation(catalogue, "heir").primary_key == ()


def test_relations_know_their_family(catalogue):
    assert relation(catalogue, "person").children == (named("heir"),)
    assert relation(catalogue, "heir").parents == (named("person"),)
    assert relation(catalogue, "log").kind is RelationKind.PARTITIONED
    assert relation(catalogue, "log").children == (named("log_old"),)


def test_relations_know_what_they_reference(catalogue):
    assert relation(catalogue, "charge").references == (named("person"),)
    assert relation(catalogue, "person").references == ()


def test_views_know_what_they_read(catalogue):
    assert relation(catalogue, "names").reads == (named("person"),)
    assert set(relation(catalogue, "both").reads) == {named("names"), named("log")}
    assert relation(catalogue, "counted").reads == (named("names"),)
    assert relation(catalogue, "counted").kind is RelationKind.MATERIALIZED_VIEW


def test_triggers_and_rules_are_seen_and_views_have_none(catalogue):
    assert not relation(catalogue, "person").own_code  # a foreign key's own do not count
    assert not relation(catalogue, "names").own_code
    assert relation(catalogue, "charge").own_code == {Event.INSERT}
    assert relation(catalogue, "log").own_code == {Event.DELETE}


def test_generated_columns_are_marked(catalogue):
    assert [c.generated for c in relation(catalogue, "generated").columns] == [False, True]


@pytest.mark.parametrize(
    ("name", "runs"),
    [
        ("defaulted", True), ("checked", True), ("generated", False), ("numbered", False),
        ("sorted", True), ("some_sorted", True), ("divided", True), ("classed", True),
    ],
)  # fmt: skip
def test_a_write_that_runs_the_sites_own_functions_counts_as_a_trigger(catalogue, name, runs):
    writes = {Event.INSERT, Event.UPDATE} if runs else set()
    assert relation(catalogue, name).own_code == writes


def test_a_domain_whose_check_calls_own_code_is_code_that_a_write_runs(catalogue: Catalogue):
    assert relation(catalogue, "entered").own_code


@pytest.mark.parametrize(
    ("name", "casts"), [("person", True), ("feelings", True), ("charge", False), ("spans", False)]
)
def test_a_type_that_own_code_casts_is_noticed_in_any_column(catalogue: Catalogue, name, casts):
    assert relation(catalogue, name).has_own_casts is casts


def test_the_sites_own_objects_are_listed(catalogue):
    functions = {each.signature: each for each in catalogue.user_functions}
    assert {"s.f(integer)", "s.f(text)", "s.noted()", "s.peek(s.mood)"} <= functions.keys()
    assert functions["s.f(text)"].name == named("f")
    assert "pg_catalog.lower(text)" not in functions
    assert {"lower", "pg_sleep", "ts_stat", "_pg_truetypid"} <= catalogue.builtin_functions
    assert not {"system", "added"} & catalogue.builtin_functions
    assert named("===") in catalogue.user_operators
    assert catalogue.user_types[named("mood")] is TypeKind.ENUM
    assert catalogue.user_types[named("short")] is TypeKind.DOMAIN
    kinds = {
        "entry": TypeKind.BASE, "entries": TypeKind.BASE, "entered": TypeKind.BASE,
        "plain": TypeKind.COMPOSITE, "person": TypeKind.COMPOSITE,
        "vetted_range": TypeKind.BASE, "plain_range": TypeKind.RANGE,
    }  # fmt: skip
    assert {name: catalogue.user_types[named(name)] for name in kinds} == kinds
    assert {"date", "int4", "_text", "record"} <= catalogue.builtin_types
    assert not {"mood", "entry"} & catalogue.builtin_types
    assert catalogue.has_own_casts
    assert {"s", "public", "pg_catalog", "information_schema"} <= catalogue.schemas


def test_what_an_extension_adds_to_pg_catalog_is_not_built_in(catalogue):
    assert catalogue.functions_named("added")
    assert QualifiedName("pg_catalog", "===") in catalogue.user_operators
    assert OperatorSignature("===", 25, 25) not in catalogue.leakproof


def test_names_are_as_the_server_holds_them(catalogue):
    assert relation(catalogue, 'Odd "name').column("Odd col") is not None


@pytest.mark.parametrize("name", ["pg_class", "pg_statistic", "pg_stats", "pg_authid"])
def test_system_relations_are_there_to_be_resolved(catalogue, name):
    assert catalogue.relations[QualifiedName("pg_catalog", name)].columns


@pytest.mark.parametrize(
    ("name", "left", "right", "expected"),
    [("=", 23, 23, True), ("=", 1043, 1043, False), ("=", 25, 25, True), ("~", 25, 25, False)],
    ids=["int4", "varchar has none of its own", "text", "regular expression"],
)
def test_leakproof_operators_are_those_of_the_server(catalogue, name, left, right, expected):
    assert (OperatorSignature(name, left, right) in catalogue.leakproof) is expected


async def test_the_version_is_of_the_content_alone(connection, catalogue):
    assert (await introspect(connection, "introspected")).version == catalogue.version


async def test_temporary_objects_are_nobodys_catalogue(database: Database, connection, catalogue):
    before = await fingerprint(connection)
    with database.connect() as other:
        other.execute("CREATE TEMP TABLE mine (id serial PRIMARY KEY, CHECK (id > 0))")
        other.execute("CREATE TEMP VIEW its AS SELECT id FROM mine")
        assert await fingerprint(connection) == before
        assert (await introspect(connection, "introspected")).version == catalogue.version


async def test_rows_and_statistics_change_neither_fingerprint_nor_version(
    database: Database, connection, catalogue
):
    before = await fingerprint(connection)
    database.run("INSERT INTO s.person VALUES (1, 1, 'synthetic')")
    database.run("VACUUM ANALYZE")
    assert await fingerprint(connection) == before
    assert (await introspect(connection, "introspected")).version == catalogue.version


@pytest.mark.parametrize(
    "ddl",
    [
        "ALTER TABLE s.person RENAME COLUMN name TO called",
        "ALTER TABLE s.charge ALTER person_id SET NOT NULL",
        "CREATE VIEW s.more AS SELECT 1",
        "CREATE FUNCTION s.more() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "CREATE TYPE s.more AS ENUM ()",
        "CREATE SCHEMA more",
        "CREATE INDEX ON s.charge (person_id)",
        "DROP OPERATOR s.=== (int, int)",
        "DROP TRIGGER noted ON s.charge",
        "DROP RULE silent ON s.log",
        "ALTER TABLE s.log DETACH PARTITION s.log_old",
        "ALTER TABLE s.heir NO INHERIT s.person",
        "ALTER TABLE s.charge DROP CONSTRAINT charge_part_person_id_fkey",
        "CREATE OR REPLACE VIEW s.names AS SELECT 'x'::varchar(60) AS name",
    ],
)
async def test_a_change_of_the_schema_changes_both(server: PostgresWorld, database, ddl):
    copy = server.create_database(TEMPLATE)
    opened = await asyncpg.connect(copy.url())
    try:
        before = await fingerprint(opened), (await introspect(opened, copy.name)).version
        copy.run(ddl)
        after = await fingerprint(opened), (await introspect(opened, copy.name)).version
        assert before[0] != after[0]
        assert before[1] != after[1]
    finally:
        await opened.close()
        server.drop_database(copy)


async def test_an_object_named_like_a_built_in_does_not_stand_in_for_it(
    server: PostgresWorld, database, catalogue
):
    copy = server.create_database(TEMPLATE)
    copy.run(
        "CREATE FUNCTION public.format_type(oid, int) RETURNS text LANGUAGE sql AS $$SELECT 'x'$$;"
        "CREATE VIEW public.pg_class AS SELECT 1"
    )
    opened = await asyncpg.connect(
        copy.url(), server_settings={"search_path": "public, pg_catalog"}
    )
    try:
        read = await introspect(opened, copy.name)
        assert read.relations[named("person")] == catalogue.relations[named("person")]
        assert await opened.fetchval("SHOW search_path") == "public, pg_catalog"
    finally:
        await opened.close()
        server.drop_database(copy)
