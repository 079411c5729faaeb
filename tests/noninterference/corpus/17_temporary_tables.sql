-- Tables of the session's own: copies, names that hide others, code that runs on rows.

-- case: copy_of_protected | equal | what is copied has been filtered
CREATE TEMP TABLE copy AS SELECT id, suspect_name FROM cases WHERE fine_cents > 0
-- step
SELECT count(*), min(suspect_name), max(suspect_name) FROM copy
-- step
SELECT * FROM copy ORDER BY id

-- case: copy_by_select_into | equal | the same in the old way
SELECT id, suspect_name, id_number INTO TEMPORARY copy FROM cases
-- step
TABLE copy ORDER BY 1

-- case: copy_of_a_union | equal | INTO stands in the first of two queries
SELECT id INTO TEMP both_ids FROM cases UNION SELECT case_id FROM evidence
-- step
SELECT id FROM both_ids ORDER BY id

-- case: copy_with_masks | equal | what is copied is masked
-- mask
CREATE TEMP TABLE copy AS SELECT * FROM persons
-- step
SELECT id, phone FROM copy ORDER BY id

-- case: copy_of_table_command | equal | CREATE TABLE AS TABLE
CREATE TEMP TABLE copy AS TABLE evidence
-- step
SELECT * FROM copy ORDER BY id

-- case: copy_fenced | equal | a condition that raises on sealed rows
CREATE TEMP TABLE copy AS SELECT id FROM cases WHERE 1 / (fine_cents - 770000003) IS NOT NULL
-- step
SELECT id FROM copy ORDER BY id

-- case: copy_with_no_data | equal | its columns alone
CREATE TEMP TABLE copy AS SELECT * FROM cases WITH NO DATA
-- step
SELECT * FROM copy

-- case: copy_in_a_lasting_table | unsupported-statement | would be read later by others
CREATE UNLOGGED TABLE copy AS SELECT * FROM cases

-- case: select_into_unlogged | unsupported-syntax | likewise
SELECT * INTO UNLOGGED copy FROM cases

-- case: copy_named_temporary | unsupported-statement | the schema in place of the word
CREATE TABLE pg_temp.copy AS SELECT * FROM cases

-- case: copy_by_execute | unsupported-statement | of what a name stands for
PREPARE q AS SELECT * FROM cases
-- step
CREATE TEMP TABLE copy AS EXECUTE q

-- case: into_in_a_subquery | unsupported-syntax | INTO where none belongs
SELECT * FROM (SELECT id INTO TEMP copy FROM cases) AS q

-- case: into_in_a_cursor | unsupported-syntax | likewise
BEGIN; DECLARE c CURSOR FOR SELECT id INTO TEMP copy FROM cases

-- case: matview_for_the_session | not-understood | TEMP does not go with it
CREATE TEMP MATERIALIZED VIEW copy AS SELECT * FROM cases

-- case: view_for_the_session | unsupported-statement | a view that nobody could judge
CREATE TEMP VIEW cases AS SELECT * FROM agency.cases

-- case: hides_then_shows | equal | the name is the protected table's again
CREATE TEMP TABLE cases (id int, suspect_name text)
-- step
INSERT INTO cases VALUES (3, 'mine')
-- step
SELECT suspect_name FROM cases
-- step
SELECT suspect_name FROM agency.cases WHERE id IN (1, 3)
-- step
DROP TABLE cases
-- step
SELECT suspect_name FROM cases WHERE id IN (1, 3)

-- case: hides_until_rollback | equal | likewise when it never was
BEGIN; CREATE TEMP TABLE cases (id int); INSERT INTO cases VALUES (3)
-- step
SELECT * FROM cases
-- step
ROLLBACK
-- step
SELECT id, suspect_name FROM cases WHERE id < 8 ORDER BY id

-- case: hides_until_savepoint | equal | likewise in part of a transaction
BEGIN; SAVEPOINT s; CREATE TEMP TABLE cases (id int)
-- step
ROLLBACK TO s
-- step
SELECT id, suspect_name FROM cases WHERE id < 8 ORDER BY id

