-- Turns a copy of D into D': sealed rows deleted wherever they or what was made of them are.
SET client_min_messages = warning;
SET search_path = agency, public;
SET session_replication_role = replica;   -- do not let cases_hist copy the deleted rows
CREATE TEMP TABLE sealed AS SELECT id FROM cases WHERE (seal_flag IS TRUE OR (offence_date < birth_date + interval '18 years' AND sentence_months <= 60));
DELETE FROM evidence     WHERE case_id IN (SELECT id FROM sealed);
DELETE FROM judgments    WHERE case_id IN (SELECT id FROM sealed);
DELETE FROM hearings     WHERE case_id IN (SELECT id FROM sealed);
DELETE FROM case_notes   WHERE case_id IN (SELECT id FROM sealed);
DELETE FROM doc_base     WHERE doc_id  IN (SELECT id FROM sealed);
DELETE FROM case_persons WHERE case_id IN (SELECT id FROM sealed) OR person_id IN (SELECT id FROM persons WHERE juvenile_sealed);
DELETE FROM cases        WHERE id IN (SELECT id FROM sealed);
DELETE FROM persons      WHERE juvenile_sealed;
SET session_replication_role = origin;
SELECT lo_unlink(424242);
REFRESH MATERIALIZED VIEW mv_case_summary;
REFRESH MATERIALIZED VIEW mv_court_totals;
DROP TABLE sealed;
ANALYZE;
