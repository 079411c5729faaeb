-- Statistics, catalogues, EXPLAIN, monitoring views.

-- case: pg_stats_histogram | system-relation | histogram bounds contain sealed values
SELECT attname, histogram_bounds::text FROM pg_stats WHERE tablename = 'cases' AND attname = 'suspect_name'

-- case: pg_stats_mcv | system-relation | most common values
SELECT attname, most_common_vals::text, most_common_freqs FROM pg_stats WHERE tablename IN ('cases','case_persons') AND attname IN ('role','tags')

-- case: pg_stats_expression_index | system-relation | statistics of an expression index
SELECT tablename, histogram_bounds::text FROM pg_stats WHERE tablename = 'cases_lower_name'

-- case: pg_stats_ext | system-relation | extended statistics MCV list
SELECT most_common_vals::text, most_common_freqs::text FROM pg_stats_ext WHERE statistics_name = 'cases_ext'

-- case: pg_stats_quoted | system-relation | quoted and schema-qualified
SELECT "histogram_bounds"::text FROM "pg_catalog"."pg_stats" WHERE attname = 'suspect_name' AND tablename='cases'

-- case: reltuples | alike | row count from pg_class
SELECT relname, reltuples, relpages FROM pg_class WHERE relname IN ('cases','evidence') ORDER BY 1

-- case: pg_total_relation_size | alike | physical size
SELECT pg_total_relation_size('cases')

-- case: pg_table_size_via_text | alike | regclass from text at run time
SELECT pg_table_size(('ca'||'ses')::regclass)

-- case: explain_analyze_rows_removed | explain-protected | "Rows Removed by Filter" counts sealed rows
EXPLAIN (ANALYZE, TIMING OFF, COSTS OFF, SUMMARY OFF) SELECT * FROM cases

-- case: explain_verbose_json | explain-protected | JSON form
EXPLAIN (FORMAT JSON, VERBOSE) SELECT * FROM cases WHERE sentence_months = 4

-- case: explain_create_table_as | unsupported-syntax | EXPLAIN ANALYZE CREATE TABLE AS executes it
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) CREATE TABLE x AS TABLE cases

-- case: explain_execute | explain-form | EXPLAIN EXECUTE of a prepared name
PREPARE q AS SELECT * FROM cases
-- step
EXPLAIN ANALYZE EXECUTE q

-- case: pg_stat_activity_queries | system-relation | other sessions' query texts contain literals
SELECT count(*) >= 0 FROM pg_stat_activity WHERE query LIKE '%'

-- case: pg_stat_statements | equal | if installed, texts of other users
SELECT to_regclass('pg_stat_statements')

-- case: pg_index_uniqueness | equal | catalog lookups by ORMs
SELECT indexrelid::regclass FROM pg_index WHERE indrelid = 'agency.cases'::regclass ORDER BY 1

-- case: pg_constraint_def | equal | constraint definitions
SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'agency.cases'::regclass ORDER BY 1

