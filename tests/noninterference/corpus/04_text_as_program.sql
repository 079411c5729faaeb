-- Functions that read tables, files or servers named in a string.

-- case: sql_function | unvetted-function | SQL function with a protected body
SELECT f_case_name(3)

-- case: sql_function_atomic | unvetted-function | SQL-standard (BEGIN ATOMIC / RETURN) body
SELECT f_atomic(3)

-- case: setof_function_select_list | unvetted-function | SRF in the select list, composite expansion
SELECT (f_case_rows()).suspect_name ORDER BY 1

-- case: rows_from | unvetted-function | ROWS FROM
SELECT * FROM ROWS FROM (f_case_rows(), generate_series(1,3)) AS r

-- case: plpgsql_dynamic | unvetted-function | EXECUTE with a table name taken from a string
SELECT * FROM f_dyn('cases') ORDER BY 1

-- case: plpgsql_dynamic_concat | unvetted-function | the name is built at run time
SELECT * FROM f_dyn('ca'||'ses') ORDER BY 1

-- case: secdef_all | unvetted-function | SECURITY DEFINER returning all
SELECT * FROM f_secdef_all()

-- case: composite_function_label | unvetted-function | function over a row of another name, attribute notation
SELECT (c).f_peers FROM cases c WHERE id = 1 ORDER BY 1

-- case: composite_function_call_star | unvetted-function | func(t.*) reads the whole table inside its body
SELECT f_peers(c.*) FROM cases c WHERE id = 1 ORDER BY 1

-- case: procedure_call | unsupported-statement | CALL
CALL p_dump(NULL)

-- case: table_to_xml | unvetted-function | built-in, takes regclass
SELECT table_to_xml('agency.cases', true, false, '')

-- case: query_to_xml | unvetted-function | built-in, takes SQL text
SELECT query_to_xml('select * from agency.cases', true, false, '')

-- case: query_to_xml_quoted_name | unvetted-function | quoted function name
SELECT "query_to_xml"('select * from agency.cases', true, false, '')

-- case: query_to_xml_catalog | unvetted-function | pg_catalog-qualified
SELECT pg_catalog.query_to_xml('select * from agency.cases', true, false, '')

-- case: query_to_xmlschema_and | unvetted-function | query_to_xml_and_xmlschema
SELECT query_to_xml_and_xmlschema('select * from agency.cases', true, false, '')

-- case: schema_to_xml | unvetted-function | whole schema dump
SELECT schema_to_xml('agency', true, false, '')

-- case: cursor_to_xml | unvetted-function | cursor by name
BEGIN; DECLARE c CURSOR FOR SELECT * FROM cases; SELECT cursor_to_xml('c', 1000, true, false, ''); COMMIT

-- case: ts_stat | unvetted-function | ts_stat executes a SQL text
SELECT word FROM ts_stat('select to_tsvector(''simple'', suspect_name) from agency.cases') ORDER BY 1

-- case: dblink | unvetted-function | loop back with the application's password
SELECT * FROM dblink('host=127.0.0.1 port={port} user=app_owner password=app dbname='||current_database(), 'select suspect_name from agency.cases order by id') AS t(n text)

-- case: dblink_connect_exec | unvetted-function | named connection
SELECT dblink_connect('x','host=127.0.0.1 port={port} user=app_owner password=app dbname='||current_database())
-- step
SELECT * FROM dblink('x', 'table agency.cases') AS t(a int, b text, c text, d text, e date, f date, g int, h bigint, i text, j text, k text, l text, m text, n bool)

-- case: connectby | unvetted-function | tablefunc takes table and column names
SELECT keyid FROM connectby('agency.cases','suspect_name','id','3',0) AS t(keyid text, parent text, level int) LIMIT 3

-- case: xpath_table | unvetted-function | contrib xml2 takes table and column names
SELECT * FROM xpath_table('id','''<a>''||suspect_name||''</a>''','agency.cases','/a','true') AS t(id int, v text)

-- case: pg_read_binary_relation_file | unvetted-function | the heap file itself
-- role: postgres
SELECT position('SEALED-NAME-0003'::bytea in pg_read_binary_file(pg_relation_filepath('agency.cases'))) > 0

-- case: pg_ls_dir | unvetted-function | directory listing
-- role: postgres
SELECT count(*) > 0 FROM pg_ls_dir('.')

-- case: copy_program | unsupported-syntax | COPY ... TO PROGRAM
-- role: postgres
COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'

