"""A database that holds one of everything that is code of the site's own."""

SCHEMA = """
CREATE SCHEMA own;
CREATE FUNCTION own.person_name(id bigint) RETURNS text LANGUAGE sql STABLE SECURITY DEFINER
  AS 'SELECT name FROM base.person WHERE person_id = id';
CREATE FUNCTION own.twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
CREATE FUNCTION own.any_sql(t text) RETURNS void LANGUAGE plpgsql AS 'BEGIN EXECUTE t; END';
CREATE FUNCTION own.files() RETURNS text LANGUAGE sql AS $$SELECT pg_read_file('x')$$;
CREATE PROCEDURE own.work() LANGUAGE sql AS 'SELECT 1';
CREATE FUNCTION own.noted() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE OPERATOR own.@@@ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
CREATE OPERATOR own.!!! (RIGHTARG = int, FUNCTION = own.twice);
CREATE DOMAIN own.short AS text CHECK (length(VALUE) < 9);
CREATE TYPE own.mood AS ENUM ('calm');
CREATE FUNCTION own.as_int(own.mood) RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE CAST (own.mood AS int) WITH FUNCTION own.as_int(own.mood);
CREATE TABLE own.feelings (id int PRIMARY KEY, felt own.mood);
CREATE TABLE own.refers (id int, person_id bigint REFERENCES base.person);
CREATE TABLE own.free (id int PRIMARY KEY, note text);
CREATE TABLE own.noting (id int, n int DEFAULT own.twice(1));
CREATE TRIGGER noted BEFORE DELETE ON own.noting FOR EACH ROW EXECUTE FUNCTION own.noted();
CREATE RULE silent AS ON UPDATE TO own.noting DO INSTEAD NOTHING;
CREATE VIEW own.names AS SELECT name FROM base.person;
CREATE VIEW own.notes AS SELECT note FROM own.free;
CREATE MATERIALIZED VIEW own.counted AS SELECT count(*) FROM base.person;
CREATE TABLE own."a\tb\u202e" (id int);
"""