-- case: hides_until_commit | equal | ON COMMIT DROP
BEGIN; CREATE TEMP TABLE cases ON COMMIT DROP AS SELECT 3 AS id
-- step
SELECT * FROM cases
-- step
COMMIT
-- step
SELECT id, suspect_name FROM cases WHERE id < 8 ORDER BY id

-- case: comes_back_by_rollback | equal | a DROP undone
CREATE TEMP TABLE cases AS SELECT 3 AS id
-- step
BEGIN; DROP TABLE cases
-- step
SELECT count(*) FROM cases
-- step
ROLLBACK
-- step
SELECT * FROM cases

-- case: kept_by_a_text_that_fails | equal | a COMMIT before the error keeps it
BEGIN; CREATE TEMP TABLE cases (suspect_name text); COMMIT; SELECT 1 / 0
-- step
SELECT * FROM cases

-- case: undone_by_a_text_that_fails | equal | no COMMIT, no table
CREATE TEMP TABLE cases (suspect_name text); SELECT 1 / 0
-- step
SELECT id, suspect_name FROM cases WHERE id < 8 ORDER BY id
-- step
CREATE TEMP TABLE cases (n int)
-- step
SELECT * FROM cases

-- case: undone_in_the_same_text | temporary-unsettled | what the name means is known to nobody
BEGIN; CREATE TEMP TABLE cases (id int); ROLLBACK; SELECT id FROM cases

-- case: ended_in_the_same_text | temporary-unsettled | likewise, by a COMMIT
BEGIN; CREATE TEMP TABLE cases ON COMMIT DROP AS SELECT 1 AS id; COMMIT; SELECT * FROM cases

-- case: ended_and_nothing_named | equal | nothing is named behind it
BEGIN; CREATE TEMP TABLE cases ON COMMIT DROP AS SELECT 1 AS id; SELECT * FROM cases; COMMIT; SELECT 1

-- case: dropped_with_discard | equal | DISCARD TEMP
CREATE TEMP TABLE cases (id int)
-- step
DISCARD TEMP
-- step
SELECT id, suspect_name FROM cases WHERE id < 8 ORDER BY id

-- case: not_made_because_it_is_there | equal | IF NOT EXISTS says nothing of its end
CREATE TEMP TABLE cases (id int)
-- step
BEGIN; CREATE TEMP TABLE IF NOT EXISTS cases (id int) ON COMMIT DROP; COMMIT
-- step
SELECT * FROM cases

-- case: drop_what_is_not_there | equal | scripts begin with it
DROP TABLE IF EXISTS scratch_1, pg_temp.scratch_2
-- step
CREATE TEMP TABLE scratch_1 (n int)
-- step
DROP TABLE IF EXISTS scratch_1, scratch_2

-- case: drop_a_lasting_table | unsupported-statement | the same of one that is
DROP TABLE IF EXISTS settings

-- case: drop_both_kinds | unsupported-statement | a lasting one behind a temporary one
CREATE TEMP TABLE scratch (n int)
-- step
DROP TABLE scratch, settings

-- case: drop_with_cascade | equal | what hangs on it is the session's own as well
CREATE TEMP TABLE scratch (n int PRIMARY KEY)
-- step
DROP TABLE scratch CASCADE

-- case: truncate_it | equal | all its rows
CREATE TEMP TABLE cases AS SELECT g AS id FROM generate_series(1, 3) g
-- step
TRUNCATE cases
-- step
SELECT count(*) FROM cases

-- case: truncate_both_kinds | unsupported-statement | a lasting one behind a temporary one
CREATE TEMP TABLE scratch (n int)
-- step
TRUNCATE scratch, settings

-- case: named_like_a_type | temporary-name | the rule of a relation would cast to it
CREATE TEMP TABLE interval (a int)

-- case: named_like_date | temporary-name | likewise
CREATE TEMP TABLE date AS SELECT 1 AS a

-- case: named_like_bool | temporary-name | likewise
SELECT 1 AS a INTO TEMP bool

-- case: default_of_own_code | unvetted-function | runs with each row
CREATE TEMP TABLE scratch (n int, v text DEFAULT f_case_name(3))

