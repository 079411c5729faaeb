-- COPY.

-- case: copy_table_to_stdout | equal | whole table, one parser keeps the target as a plain table
COPY cases TO STDOUT

-- case: copy_columns_to_stdout | equal | column list
COPY cases (id, suspect_name) TO STDOUT WITH (FORMAT csv, HEADER)

-- case: copy_table_command | equal | COPY (TABLE ..)
COPY (TABLE cases) TO STDOUT

-- case: copy_values_subselect | equal | COPY (VALUES ((SELECT ..)))
COPY (VALUES ((SELECT suspect_name FROM cases WHERE id = 3))) TO STDOUT

-- case: copy_binary_format | equal | binary framing hides values from text scanners
COPY cases (fine_cents) TO STDOUT WITH (FORMAT binary)

-- case: copy_old_binary_syntax | parsers-disagree | COPY BINARY t (one parser reads BINARY as the table)
COPY BINARY cases TO STDOUT

-- case: copy_inheritance_child | equal | child
COPY legacy_import_17 TO STDOUT

-- case: copy_view | equal | COPY view is an error in PG15, COPY (SELECT) works
COPY (SELECT * FROM v_case_list ORDER BY id) TO STDOUT

-- case: copy_to_file | unsupported-syntax | server-side file
-- role: postgres
COPY cases TO '/var/lib/postgresql/copied.txt'

-- case: copy_from_where | unsupported-syntax | COPY FROM with WHERE calling functions
COPY settings FROM STDIN WHERE f_case_name(3) = v

-- case: copy_freeze_options_order | equal | pre-9.0 option syntax
COPY cases TO STDOUT CSV HEADER

-- case: copy_force_quote | equal | FORCE_QUOTE
COPY cases TO STDOUT (FORMAT csv, FORCE_QUOTE *)

-- case: copy_public_table | equal | public table
COPY courts TO STDOUT

-- case: copy_from_protected | unsupported-syntax | rows in
COPY evidence FROM STDIN

-- case: copy_from_public | unsupported-syntax | rows into an unprotected relation
COPY public_log (msg) FROM STDIN

-- case: copy_query_with_write | copy-form | a write inside COPY
COPY (DELETE FROM evidence WHERE case_id = 3 RETURNING *) TO STDOUT

-- case: copy_query_function | unvetted-function | a function inside COPY
COPY (SELECT f_case_name(3)) TO STDOUT

-- case: copy_quoted | equal | a quoted name
COPY "agency"."cases" TO STDOUT

-- case: copy_partitioned_query | equal | a partitioned table needs the query form
COPY (SELECT * FROM hearings ORDER BY id) TO STDOUT WITH CSV

-- case: copy_matview_query | unvetted-view | a materialised view inside COPY
COPY (TABLE mv_case_summary) TO STDOUT

-- case: copy_encoding | copy-form | another encoding than the session's
COPY (SELECT 1) TO STDOUT (ENCODING 'GBK')

-- case: copy_from_program | unsupported-syntax | a program's output
-- role: postgres
COPY public_log (msg) FROM PROGRAM 'id'

-- case: copy_pg_class | alike | a catalogue
COPY (SELECT relname, reltuples FROM pg_class WHERE relname = 'cases') TO STDOUT

-- case: copy_pg_authid | system-relation | passwords
-- role: postgres
COPY pg_authid TO STDOUT

-- case: copy_into_file_query | unsupported-syntax | a query into a file
-- role: postgres
COPY (SELECT * FROM cases) TO '/tmp/x'

-- case: copy_two | equal | two in one message
COPY courts TO STDOUT; COPY (SELECT suspect_name FROM cases ORDER BY id) TO STDOUT