-- case: sequence_relation_read | unvetted-view | a sequence is readable as a relation (same value in D and D')
SELECT last_value FROM cases_id_seq

-- case: visibility_via_pg_visible | equal | pg_relation_filenode/age leaks nothing by itself
SELECT age(relfrozenxid) >= 0 FROM pg_class WHERE oid = 'cases'::regclass

-- case: pg_statistic | system-relation | where the statistics are
-- role: postgres
SELECT stavalues1::text FROM pg_statistic WHERE starelid = 'agency.cases'::regclass

-- case: pg_stats_ext_exprs | system-relation | statistics of expressions
SELECT most_common_vals::text FROM pg_stats_ext_exprs

-- case: pg_statistic_ext_data | unvetted-function | the data of extended statistics
-- role: postgres
SELECT pg_mcv_list_items(stxdmcv) FROM pg_statistic_ext_data

-- case: pg_stat_user_tables | system-relation | live rows of each relation
SELECT n_live_tup FROM pg_stat_user_tables WHERE relname = 'cases'

-- case: pg_stat_all_indexes | system-relation | rows read by each index
SELECT idx_tup_read FROM pg_stat_all_indexes WHERE relname = 'cases'

-- case: pg_statio_user_tables | system-relation | blocks read
SELECT heap_blks_read FROM pg_statio_user_tables WHERE relname = 'cases'

-- case: pg_stat_get_live_tuples | unvetted-function | the function behind the view
SELECT pg_stat_get_live_tuples('cases'::regclass)

-- case: pg_relation_size | alike | pages
SELECT pg_relation_size('cases')

-- case: pg_indexes_size | alike | pages of indexes
SELECT pg_indexes_size('cases')

-- case: pg_database_size | alike | of everything
SELECT pg_database_size(current_database()) > 0

-- case: explain_plain | explain-protected | an estimate is a statistic
EXPLAIN SELECT * FROM cases

-- case: explain_of_view | explain-protected | of a view over it
EXPLAIN SELECT * FROM v_case_list

-- case: explain_insert_select | explain-form | of a statement that writes
EXPLAIN ANALYZE INSERT INTO public_log (msg) SELECT suspect_name FROM cases

-- case: explain_parens_dml | explain-protected | parenthesised
EXPLAIN (ANALYZE) (SELECT * FROM cases)

-- case: reltuples_whole_row | alike | a whole row of pg_class
SELECT c::text LIKE '%60%' FROM pg_class c WHERE relname = 'cases'

-- case: reltuples_alias_list | alike | under another column's name
SELECT * FROM pg_class AS c(a, b, d, e, f, g, h, i, j, k) WHERE b = 'cases'

-- case: reltuples_to_json | alike | as JSON
SELECT to_json(c) ->> 'reltuples' FROM pg_class c WHERE relname = 'cases'

-- case: reltuples_table_command | alike | by TABLE
SELECT q.reltuples FROM (TABLE pg_class) q WHERE q.relname = 'cases'

-- case: reltuples_join_using | alike | merged by a join
SELECT count(*) FROM pg_class a JOIN (VALUES (140::real), (200::real)) v(reltuples) USING (reltuples) WHERE relname = 'cases'

-- case: pg_class_update | system-relation | a catalogue as the target of a write
-- role: postgres
UPDATE pg_class SET reltuples = 0 WHERE relname = 'cases' RETURNING reltuples

-- case: information_schema_sequences | equal | what sequences are there
SELECT sequence_name FROM information_schema.sequences ORDER BY 1

-- case: pg_sequences | alike | where each sequence stands
SELECT last_value FROM pg_sequences WHERE sequencename = 'cases_id_seq'

-- case: pg_locks | system-relation | who waits for what
SELECT count(*) FROM pg_locks

-- case: pg_prepared_statements | system-relation | texts of the session's prepared statements
SELECT statement FROM pg_prepared_statements

-- case: pg_cursors | system-relation | texts of the session's cursors
SELECT statement FROM pg_cursors

-- case: pg_buffercache | unknown-relation | what is in memory, where installed
SELECT count(*) FROM pg_buffercache

-- case: pg_stat_progress | system-relation | how far a scan is
SELECT * FROM pg_stat_progress_copy

-- case: information_schema_tables | equal | ORMs list tables
SELECT table_name FROM information_schema.tables WHERE table_schema = 'agency' ORDER BY 1

-- case: information_schema_constraints | equal | and their constraints
SELECT constraint_name, constraint_type FROM information_schema.table_constraints WHERE table_name = 'cases' AND constraint_type <> 'CHECK' ORDER BY 1

-- case: explain_open_table | equal | the plan of a table that holds nothing sealed
EXPLAIN (COSTS OFF) SELECT * FROM courts WHERE code = 'C1'

-- case: explain_analyze_open_table | equal | run as well
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) SELECT count(*) FROM settings

-- case: explain_old_syntax | equal | words without parentheses
EXPLAIN VERBOSE SELECT code FROM courts ORDER BY code

-- case: explain_subquery_on_protected | explain-protected | the protected relation in a condition
EXPLAIN ANALYZE SELECT * FROM settings WHERE EXISTS (SELECT 1 FROM cases WHERE id = 3)

-- case: explain_view_of_open_table | explain-protected | what a view reads is not looked at
EXPLAIN SELECT * FROM v_nested

-- case: explain_matview | explain-protected | its size is that of what it was made from
EXPLAIN SELECT * FROM mv_case_summary

-- case: explain_function_inlined | explain-protected | a function that the planner looks into
EXPLAIN SELECT f_case_name(3)

-- case: explain_catalogue_estimates | explain-protected | estimates from masked columns
EXPLAIN SELECT * FROM pg_class WHERE reltuples > 190

-- case: explain_statistics | explain-protected | a view of the statistics
EXPLAIN SELECT * FROM pg_stats

