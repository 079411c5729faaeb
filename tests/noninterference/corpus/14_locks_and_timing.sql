-- Locks, time, state of the server.

-- case: lock_table | unsupported-statement | LOCK TABLE
BEGIN; LOCK TABLE cases IN ACCESS EXCLUSIVE MODE; COMMIT

-- case: for_update_nowait_probe | equal | lock errors only from visible rows
SELECT id FROM cases WHERE id = 3 FOR UPDATE NOWAIT

-- case: advisory_lock | equal | advisory lock with a constant (applications use them)
SELECT pg_advisory_unlock_all()

-- case: advisory_lock_value | unvetted-function | lock number computed from data then pg_locks
SELECT pg_try_advisory_lock(fine_cents) FROM cases WHERE id = 1

-- case: pg_sleep_conditional | unvetted-function | timing by CASE on a public row is fine, on sealed rows is not reachable; function itself denied
SELECT CASE WHEN (SELECT count(*) FROM cases WHERE suspect_name = 'SEALED-NAME-0003') > 0 THEN pg_sleep(0.3) END

-- case: heavy_qual_timing | equal | CPU-heavy built-in before the filter
SELECT count(*) FROM cases WHERE suspect_name = 'SEALED-NAME-0003' AND length(repeat(md5(suspect_name), 3000000)) > 0

-- case: work_mem_temp_bytes | system-relation | temp file statistics
SELECT temp_bytes >= 0 FROM pg_stat_database WHERE datname = current_database()

-- case: track_functions_counts | unsettable-parameter | pg_stat_user_functions.calls counts rows seen by a UDF
SET track_functions = 'all'
-- step
SELECT sum(calls) >= 0 FROM pg_stat_user_functions

-- case: txid_snapshot | equal | snapshots
SELECT pg_current_xact_id_if_assigned() IS NULL

-- case: terminate_backend | unvetted-function | cancels/terminates other sessions of the same role
SELECT pg_cancel_backend(0)

-- case: alter_system | unsupported-statement | server configuration
-- role: postgres
ALTER SYSTEM RESET work_mem

-- case: load_library | unsupported-statement | LOAD
LOAD 'auto_explain'

-- case: log_statement_stats | unsettable-parameter | debug_print_plan as LOG messages to the client
SET client_min_messages = log; SET debug_print_plan = on
-- step
SELECT id FROM cases WHERE id = 1

-- case: security_label | unsupported-statement | SECURITY LABEL
SECURITY LABEL ON TABLE cases IS 'x'

-- case: create_extension | unsupported-statement | extension install
CREATE EXTENSION IF NOT EXISTS file_fdw

-- case: alter_user_password | unsupported-statement | role DDL
ALTER ROLE app_owner VALID UNTIL 'infinity'

-- case: lock_nowait | unsupported-statement | who holds a lock
LOCK TABLE evidence IN SHARE MODE NOWAIT

-- case: for_update_all | equal | every row
SELECT id FROM cases ORDER BY id FOR UPDATE

-- case: for_update_error | locking-protected | with a condition that fails
SELECT id FROM cases WHERE suspect_name > 'SEALED' AND suspect_name::int > 0 FOR UPDATE

-- case: for_update_join | equal | of a join
SELECT c.id FROM cases c JOIN evidence e ON e.case_id = c.id WHERE e.weight > 770000000 FOR UPDATE

-- case: for_update_view | equal | of a view
SELECT id FROM v_case_list WHERE id = 3 FOR UPDATE

-- case: advisory_constant | unvetted-function | with a number
SELECT pg_advisory_lock(1)

-- case: advisory_xact | unvetted-function | to the end of the transaction
SELECT pg_advisory_xact_lock(1, 2)

-- case: pg_blocking_pids | unvetted-function | who blocks whom
SELECT pg_blocking_pids(pg_backend_pid())

-- case: clock | equal | the time of day
SELECT clock_timestamp() IS NOT NULL, statement_timestamp() = transaction_timestamp()

-- case: sleep_plain | unvetted-function | a pause by itself
SELECT pg_sleep(0)

-- case: sleep_for | unvetted-function | likewise
SELECT pg_sleep_for('0 seconds')

-- case: vacuum | unsupported-statement | maintenance
VACUUM cases

-- case: analyze | unsupported-statement | makes statistics
ANALYZE cases

-- case: reindex | unsupported-statement | evaluates expressions of indexes
REINDEX TABLE cases

-- case: refresh_concurrently | unsupported-statement | compares old and new rows
REFRESH MATERIALIZED VIEW CONCURRENTLY mv_case_summary

-- case: reassign_owned | unsupported-statement | other owners
REASSIGN OWNED BY app_rw TO app_owner

-- case: grant | unsupported-statement | other rights
GRANT SELECT ON cases TO PUBLIC

-- case: alter_default_privileges | unsupported-statement | rights to come
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC

-- case: comment | unsupported-statement | a comment on the relation
COMMENT ON TABLE cases IS 'x'

-- case: alter_database | unsupported-statement | settings of every later session
ALTER DATABASE {database} SET search_path = reports

-- case: alter_role_set | unsupported-statement | settings of every later session of a role
ALTER ROLE app_owner SET standard_conforming_strings = off

-- case: create_rule | unsupported-statement | what a write does besides
CREATE RULE r AS ON UPDATE TO courts DO ALSO SELECT suspect_name FROM cases

-- case: create_cast | unsupported-statement | code run by a cast
CREATE CAST (text AS int) WITH INOUT AS IMPLICIT

-- case: create_collation | unsupported-statement | an order of one's own
CREATE COLLATION mine FROM "C"

-- case: create_sequence | unsupported-statement | a sequence
CREATE SEQUENCE sq

-- case: create_type | unsupported-statement | a type
CREATE TYPE ty AS (a int)

-- case: drop_owned | unsupported-statement | everything
DROP OWNED BY app_owner

-- case: listen_unlisten | unsupported-statement | LISTEN
LISTEN anything
