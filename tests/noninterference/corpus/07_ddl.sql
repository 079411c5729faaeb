-- DDL that copies, renames, lays open, or installs a later reader.

-- case: ctas | unsupported-statement | CREATE TABLE AS (the proxy may strip, but the copy escapes later policy)
CREATE TABLE copy1 AS SELECT * FROM cases
-- step
SELECT suspect_name FROM copy1 ORDER BY id

-- case: ctas_table_command | unsupported-statement | CREATE TABLE AS TABLE
CREATE TABLE copy2 AS TABLE cases
-- step
SELECT suspect_name FROM copy2 ORDER BY id

-- case: select_into | unsupported-syntax | SELECT INTO
SELECT id, suspect_name INTO copy4 FROM cases
-- step
SELECT * FROM copy4 ORDER BY 1

-- case: create_view | unsupported-statement | view under a new name
CREATE VIEW nv AS SELECT * FROM cases
-- step
SELECT suspect_name FROM nv ORDER BY id

-- case: create_recursive_view | unsupported-statement | CREATE RECURSIVE VIEW
CREATE RECURSIVE VIEW rv (n) AS SELECT suspect_name FROM cases
-- step
SELECT n FROM rv ORDER BY 1

-- case: create_matview | unsupported-statement | CREATE MATERIALIZED VIEW
CREATE MATERIALIZED VIEW nmv AS SELECT suspect_name FROM cases
-- step
SELECT * FROM nmv ORDER BY 1

-- case: create_function_atomic | unsupported-statement | function body is SQL
CREATE FUNCTION nf2() RETURNS text LANGUAGE sql BEGIN ATOMIC SELECT max(suspect_name) FROM agency.cases; END
-- step
SELECT nf2()

-- case: create_function_plpgsql_dollar | unsupported-statement | dollar-quoted body
CREATE FUNCTION nf3() RETURNS text LANGUAGE plpgsql AS $body$ BEGIN RETURN (SELECT max(suspect_name) FROM agency.cases); END $body$
-- step
SELECT nf3()

-- case: do_block | unsupported-statement | anonymous code
DO $$ DECLARE r text; BEGIN SELECT max(suspect_name) INTO r FROM agency.cases; RAISE NOTICE 'got %', r; END $$

-- case: do_block_language_first | unsupported-statement | DO LANGUAGE plpgsql
DO LANGUAGE plpgsql $$ BEGIN RAISE EXCEPTION '%', (SELECT max(suspect_name) FROM agency.cases); END $$

-- case: create_trigger | unsupported-statement | trigger copying rows
CREATE FUNCTION tcopy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO agency.public_log(msg) SELECT suspect_name FROM agency.cases; RETURN NULL; END $$
-- step
CREATE TRIGGER tc AFTER INSERT ON settings FOR EACH STATEMENT EXECUTE FUNCTION tcopy()
-- step
INSERT INTO settings VALUES ('a','b')
-- step
SELECT msg FROM public_log ORDER BY 1

-- case: alter_table_rename | unsupported-statement | rename the protected table
ALTER TABLE cases RENAME TO dossier
-- step
SELECT suspect_name FROM dossier ORDER BY id

-- case: alter_rename_column | unsupported-statement | rename the column used by the predicate
ALTER TABLE cases RENAME COLUMN seal_flag TO sf
-- step
ALTER TABLE cases ADD COLUMN seal_flag boolean DEFAULT false; SELECT suspect_name FROM cases ORDER BY id

-- case: alter_column_type_using | unsupported-statement | USING expression runs on every row
ALTER TABLE cases ALTER COLUMN facts TYPE text USING f_leak(suspect_name)::text

-- case: alter_add_column_generated | unsupported-statement | generated column evaluates on every row
ALTER TABLE cases ADD COLUMN g text GENERATED ALWAYS AS (lower(suspect_name)) STORED

-- case: alter_inherit | unsupported-statement | attach protected table to a new parent
CREATE TABLE newparent (case_id int, note text)
-- step
ALTER TABLE case_notes INHERIT newparent
-- step
SELECT note FROM newparent ORDER BY 1

-- case: create_index_expression_error | unsupported-statement | index build evaluates the expression on every row
CREATE INDEX ON cases ((1/(fine_cents-770000003)))

-- case: create_unique_index_dup_detail | unsupported-statement | Key (x)=(..) is duplicated
CREATE UNIQUE INDEX ON evidence ((CASE WHEN weight > 770000000 THEN weight END))

-- case: create_statistics_expr | unsupported-statement | then ANALYZE and pg_stats_ext_exprs
CREATE STATISTICS s2 ON lower(suspect_name), id FROM cases
-- step
ANALYZE cases
-- step
SELECT histogram_bounds::text FROM pg_stats_ext_exprs WHERE statistics_name = 's2'

-- case: create_domain_check_function | unsupported-statement | domain whose check raises
CREATE DOMAIN dd AS text CHECK (agency.f_boom(VALUE))
-- step
SELECT count(*) FROM cases WHERE suspect_name::dd IS NOT NULL

-- case: create_policy_rls_bypass | unsupported-statement | owner toggles RLS
ALTER TABLE cases DISABLE ROW LEVEL SECURITY

-- case: create_publication | unsupported-statement | logical replication of the table
CREATE PUBLICATION pp FOR TABLE cases

-- case: create_foreign_table | unsupported-statement | loopback foreign table
CREATE FOREIGN TABLE ft2 (suspect_name text) SERVER loopback OPTIONS (schema_name 'agency', table_name 'cases')
-- step
SELECT * FROM ft2 ORDER BY 1

-- case: import_foreign_schema | unsupported-statement | mass import
IMPORT FOREIGN SCHEMA agency LIMIT TO (cases) FROM SERVER loopback INTO reports
-- step
SELECT suspect_name FROM reports.cases ORDER BY 1

-- case: create_aggregate | unsupported-statement | aggregate over a leaking function
CREATE AGGREGATE ag2(text) (SFUNC = textcat, STYPE = text, INITCOND = '')

-- case: create_table_like | equal | LIKE copies structure only
CREATE TEMP TABLE shape (LIKE cases)

-- case: create_schema_embedded | unsupported-statement | CREATE SCHEMA with embedded CREATE VIEW
CREATE SCHEMA s3 CREATE VIEW v AS SELECT suspect_name FROM agency.cases
-- step
SELECT * FROM s3.v ORDER BY 1

-- case: cluster_vacuum | unsupported-statement | maintenance: no rows, but one parser reads `CLUSTER cases` as a column alias
CLUSTER cases USING cases_pkey

-- case: drop_table | unsupported-statement | destructive DDL on protected data
DROP TABLE evidence CASCADE

-- case: event_trigger | unsupported-statement | superuser
-- role: postgres
CREATE EVENT TRIGGER et ON ddl_command_end EXECUTE FUNCTION f_case_name()