-- case: check_of_own_code | unvetted-function | likewise
CREATE TEMP TABLE scratch (n int CHECK (f_case_name(n) <> 'x'))

-- case: generated_by_own_code | unvetted-function | likewise
CREATE TEMP TABLE scratch (n int, v text GENERATED ALWAYS AS (f_label(n)) STORED)

-- case: column_of_a_domain | unvetted-type | its check runs with each row
CREATE TEMP TABLE scratch (v open_name)

-- case: copy_by_own_code | unvetted-function | what a function read
CREATE TEMP TABLE scratch AS SELECT f_case_name(3) AS v

-- case: references_protected | unsupported-syntax | a foreign key asks whether a row is there
CREATE TEMP TABLE scratch (n int REFERENCES cases (id))

-- case: index_of_own_code | unvetted-function | runs with each row
CREATE TEMP TABLE scratch (v text)
-- step
CREATE INDEX ON scratch (f_leak(v))

-- case: index_of_built_ins | equal | as reports do
CREATE TEMP TABLE scratch AS SELECT suspect_name AS v FROM cases
-- step
CREATE INDEX ON scratch (lower(v)) WHERE v <> ''
-- step
ANALYZE scratch
-- step
EXPLAIN (COSTS OFF) SELECT count(*) FROM scratch
-- step
SELECT count(*) FROM scratch WHERE lower(v) LIKE 'open%'

-- case: trigger_on_it | unsupported-statement | code of the session's own
CREATE TEMP TABLE scratch (n int)
-- step
CREATE TRIGGER t BEFORE INSERT ON scratch FOR EACH ROW EXECUTE FUNCTION trg_hist()

-- case: like_a_protected_table | equal | its columns and none of its rows
CREATE TEMP TABLE shape (LIKE cases)
-- step
SELECT * FROM shape

-- case: like_with_what_runs | temporary-type | its indexes and checks, too
CREATE TEMP TABLE shape (LIKE persons INCLUDING ALL)

-- case: like_with_defaults | equal | of a table without code of its own
CREATE TEMP TABLE shape (LIKE courts INCLUDING ALL)
-- step
INSERT INTO shape VALUES ('C1', 'Court')
-- step
SELECT * FROM shape

-- case: inherits_protected | unsupported-syntax | its rows would be the child's
CREATE TEMP TABLE scratch () INHERITS (cases)

-- case: partition_of_protected | unsupported-syntax | rows would land in it
CREATE TEMP TABLE scratch PARTITION OF hearings FOR VALUES FROM ('2031-01-01') TO ('2032-01-01')

-- case: update_from_protected | equal | what is joined has been filtered
CREATE TEMP TABLE scratch AS SELECT g AS n, ''::text AS v FROM generate_series(1, 12) g
-- step
UPDATE scratch SET v = c.suspect_name FROM cases c WHERE c.id = scratch.n AND c.suspect_name LIKE '%0%'
-- step
SELECT * FROM scratch ORDER BY n
-- step
DELETE FROM scratch USING cases c WHERE c.id = scratch.n RETURNING n
-- step
SELECT n FROM scratch ORDER BY n

-- case: join_with_error | equal | a comparison that raises
CREATE TEMP TABLE scratch AS SELECT g::text AS n FROM generate_series(1, 12) g
-- step
SELECT c.id FROM cases c JOIN scratch s ON c.suspect_name::date IS NULL AND c.id = s.n::int

-- case: merge_into_it | equal | from a protected relation
CREATE TEMP TABLE scratch AS SELECT g AS n, ''::text AS v FROM generate_series(1, 5) g
-- step
MERGE INTO scratch USING cases c ON c.id = scratch.n AND c.suspect_name NOT LIKE 'x' WHEN MATCHED THEN UPDATE SET v = c.suspect_name WHEN NOT MATCHED AND c.id < 12 THEN INSERT VALUES (c.id, c.id_number)
-- step
SELECT * FROM scratch ORDER BY n

