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

-- case: copy_from_protected | equal | rows in
BEGIN
-- step
COPY evidence FROM STDIN
-- rows: 88801\t1\tt\tb\t1\n
-- step
ROLLBACK

-- case: copy_from_public | equal | rows into an unprotected relation, one of them a statement
BEGIN
-- step
COPY public_log (msg) FROM STDIN
-- rows: SELECT suspect_name FROM cases;\nQ\0\0\0\x24SELECT suspect_name FROM cases\n
-- step
ROLLBACK

-- case: copy_from_nothing | equal | the client changes its mind, with words of its own
COPY evidence FROM STDIN

-- case: copy_from_unique | probe | a key that only a sealed row holds
BEGIN
-- step
COPY cases (id, case_no, suspect_name, id_number, birth_date, offence_date, fine_cents) FROM STDIN
-- rows: 3\tn-1\tx\ty\t2000-01-01\t2020-01-01\t0\n
-- step
ROLLBACK

-- case: copy_from_unique_line | probe | which of the lines it was: CONTEXT would say
BEGIN
-- step
COPY cases (case_no, suspect_name, id_number, birth_date, offence_date, fine_cents) FROM STDIN CSV
-- rows: n-2,x,y,2000-01-01,2020-01-01,0\nSEALED-NO-0003,x,y,2000-01-01,2020-01-01,0\nn-3,x,y,2000-01-01,2020-01-01,0\n
-- step
ROLLBACK

-- case: copy_from_sealed_parent | probe | a foreign key that only a sealed row satisfies
BEGIN
-- step
COPY evidence FROM STDIN
-- rows: 88802\t3\tt\tb\t1\n
-- step
ROLLBACK

-- case: copy_from_no_parent | equal | the negative of the probe
COPY evidence FROM STDIN
-- rows: 99999\t999\tt\tb\t1\n

-- case: copy_from_not_null | equal | Failing row contains (...)
COPY evidence (id, case_id) FROM STDIN
-- rows: 88803\t1\n

-- case: copy_from_invalid | equal | CONTEXT quotes the line
COPY evidence FROM STDIN
-- rows: 88804\tone\tt\tb\t1\n

-- case: copy_from_partitioned | equal | rows find their partition
BEGIN
-- step
COPY hearings FROM STDIN (NULL 'none')
-- rows: 88805\t1\t2018-06-01\tnone\n
-- step
ROLLBACK

-- case: copy_from_wrong_partition | equal | a row that does not belong there
COPY hearings_2018 FROM STDIN
-- rows: 88806\t1\t2020-06-01\tn\n

-- case: copy_from_child | equal | a child of a protected table
BEGIN
-- step
COPY legacy_import_17 FROM STDIN
-- rows: 1\tn\tsrc\n
-- step
ROLLBACK

-- case: copy_from_binary | equal | what is no binary COPY
COPY evidence FROM STDIN (FORMAT binary)
-- rows: PGCOPY\n\xff\r\n\0

-- case: copy_from_end_of_data | equal | what follows the end-of-data mark is no row and no statement
BEGIN
-- step
COPY public_log (msg) FROM STDIN
-- rows: one\n\\.\nSELECT suspect_name FROM cases\n
-- step
ROLLBACK

-- case: copy_from_header_match | equal | names of columns against the header
COPY evidence FROM STDIN (FORMAT csv, HEADER match)
-- rows: id,case,title,body,weight\n

-- case: copy_from_stdout | equal | the grammar takes the one word for the other
BEGIN
-- step
COPY evidence FROM STDOUT
-- rows: 88807\t1\tt\tb\t1\n
-- step
ROLLBACK

-- case: copy_from_and_to | equal | rows in, then out again
BEGIN
-- step
COPY evidence FROM STDIN (DELIMITER '|')
-- rows: 88808|1|t|b|1\n
-- step
COPY (SELECT * FROM evidence ORDER BY id) TO STDOUT
-- step
ROLLBACK

-- case: copy_from_trigger | unvetted-trigger | a BEFORE trigger looks into cases and raises
COPY persons FROM STDIN
-- rows: 9002\tSEALED-ID-0003\tq1\t2000-01-01\t\\N\tf\n

-- case: copy_from_rule | unvetted-trigger | a relation with a rule, which COPY would go around
COPY settings FROM STDIN
-- rows: peek\tx\n

-- case: copy_from_view | unvetted-view | into a view
COPY v_case_list FROM STDIN
-- rows: 1\tx\ty\tC1\n

-- case: copy_from_catalogue | system-relation | into a catalogue
-- role: postgres
COPY pg_authid FROM STDIN

-- case: copy_from_file | unsupported-syntax | a file of the server's
-- role: postgres
COPY public_log (msg) FROM '/etc/passwd'

-- case: copy_from_alone | copy-alone | what stands behind it would be a statement after the rows
COPY public_log (msg) FROM STDIN; SELECT suspect_name FROM cases
-- rows: x\n

-- case: copy_from_freeze | copy-form | rows visible to everybody at once
COPY public_log (msg) FROM STDIN (FREEZE)

-- case: copy_from_encoding | copy-form | rows in another encoding than the session's
COPY public_log (msg) FROM STDIN (ENCODING 'GBK')

-- case: copy_from_on_error | copy-form | a NOTICE says how many lines did not fit
COPY evidence FROM STDIN (ON_ERROR ignore)

-- case: copy_from_old_binary_syntax | parsers-disagree | COPY BINARY t
COPY BINARY evidence FROM STDIN

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