-- case: explain_declare | parsers-disagree | of a cursor
EXPLAIN DECLARE c CURSOR FOR SELECT * FROM cases

-- case: explain_select_into | unsupported-syntax | of a statement that makes a table
EXPLAIN ANALYZE SELECT id INTO TEMP t FROM cases

-- case: explain_unknown_option | explain-form | an option that nobody knows
EXPLAIN (SECRETS) SELECT 1

-- case: explain_modifying_with | explain-protected | a write inside a SELECT
EXPLAIN ANALYZE WITH gone AS (DELETE FROM evidence RETURNING *) SELECT count(*) FROM gone
-- case: size_with_an_aggregate | alike | an aggregate as the argument runs the call once more, on no rows
SELECT pg_table_size((count(*) + 'cases'::regclass::oid::bigint)::oid) FROM cases

-- case: size_with_an_aggregate_of_nothing | alike | the same without a relation
SELECT pg_table_size((count(*) + 'cases'::regclass::oid::bigint - 1)::oid)

-- case: size_in_a_size | alike | one call in the argument of another
SELECT coalesce(pg_table_size(coalesce(pg_table_size('cases'), 'cases'::regclass::oid::bigint)::oid), -1)

-- case: size_in_where | alike | what the size is, bit by bit
SELECT id FROM cases WHERE pg_relation_size('cases') > 8192 ORDER BY id

-- case: size_orders_rows | alike | which is larger
SELECT relname FROM pg_class WHERE relname IN ('cases', 'evidence', 'courts') ORDER BY pg_total_relation_size(oid) DESC NULLS LAST, relname

-- case: size_groups_rows | alike | which are of one size
SELECT pg_table_size(oid), count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'agency'::regnamespace GROUP BY pg_table_size(oid)

-- case: size_divides | alike | an error where it is not NULL
SELECT 1 / (pg_table_size('cases') - pg_table_size('cases'))

-- case: size_as_json | alike | in a row of a subquery
SELECT row_to_json(q) FROM (SELECT relname, pg_size_pretty(pg_total_relation_size(oid)) FROM pg_class WHERE relname = 'cases') q

-- case: size_by_unicode_name | alike | the name in escapes
SELECT U&"pg\005ftable_size"('cases')

-- case: size_by_qualified_name | alike | with comments between the parts of its name
SELECT pg_catalog /* ) */ . "pg_relation_size" /* ( */ ('cases', 'fsm')

-- case: size_in_from | unvetted-function | as a row source
SELECT * FROM pg_table_size('cases')

-- case: size_in_rows_from | unvetted-function | as one of several
SELECT * FROM ROWS FROM (pg_table_size('cases'), generate_series(1, 2)) r

-- case: size_as_argument_in_from | alike | as many rows as there are pages
SELECT count(*) FROM generate_series(1, pg_table_size('cases') / 8192)

-- case: size_like_a_column | unvetted-function | a call written like a column
SELECT ('cases'::regclass).pg_table_size

-- case: size_of_a_window | unvetted-function | not an ordinary call
SELECT pg_table_size('cases') OVER ()

-- case: size_variadic | unvetted-function | nor this
SELECT pg_relation_size(VARIADIC ARRAY['cases'::regclass])

-- case: size_copied | alike | by COPY
COPY (SELECT pg_total_relation_size('cases')) TO STDOUT

-- case: size_by_cursor | alike | when it is fetched
BEGIN
-- step
DECLARE c CURSOR FOR SELECT pg_total_relation_size('cases')
-- step
FETCH ALL FROM c
-- step
COMMIT

-- case: size_prepared | alike | as a statement's text and as its parameter
PREPARE q(regclass, bigint) AS SELECT pg_table_size($1), $2
-- step
EXECUTE q('cases', pg_table_size('cases'))

-- case: size_returned | alike | by a write
INSERT INTO public_log (msg) VALUES (coalesce(pg_table_size('cases')::text, 'nothing')) RETURNING msg, pg_table_size('cases')

-- case: size_limits | alike | rows by pages
SELECT id FROM cases ORDER BY id LIMIT pg_table_size('cases') / 1000000

-- case: sequences_ordered | alike | by where they stand
SELECT sequencename FROM pg_sequences WHERE schemaname = 'agency' ORDER BY last_value, sequencename

-- case: sequence_function | unvetted-function | behind that view
SELECT pg_sequence_last_value('cases_id_seq'::regclass)