-- case: merge_with_a_condition_that_raises | equal | run before the filter it would tell
CREATE TEMP TABLE scratch (n bigint)
-- step
MERGE INTO scratch USING cases c ON 1 / (c.fine_cents - 770000003) = scratch.n WHEN NOT MATCHED THEN INSERT VALUES (c.fine_cents)
-- step
SELECT n FROM scratch ORDER BY n

-- case: merge_source_by_with | equal | a WITH query in between
CREATE TEMP TABLE scratch (n int)
-- step
MERGE INTO scratch USING (WITH w AS (SELECT id FROM cases) SELECT * FROM w) q ON q.id = scratch.n WHEN NOT MATCHED THEN INSERT VALUES (q.id)
-- step
SELECT n FROM scratch ORDER BY n

-- case: whole_rows | equal | a row of it as text
CREATE TEMP TABLE scratch AS SELECT id, suspect_name FROM cases
-- step
SELECT s FROM scratch s ORDER BY s.id
-- step
SELECT to_json(s) ->> 'suspect_name' FROM scratch s ORDER BY 1

-- case: column_that_is_a_function | unvetted-function | nothing is known of its columns
CREATE TEMP TABLE scratch (LIKE cases)
-- step
SELECT s.f_peers FROM scratch s

-- case: quoted_names | equal | names that have to be quoted
CREATE TEMP TABLE "Select ""x""" (n int)
-- step
INSERT INTO "Select ""x""" VALUES (1)
-- step
SELECT "Select ""x""".n FROM "Select ""x""" FOR UPDATE OF "Select ""x"""

-- case: columns_by_its_schema | equal | the schema written out
CREATE TEMP TABLE pg_temp.scratch (n int)
-- step
INSERT INTO pg_temp.scratch VALUES (1) RETURNING n
-- step
SELECT scratch.n FROM pg_temp.scratch

-- case: names_another_sessions_schema | unknown-relation | the schema by its number
SELECT * FROM pg_temp_3.scratch

-- case: unknown_in_the_schema | unknown-relation | nothing of that name
SELECT * FROM pg_temp.cases

-- case: with_query_of_the_name | equal | WITH hides it
CREATE TEMP TABLE cases (id int)
-- step
WITH cases AS (SELECT 1 AS id) SELECT * FROM cases

-- case: administrator_view_on_it | temporary-object | would be a view for the session
-- role: postgres
CREATE TEMP TABLE scratch (n int)
-- step
CREATE VIEW cases AS SELECT c.* FROM agency.cases c, scratch

-- case: search_path_hides_nothing | equal | it comes before every schema
CREATE TEMP TABLE courts (n int)
-- step
SET search_path = agency, public
-- step
SELECT * FROM courts
-- step
SELECT count(*) FROM agency.courts

-- case: copied_in | equal | COPY into a temporary table
CREATE TEMP TABLE cases (id int, v text)
-- step
-- rows: 3\tmine\n
COPY cases FROM STDIN
-- step
SELECT * FROM cases

-- case: copied_out_and_counted | equal | COPY of a temporary table
CREATE TEMP TABLE scratch AS SELECT id, suspect_name FROM cases ORDER BY id
-- step
COPY scratch TO STDOUT

-- case: name_in_escapes | equal | the name spelt otherwise each time
CREATE TEMP TABLE U&"\0063ases" (id int)
-- step
INSERT INTO U&"!0063ases" UESCAPE '!' VALUES (3)
-- step
SELECT * FROM CASES
-- step
SELECT * FROM U&"\0063ases"

-- case: merge_into_a_view | unvetted-view | its rows are a protected table's
MERGE INTO v_case_list v USING courts k ON v.court_code = k.code WHEN MATCHED THEN UPDATE SET case_no = 'x'

-- case: write_in_what_is_copied | equal | the server takes no write there
CREATE TEMP TABLE scratch AS WITH gone AS (DELETE FROM evidence WHERE case_id = 3 RETURNING *) SELECT * FROM gone

-- case: copy_by_a_view | equal | a view in the place of tables
CREATE TEMP TABLE scratch AS TABLE v_nested
-- step
SELECT * FROM scratch ORDER BY id
