-- Writes: messages about integrity, numbers of rows, RETURNING.

-- case: unique_violation_detail | probe | Key (case_no)=(..) already exists
BEGIN
-- step
INSERT INTO cases (case_no, suspect_name, id_number, birth_date, offence_date, fine_cents) VALUES ('SEALED-NO-0003','x','y','2000-01-01','2020-01-01',0)
-- step
ROLLBACK

-- case: pk_violation | probe | existence of id 3
BEGIN
-- step
INSERT INTO cases (id, case_no, suspect_name, id_number, birth_date, offence_date, fine_cents) VALUES (3,'n1','x','y','2000-01-01','2020-01-01',0)
-- step
ROLLBACK

-- case: fk_missing_probe | equal | the negative of the probe
BEGIN
-- step
INSERT INTO evidence VALUES (99999, 999, 't', 'b', 1)
-- step
ROLLBACK

-- case: fk_delete_referenced | referenced-by-protected | delete of a public row referenced by sealed rows: error depends on them
DELETE FROM courts WHERE code = 'C4'

-- case: on_conflict_do_nothing_rowcount | unvetted-trigger | INSERT 0 0 versus INSERT 0 1
INSERT INTO cases (id, case_no, suspect_name, id_number, birth_date, offence_date, fine_cents) VALUES (3,'n3','x','z','2000-01-01','2020-01-01',0) ON CONFLICT DO NOTHING

-- case: on_conflict_do_update_returning | unvetted-trigger | upsert returns the sealed row
INSERT INTO cases AS c (id, case_no, suspect_name, id_number, birth_date, offence_date, fine_cents) VALUES (3,'n4','x','z','2000-01-01','2020-01-01',0) ON CONFLICT (id) DO UPDATE SET facts = c.facts RETURNING c.suspect_name

-- case: check_violation_failing_row | unvetted-trigger | Failing row contains (...) prints the whole sealed row
UPDATE cases SET fine_cents = -1 WHERE id = 3

-- case: not_null_failing_row | unvetted-trigger | NOT NULL violation prints the whole row
UPDATE cases SET suspect_name = NULL WHERE id = 3

-- case: update_rowcount | unvetted-trigger | UPDATE n: counts sealed rows
UPDATE cases SET facts = 'x' WHERE court_code = 'C4'

-- case: delete_rowcount | equal | DELETE n
DELETE FROM evidence WHERE weight > 770000000

-- case: delete_returning_target | equal | target of DELETE
DELETE FROM evidence WHERE case_id = 3 RETURNING title

-- case: delete_using | equal | filtered join table but unfiltered target
DELETE FROM judgments j USING courts k WHERE j.case_id = 3 RETURNING j.body

-- case: update_set_subquery | equal | sub-select in SET
BEGIN
-- step
UPDATE settings SET v = (SELECT suspect_name FROM cases WHERE id = 3) RETURNING v
-- step
ROLLBACK

-- case: update_multiassign | parsers-disagree | SET (a,b) = (SELECT ..)
UPDATE settings SET (k, v) = (SELECT 'z', suspect_name FROM cases WHERE id = 3) WHERE k='theme' RETURNING v

-- case: merge_target | unvetted-trigger | MERGE with a protected target
MERGE INTO cases c USING courts k ON c.court_code = k.code AND c.id = 3 WHEN MATCHED THEN UPDATE SET facts = 'm'

-- case: merge_source | equal | MERGE with a protected source into a public table
MERGE INTO public_log s USING cases c ON s.msg = c.case_no WHEN NOT MATCHED THEN INSERT (msg) VALUES (c.suspect_name)
-- step
SELECT msg FROM public_log ORDER BY 1

-- case: insert_table_command | equal | INSERT ... TABLE
CREATE TEMP TABLE tt (a int, b text); INSERT INTO tt SELECT id, suspect_name FROM cases; SELECT * FROM tt ORDER BY 1

-- case: insert_returning_trigger_lookup | unvetted-trigger | BEFORE trigger looks into cases and raises
INSERT INTO persons VALUES (9001, 'SEALED-ID-0003', 'q1', '2000-01-01', NULL, false)

-- case: delete_where_current_of | unsupported-syntax | positioned delete
BEGIN; DECLARE c CURSOR FOR SELECT * FROM cases WHERE id = 3; FETCH c; DELETE FROM cases WHERE CURRENT OF c RETURNING suspect_name; ROLLBACK

-- case: truncate | unsupported-statement | destroys sealed rows, and fails/succeeds by FK
TRUNCATE cases

-- case: writable_cte_insert | equal | INSERT in a CTE from a protected source
WITH i AS (INSERT INTO public_log (msg) SELECT suspect_name FROM cases WHERE id=3 RETURNING msg) SELECT * FROM i

-- case: deferred_fk_commit_error | unsupported-statement | error arrives at COMMIT, not at the statement
BEGIN; ALTER TABLE evidence ALTER CONSTRAINT evidence_case_id_fkey DEFERRABLE INITIALLY DEFERRED; INSERT INTO evidence VALUES (99998, 3, 't', 'b', 1); COMMIT

-- case: insert_protected_new_row | equal | agency application registers a new adult case
BEGIN
-- step
INSERT INTO cases (case_no, suspect_name, id_number, birth_date, offence_date, fine_cents, sentence_months, seal_flag) VALUES ('OPEN-NO-9001','OPEN-NAME-9001','OPEN-ID-9001','1980-01-01','2020-01-01',0,12,false)
-- step
ROLLBACK

-- case: insert_select_from_sealed | equal | rows go to an unprotected relation
INSERT INTO public_log (msg) SELECT suspect_name FROM cases RETURNING msg

