-- The reference world for units, platforms and administrators, on top of oracle.sql: nothing tells
-- that something is sealed. No file is labelled or says what it was split from, and papers that
-- would be masked are not there.
ALTER VIEW sealed.case_file RENAME TO case_file_inside;
CREATE VIEW sealed.case_file AS
SELECT case_id, case_no, case_kind, cause, org_code, incident_date, filed_on, closed_on,
       NULL::bigint AS parent_case_id, NULL::varchar(40) AS label
FROM sealed.case_file_inside;

ALTER VIEW sealed.document RENAME TO document_inside;
CREATE VIEW sealed.document AS
WITH sealed_in AS (
  SELECT v.case_id, p.name FROM sealed.cp_verdict v JOIN base.person p USING (person_id)
  WHERE v.sealed),
family AS (  -- each file with those it was split from or with, or that were split from it
  SELECT c.case_id, k.case_id AS relative
  FROM base.case_file c
  JOIN base.case_file k ON k.case_id <> c.case_id
   AND (k.case_id = c.parent_case_id OR k.parent_case_id = c.case_id
        OR k.parent_case_id = c.parent_case_id))
SELECT d.*
FROM base.document d
WHERE d.doc_id IN (SELECT i.doc_id FROM sealed.document_inside i)
  AND d.case_id NOT IN (SELECT s.case_id FROM sealed_in s)
  AND NOT EXISTS (SELECT 1 FROM family f JOIN sealed_in s ON s.case_id = f.relative
                  WHERE f.case_id = d.case_id
                    AND sealed.bare(concat(d.title, '|', d.content))
                        LIKE '%' || sealed.bare(s.name) || '%');
