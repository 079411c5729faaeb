-- Prepared statements and cursors as SQL, parameters of the session.

-- case: prepare_execute | equal | body must be rewritten at PREPARE
PREPARE p1 AS SELECT suspect_name FROM cases ORDER BY id
-- step
EXECUTE p1

-- case: prepare_typed_params | equal | with parameter types
PREPARE p2 (int) AS SELECT suspect_name FROM cases WHERE id = $1
-- step
EXECUTE p2(3)

-- case: declare_fetch | equal | cursor body must be rewritten at DECLARE
BEGIN; DECLARE c1 CURSOR FOR SELECT suspect_name FROM cases ORDER BY id; FETCH ALL FROM c1; COMMIT

-- case: declare_with_hold | equal | survives the transaction
DECLARE c2 CURSOR WITH HOLD FOR TABLE cases
-- step
FETCH FORWARD ALL IN c2

-- case: move_rowcount | equal | MOVE ALL returns the row count only
BEGIN; DECLARE c4 CURSOR FOR SELECT * FROM cases; MOVE FORWARD ALL IN c4; COMMIT

-- case: fetch_backward | equal | SCROLL cursor
BEGIN; DECLARE c5 SCROLL CURSOR FOR SELECT suspect_name FROM cases ORDER BY id; MOVE ABSOLUTE 3 IN c5; FETCH RELATIVE 0 FROM c5; COMMIT

-- case: set_session_authorization | unsettable-parameter | identity change
-- role: postgres
SET SESSION AUTHORIZATION app_owner
-- step
SELECT current_user

-- case: set_search_path_shadow | equal | unqualified names now mean another schema
SET search_path = reports, agency
-- step
SELECT * FROM dashboard ORDER BY 1

-- case: operator_capture_search_path | unsupported-statement | operator resolution by search_path, no function name in the text
CREATE FUNCTION reports.eqx(text, text) RETURNS boolean LANGUAGE plpgsql COST 0.0001 AS $$ BEGIN RAISE NOTICE '%', $1; RETURN true; END $$
-- step
CREATE OPERATOR reports.= (LEFTARG = text, RIGHTARG = text, FUNCTION = reports.eqx)
-- step
SET search_path = reports, pg_catalog, agency
-- step
SELECT count(*) FROM cases WHERE suspect_name = 'x'

-- case: set_config_search_path | unvetted-function | SET through a function in SELECT
SELECT set_config('search_path', 'reports, agency', false)
-- step
SELECT * FROM dashboard ORDER BY 1

-- case: temp_table_shadows_protected | equal | name `cases` is now a temp table: correct answer is the temp table's rows
CREATE TEMP TABLE cases (id int, suspect_name text, seal_flag bool, offence_date date, birth_date date, sentence_months int); INSERT INTO cases VALUES (1,'mine',false,'2000-01-01','1970-01-01',1)
-- step
SELECT suspect_name FROM cases

-- case: temp_function_cannot_shadow | unsupported-statement | pg_temp functions need qualification, tables do not
CREATE FUNCTION pg_temp.peek() RETURNS SETOF text LANGUAGE sql AS 'select suspect_name from agency.cases order by 1'
-- step
SELECT pg_temp.peek()

-- case: set_local_row_security | unsettable-parameter | if RLS is the second line of defence
SET row_security = off

-- case: set_client_min_messages_debug | equal | debug5 emits plan/catalog details as notices
SET client_min_messages = debug5
-- step
SELECT 1

-- case: set_config_scs | unvetted-function | same through set_config
SELECT set_config('standard_conforming_strings','off',false)
-- step
SELECT '\'', suspect_name FROM cases --'

-- case: set_local_scs_in_txn | unsettable-parameter | same through SET LOCAL
BEGIN; SET LOCAL standard_conforming_strings = off
-- step
SELECT '\'', suspect_name FROM cases --'

-- case: pg_settings_update | system-relation | SET through UPDATE pg_settings (a rule on the view)
UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'
-- step
SELECT '\'', suspect_name FROM cases --'

-- case: function_set_clause | equal | CREATE FUNCTION ... SET guc leaks into body only
SELECT current_setting('search_path')

-- case: reset_all | equal | undoes pins set by the proxy with SET
RESET ALL
-- step
SHOW search_path

-- case: statement_timeout_set | equal | makes a timing oracle out of a count
SET statement_timeout = '50ms'

-- case: set_timezone_datestyle | equal | drivers send these
SET TimeZone = 'UTC'
-- step
SET DateStyle = 'ISO'

-- case: set_datestyle_predicate | equal | DateStyle/IntervalStyle/TimeZone can change predicates that cast text to dates
SET DateStyle = 'SQL, DMY'
-- step
SELECT count(*) FROM cases WHERE offence_date < '05/06/2018'

-- case: savepoint | equal | SAVEPOINT (one parser parses it as a column alias)
BEGIN; SAVEPOINT a; ROLLBACK TO SAVEPOINT a; RELEASE SAVEPOINT a; COMMIT

-- case: prepare_transaction | unsupported-syntax | 2PC leaves locks behind
BEGIN; INSERT INTO public_log(msg) VALUES ('2pc'); PREPARE TRANSACTION 'corpus_x'
-- step
ROLLBACK PREPARED 'corpus_x'