-- case: insert_into_protected_returning | equal | RETURNING of an insert
INSERT INTO evidence VALUES (88801, 1, 't', 'b', 1) RETURNING *

-- case: insert_for_sealed_parent | probe | a foreign key that only a sealed row satisfies
BEGIN
-- step
INSERT INTO evidence VALUES (88802, 3, 't', 'b', 1)
-- step
ROLLBACK

-- case: insert_invisible_row | equal | a row that its own rule seals
BEGIN
-- step
INSERT INTO cases (case_no, suspect_name, id_number, birth_date, offence_date, sentence_months, fine_cents) VALUES ('n-88803', 'x', 'i-88803', '2005-01-01', '2020-01-01', 5, 0) RETURNING id
-- step
ROLLBACK

-- case: insert_default_values | equal | with every default
INSERT INTO public_log DEFAULT VALUES

-- case: insert_select_count | equal | a number of sealed rows into a table
INSERT INTO public_log (msg) SELECT count(*)::text FROM cases WHERE suspect_name LIKE 'SEALED%' RETURNING msg

-- case: update_from_protected | equal | an unprotected target, a protected source
UPDATE public_log SET msg = c.suspect_name FROM cases c WHERE c.id = 3

-- case: delete_using_protected | equal | likewise
DELETE FROM public_log USING cases c WHERE c.id = 3 AND c.suspect_name LIKE 'SEALED%'

-- case: update_protected_from_protected | equal | both
UPDATE evidence SET title = c.suspect_name FROM cases c WHERE c.id = evidence.case_id AND c.id = 3 RETURNING title

-- case: update_rowcount_evidence | equal | how many rows
UPDATE evidence SET weight = weight WHERE title LIKE 'SEALED%'

-- case: update_move_to_sealed | probe | a visible row moved under a sealed parent
BEGIN
-- step
UPDATE evidence SET case_id = 3 WHERE id = 11
-- step
ROLLBACK

-- case: update_error_on_sealed | equal | an error only a sealed row raises
UPDATE evidence SET weight = 1 / (weight - 770000003) WHERE weight > 1000

-- case: update_overflow_on_sealed | equal | an overflow only a sealed row raises
UPDATE evidence SET weight = weight * 10 WHERE weight > 1000

-- case: update_where_cast | equal | a failing cast in the condition
UPDATE evidence SET weight = weight WHERE title > 'SEALED' AND title::int > 0

-- case: delete_where_cast | equal | likewise in DELETE
DELETE FROM evidence WHERE title > 'SEALED' AND title::int > 0

-- case: delete_cascade | equal | deleting a parent takes what refers to it along
DELETE FROM judgments WHERE id = 5003 RETURNING doc_no

-- case: update_returning_whole_row | equal | a whole row of the target
UPDATE evidence e SET weight = weight WHERE id = 30 RETURNING e

-- case: update_ctid | system-column | a row by where it lies
UPDATE evidence SET weight = weight WHERE ctid = '(0,5)'

-- case: on_conflict_other | unvetted-trigger | ON CONFLICT of an unprotected relation, its value from sealed rows
INSERT INTO settings (k, v) SELECT 'theme', suspect_name FROM cases WHERE id = 3 ON CONFLICT (k) DO UPDATE SET v = excluded.v RETURNING v

-- case: on_conflict_where | equal | a subquery in its condition
INSERT INTO courts VALUES ('C1', 'x') ON CONFLICT (code) DO UPDATE SET name = 'y' WHERE EXISTS (SELECT 1 FROM cases WHERE suspect_name = 'SEALED-NAME-0003') RETURNING name

-- case: writable_cte_delete | equal | DELETE in a CTE
WITH d AS (DELETE FROM evidence WHERE case_id = 3 RETURNING *) SELECT count(*) FROM d

-- case: writable_cte_update_count | equal | UPDATE in a CTE, then a count
WITH u AS (UPDATE evidence SET weight = weight RETURNING 1) SELECT count(*) FROM u

-- case: writable_cte_unread | equal | a write in a CTE that nobody reads
WITH d AS (DELETE FROM hearings WHERE case_id = 3) SELECT 1

-- case: partition_move | equal | an update that moves a row to another partition
UPDATE hearings SET held_on = '2020-01-01' WHERE id = 3

-- case: partition_insert | probe | straight into a partition
BEGIN
-- step
INSERT INTO hearings_2018 VALUES (88804, 3, '2016-01-01', 'x')
-- step
ROLLBACK

-- case: inherited_update | equal | through the parent
UPDATE doc_base SET doc_text = 'x' WHERE doc_id = 3

-- case: inherited_delete_only | equal | ONLY the parent
DELETE FROM ONLY doc_base WHERE doc_id = 3

-- case: deferred_unique | unsupported-statement | SET CONSTRAINTS puts a check off to COMMIT
BEGIN
-- step
SET CONSTRAINTS ALL DEFERRED
-- step
COMMIT

-- case: insert_overriding | parsers-disagree | a key of one's own choice
INSERT INTO cases (id, case_no, suspect_name, id_number, birth_date, offence_date, fine_cents) OVERRIDING SYSTEM VALUE VALUES (6, 'n5', 'x', 'y5', '1980-01-01', '2020-01-01', 0)

-- case: lastval_after_insert | equal | the key that a conflict used up
SELECT lastval()

-- case: select_for_share | equal | a weaker lock
SELECT id FROM cases WHERE id = 3 FOR KEY SHARE SKIP LOCKED

-- case: persons_delete_probe | referenced-by-protected | does anything sealed refer to a visible row
DELETE FROM persons WHERE id = 22
