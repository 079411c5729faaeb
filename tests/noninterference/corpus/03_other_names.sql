-- Protected rows under another relation's name.

-- case: view_plain | equal | view over cases
SELECT * FROM v_case_list ORDER BY id

-- case: view_nested | equal | view over view
SELECT * FROM v_nested ORDER BY id

-- case: view_join_laundering | equal | join a filtered table to the unfiltered view
SELECT v.suspect_name FROM cases c RIGHT JOIN v_case_list v ON v.id = c.id WHERE c.id IS NULL ORDER BY 1

-- case: matview | unvetted-view | materialised copy cannot be filtered unless it keeps the key
SELECT * FROM mv_case_summary ORDER BY id

-- case: matview_refresh | unsupported-statement | REFRESH recomputes over sealed rows
REFRESH MATERIALIZED VIEW mv_case_summary
-- step
SELECT suspect_name FROM mv_case_summary ORDER BY id

-- case: partition_by_name | equal | partition of a protected partitioned table
SELECT * FROM hearings_2018 ORDER BY id

-- case: partition_parent | equal | the partitioned parent itself
SELECT * FROM hearings ORDER BY id

-- case: inheritance_child | equal | child table with an unrelated name
SELECT * FROM legacy_import_17 ORDER BY case_id

-- case: inheritance_parent_star | equal | legacy `name *` syntax
SELECT * FROM doc_base * ORDER BY doc_id

-- case: inheritance_only_parent | equal | ONLY parent does not include the child
SELECT * FROM ONLY doc_base ORDER BY doc_id

-- case: rule_on_insert_returns_rows | unvetted-trigger | INSERT rule DO INSTEAD SELECT on another table
INSERT INTO settings VALUES ('peek','')

-- case: history_table_trigger_copy | unvetted-trigger | trigger copies old rows into an unprotected table
UPDATE cases SET facts = facts WHERE id = 3
-- step
SELECT old_row FROM cases_history

-- case: large_object_read | unvetted-function | large object content, not a table
SELECT convert_from(lo_get(424242),'UTF8')

-- case: large_object_lowlevel | unvetted-function | lo_open/loread
BEGIN; SELECT loread(lo_open(424242, 262144), 100); COMMIT

-- case: system_view_of_view_definition | equal | pg_get_viewdef reveals schema, not rows
SELECT pg_get_viewdef('v_case_list'::regclass)

-- case: information_schema_columns | equal | ORM introspection must work
SELECT column_name, data_type FROM information_schema.columns WHERE table_schema='agency' AND table_name='cases' ORDER BY ordinal_position

-- case: view_aggregate | equal | a view with GROUP BY
SELECT * FROM reports.dashboard ORDER BY 1

-- case: view_in_subquery | equal | a view in IN
SELECT code FROM courts WHERE code IN (SELECT court_code FROM v_case_list WHERE suspect_name LIKE 'SEALED%') ORDER BY 1

-- case: view_whole_row | equal | a whole row of a view
SELECT v FROM v_case_list v ORDER BY v.id

-- case: view_self_join | equal | a view twice
SELECT count(*) FROM v_case_list a JOIN v_case_list b USING (court_code)

-- case: view_error_pushdown | equal | a failing cast on a view's column
SELECT count(*) FROM v_case_list WHERE suspect_name > 'SEALED' AND suspect_name::int > 0

-- case: view_update | unvetted-view | an updatable view
UPDATE v_case_list SET suspect_name = 'x' WHERE id = 3

-- case: view_insert | unvetted-view | an insert through a view
INSERT INTO v_case_list (id, case_no, suspect_name) VALUES (3, 'x', 'y')

-- case: view_delete_returning | unvetted-view | a delete through a view
DELETE FROM v_case_list WHERE id = 3 RETURNING suspect_name

-- case: view_table_command | equal | TABLE of a view
TABLE v_nested

-- case: matview_join | unvetted-view | a materialised view joined
SELECT m.suspect_name FROM mv_case_summary m JOIN courts k ON true ORDER BY 1 LIMIT 5

-- case: matview_totals | unvetted-view | totals hold sealed rows too
SELECT * FROM mv_court_totals ORDER BY 1

-- case: partition_only | equal | ONLY of a partitioned table is empty
SELECT count(*) FROM ONLY hearings

-- case: partition_default | equal | the default partition
SELECT * FROM hearings_default ORDER BY id

-- case: partition_tableoid | system-column | which partition a row is in
SELECT tableoid::regclass, count(*) FROM hearings GROUP BY 1

-- case: inheritance_tableoid | system-column | which child a row is in
SELECT tableoid::regclass::text, count(*) FROM case_notes GROUP BY 1 ORDER BY 1

-- case: inheritance_parent_count | equal | the parent counts its child's rows
SELECT count(*) FROM doc_base

-- case: history_table | equal | what a trigger wrote
SELECT * FROM cases_history

-- case: toast_relation | unknown-relation | the relation behind long values
SELECT * FROM pg_toast.pg_toast_16384

-- case: composite_type_as_table | equal | a type has the relation's name
SELECT (jsonb_populate_record(NULL::cases, to_jsonb(c))).suspect_name FROM cases c ORDER BY 1

-- case: sequence_as_relation | unvetted-view | a sequence of a protected relation
SELECT * FROM cases_id_seq

-- case: index_as_relation | unvetted-view | an index has rows, too
SELECT * FROM cases_pkey

-- case: pg_largeobject | system-relation | the pages of large objects
SELECT encode(data, 'escape') FROM pg_largeobject

-- case: pg_largeobject_superuser | system-relation | by who may
-- role: postgres
SELECT encode(data, 'escape') FROM pg_largeobject