-- case: pageinspect | unsupported-statement | raw pages
-- role: postgres
CREATE EXTENSION IF NOT EXISTS pageinspect
-- step
SELECT count(*) FROM heap_page_items(get_raw_page('agency.cases',0)) WHERE position('SEALED-NAME'::bytea in t_data) > 0

-- case: pg_walinspect_names | unvetted-function | WAL readers
-- role: postgres
SELECT count(*) > 0 FROM pg_ls_waldir()

-- case: currtid_like_functions | unvetted-function | pg_get_expr etc. are fine; currtid2 takes a table name
SELECT currtid2('agency.cases','(0,1)')

-- case: has_function_in_from_alias | equal | harmless built-in SRF
SELECT g FROM generate_series(1,3) g

-- case: json_populate_protected_rowtype | equal | uses the row TYPE of cases, not its rows
SELECT suspect_name FROM jsonb_populate_record(NULL::cases, '{"suspect_name":"x"}')

-- case: xml_namespaced_call | unvetted-function | odd spacing and case in a call
SELECT "pg_catalog" . QUERY_TO_XML ('select * from agency.cases', true, false, '')

-- case: database_to_xml | unvetted-function | everything at once
SELECT database_to_xml(true, false, '')

-- case: cursor_to_xmlschema | unvetted-function | needs a cursor
SELECT cursor_to_xmlschema('c', true, false, '')

-- case: ts_rewrite_query | unvetted-function | SQL in the second argument
SELECT ts_rewrite('a & b'::tsquery, 'select to_tsquery(suspect_name), to_tsquery(''x'') from agency.cases')

-- case: pg_get_expr_text | equal | prints an expression, reads no row
SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef WHERE adrelid = 'agency.cases'::regclass ORDER BY adnum

-- case: lo_export | unvetted-function | writes a file
-- role: postgres
SELECT lo_export(424242, '/tmp/x')

-- case: lo_import | unvetted-function | reads a file
-- role: postgres
SELECT lo_import('/etc/passwd')

-- case: pg_read_file | unvetted-function | reads a file
-- role: postgres
SELECT pg_read_file('PG_VERSION')

-- case: pg_stat_file | unvetted-function | size and time of a file
-- role: postgres
SELECT size FROM pg_stat_file(pg_relation_filepath('agency.cases'))

-- case: pg_logical_slot | unvetted-function | changes as they are written
-- role: postgres
SELECT * FROM pg_logical_slot_peek_changes('x', NULL, NULL)

-- case: pg_create_logical_slot | unvetted-function | a slot that keeps them
-- role: postgres
SELECT pg_create_logical_replication_slot('x', 'test_decoding')

-- case: replication_connection | ended | a walsender understands other commands
-- role: app_repl
-- startup: replication=database
IDENTIFY_SYSTEM

-- case: crosstab_text | unvetted-function | tablefunc takes SQL text
SELECT * FROM crosstab('select court_code, status, suspect_name from agency.cases order by 1,2') AS t(a text, b text)

-- case: pg_notify_select | unvetted-function | sends a value to other sessions
SELECT pg_notify('x', suspect_name) FROM cases

-- case: set_config_value | unvetted-function | keeps a value in the session
SELECT set_config('a.b', suspect_name, false) FROM cases

-- case: current_setting_of_name | equal | a parameter named by a row
SELECT current_setting(suspect_name) FROM cases WHERE suspect_name > 'SEALED'

-- case: pg_import_system_collations | unvetted-function | changes a catalogue
-- role: postgres
SELECT pg_import_system_collations('pg_catalog')

-- case: pg_export_snapshot | unvetted-function | lets another session see the same
SELECT pg_export_snapshot()

-- case: pg_relation_filepath | unvetted-function | where the file is
SELECT pg_relation_filepath('cases')

-- case: brin_summarize | unvetted-function | reads a relation named in an argument
SELECT brin_summarize_new_values('cases_pkey'::regclass)

-- case: gin_clean | unvetted-function | likewise
SELECT gin_clean_pending_list('cases_pkey'::regclass)

-- case: pg_terminate_backend | unvetted-function | ends other sessions
SELECT pg_terminate_backend(pid) FROM pg_stat_activity

-- case: fast_path_like_lo | equal | an oid of a function in a cast
SELECT 'query_to_xml'::regproc

-- case: pg_sequence_last_value | unvetted-function | how many keys were given out
SELECT pg_sequence_last_value('cases_id_seq')

-- case: currval_of_protected | equal | the last key given out here
SELECT currval('cases_id_seq')

-- case: json_populate_recordset_row | equal | a type's name, no row of it
SELECT r.suspect_name FROM jsonb_populate_recordset(NULL::cases, '[{"suspect_name":"x"}]') r