-- case: prepare_insert | equal | a prepared write
PREPARE w (text) AS INSERT INTO public_log (msg) SELECT suspect_name FROM cases RETURNING msg
-- step
EXECUTE w('x')

-- case: prepare_type_name | unvetted-type | a parameter's type with code of its own
PREPARE t (open_name) AS SELECT $1
-- step
EXECUTE t('SEALED')

-- case: execute_argument_subquery | parsers-disagree | EXECUTE with an expression
PREPARE a (int) AS SELECT $1
-- step
EXECUTE a((SELECT count(*)::int FROM cases))

-- case: declare_binary | equal | values in binary
BEGIN
-- step
DECLARE b BINARY CURSOR FOR SELECT suspect_name FROM cases
-- step
FETCH ALL b
-- step
COMMIT

-- case: fetch_unknown | equal | a cursor nobody declared
FETCH ALL FROM nobody

-- case: execute_unknown | equal | a statement nobody prepared
EXECUTE nobody

-- case: deallocate_all | equal | what pools send
DEALLOCATE ALL

-- case: close_all | equal | likewise
CLOSE ALL

-- case: discard_all | equal | likewise
DISCARD ALL

-- case: discard_temp | equal | likewise
DISCARD TEMP

-- case: set_role | unsettable-parameter | another role's rights
SET ROLE app_rw
-- step
SELECT current_user
-- step
RESET ROLE

-- case: set_role_superuser | unsettable-parameter | a superuser's
-- role: postgres
SET ROLE app_owner
-- step
SELECT suspect_name FROM cases ORDER BY 1

-- case: set_path_temp | search-path | pg_temp first
SET search_path = pg_temp, agency

-- case: set_path_quoted | unknown-relation | a quoted name with a comma
SET search_path = 'agency, reports'
-- step
SELECT * FROM dashboard

-- case: set_path_user | equal | "$user" names a schema by who asks
SET search_path = "$user", agency
-- step
SELECT count(*) FROM cases

-- case: set_path_in_transaction | session-change | undone by ROLLBACK
BEGIN
-- step
SET LOCAL search_path = reports
-- step
SELECT * FROM dashboard
-- step
ROLLBACK

-- case: set_session_replication_role | unsettable-parameter | triggers and foreign keys off
-- role: postgres
SET session_replication_role = replica

-- case: set_log_min | unsettable-parameter | messages of the log to the client
SET log_statement = 'all'

-- case: set_debug_print | unsettable-parameter | plans as messages
SET debug_print_plan = on

-- case: set_backtrace | unsettable-parameter | functions in messages
-- role: postgres
SET backtrace_functions = 'errfinish'

-- case: set_check_function_bodies | unsettable-parameter | not a matter of reading
SET check_function_bodies = off

-- case: set_escape_string_warning | unsettable-parameter | a warning shows the text
SET escape_string_warning = on

-- case: set_transform_null_equals | unsettable-parameter | x = NULL would read as IS NULL
SET transform_null_equals = on
-- step
SELECT count(*) FROM cases WHERE seal_flag = NULL

-- case: set_backslash_quote | unsettable-parameter | a quote after a backslash
SET backslash_quote = on

-- case: set_quote_all | unsettable-parameter | identifiers printed by the server
SET quote_all_identifiers = on

-- case: set_array_nulls | unsettable-parameter | NULL in arrays
SET array_nulls = off

-- case: set_constraint_exclusion | unsettable-parameter | plans
SET constraint_exclusion = off

-- case: set_time_zone_interval | equal | a zone as an interval
SET TIME ZONE INTERVAL '+08:00' HOUR TO MINUTE

-- case: set_names | equal | the standard's spelling of client_encoding
SET NAMES 'UTF8'

-- case: set_custom_parameter | unsettable-parameter | applications keep their user in one
SET app.clerk = 'clerk-1'

-- case: show_all | equal | every parameter
SHOW ALL

-- case: show_data_directory | equal | where files are
SHOW data_directory

-- case: begin_isolation | equal | with modes
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY
-- step
SELECT count(*) FROM cases
-- step
COMMIT

-- case: set_snapshot | unsettable-parameter | another session's snapshot
BEGIN ISOLATION LEVEL REPEATABLE READ
-- step
SET TRANSACTION SNAPSHOT '00000003-0000001B-1'
-- step
ROLLBACK

-- case: abort_synonym | equal | synonyms of ROLLBACK and COMMIT
BEGIN
-- step
ABORT
-- step
START TRANSACTION
-- step
END

-- case: startup_search_path | equal | at the start of the session
-- startup: search_path=reports,agency
SELECT * FROM dashboard ORDER BY 1

-- case: startup_options_search_path | equal | as options
-- startup: options=-c search_path=reports,agency
SELECT * FROM dashboard ORDER BY 1

-- case: startup_role | ended | another role at the start
-- startup: role=app_rw
SELECT current_user

-- case: startup_session_preload | ended | a library at the start
-- startup: options=-c session_preload_libraries=auto_explain
SELECT 1
